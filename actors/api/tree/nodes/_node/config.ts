import { Buffer } from 'node:buffer';
import { decodeText, encodeText } from '../../../../../runtime/formats/encoded-text.ts';
import { splitList } from '../../../../../runtime/formats/list-text.ts';
import { sha1Hex } from '../../../../../runtime/node/fingerprint.ts';
import { datacenterLines } from '../../../datacenter.ts';
import { ApiFailure } from '../../../failure.ts';
import { changesOf, method, textOf } from '../../../method.ts';
import type { Call } from '../../../world.ts';

const NUMBERS: ReadonlySet<string> = new Set(['ballooning-target', 'startall-onboot-delay']);
const NOT_OPTIONS: ReadonlySet<string> = new Set(['node', 'delete', 'digest']);

function path({ world }: Call): string {
  return `nodes/${world.nodeName}/config`;
}

/** Lines with a leading `#` are the description. */
function parsed(text: string): Record<string, unknown> {
  const comments = text.split('\n').filter((line) => line.startsWith('#'));
  const description = comments.map((line) => decodeText(line.slice(1))).join('\n');
  const values = [...datacenterLines(text)].map(
    ([key, value]) => [key, NUMBERS.has(key) ? Number(value) : value] as const,
  );
  return { ...Object.fromEntries(values), ...(comments.length > 0 && { description: `${description}\n` }) };
}

async function read(call: Call) {
  const file = (await call.world.cluster.read(path(call))) ?? Buffer.alloc(0);
  const values: Record<string, unknown> = { ...parsed(file.toString('utf8')), digest: sha1Hex(file) };
  const property = textOf(call, 'property');
  return property === undefined ? values : { [property]: values[property], digest: values.digest };
}

async function write(call: Call): Promise<null> {
  const changes = changesOf(call);
  await changes.withLock(`file-${path(call).replace(/[./]/g, '_')}`, async () => {
    const before = (await changes.read(path(call))) ?? Buffer.alloc(0);
    const digest = textOf(call, 'digest');
    if (digest !== undefined && digest !== sha1Hex(before)) {
      throw new ApiFailure('detected modified configuration - file changed by other user? Try again.');
    }
    const values = new Map(Object.entries(parsed(before.toString('utf8'))));
    for (const key of splitList(textOf(call, 'delete') ?? '')) values.delete(key);
    for (const [key, value] of Object.entries(call.params)) if (!NOT_OPTIONS.has(key)) values.set(key, value);
    await changes.replace(path(call), Buffer.from(writtenText(values)));
  });
  return null;
}

function writtenText(values: ReadonlyMap<string, unknown>): string {
  const { description, ...others } = Object.fromEntries(values);
  const comment = description === undefined ? [] : String(description).trimEnd().split('\n');
  const escaped = comment.map((line) => `#${encodeText(line)}`);
  const lines = Object.keys(others)
    .sort()
    .map((key) => `${key}: ${others[key]}`);
  return [...escaped, ...lines, ''].join('\n');
}

export const methods = [method('GET', '/nodes/{node}/config', read), method('PUT', '/nodes/{node}/config', write)];
