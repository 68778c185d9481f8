/**
 * `ipc-requests.json`: the bytes decode to the request that the name says, and that request encodes to the bytes
 * (spec/pmxcfs.md §6.9).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeRequest,
  encodeRequest,
  type IpcRequest,
  type IpcRequestKind,
} from '../../../machines/pmxcfs/ipc/requests.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';

interface Vector {
  readonly name: string;
  readonly id: number;
  readonly hex: string;
}

/** Names by their pattern; groups are the fields that a name tells. Behind the first words, other names may follow. */
const PATTERNS: readonly (readonly [kind: IpcRequestKind, pattern: RegExp])[] = [
  ['get-fs-version', /^get fs version/],
  ['get-cluster-info', /^get cluster info/],
  ['get-guest-list', /^get guest list/],
  ['get-rrd-dump', /^get rrd dump/],
  ['set-status', /^set status(?: (?<key>\S+?)=(?<value>.*)$)?/],
  ['get-status', /^get status(?: (?<key>\S+) of (?<node>\S+)$)?/],
  ['get-config', /^get config(?: (?<path>\S+)$)?/],
  ['log-cluster-message', /^log message/],
  ['get-cluster-log', /^get cluster log(?: max (?<max>\d+) (?:any user|user (?<user>\S+))$)?/],
  ['get-guest-properties', /^guest properties(?: (?<properties>\S+) (?:of (?<vmid>\d+)|all guests)$)?/],
  ['get-guest-property', /^guest property(?: (?<property>\S+) (?:of (?<vmid>\d+)|all guests)$)?/],
  ['verify-token', /^verify token/],
];

const NUMBERS: ReadonlySet<string> = new Set(['max', 'vmid']);

/** The request that a name says; fields that it leaves open are absent. */
function requestNamed(name: string): Partial<IpcRequest> | undefined {
  for (const [kind, pattern] of PATTERNS) {
    const found = pattern.exec(name);
    if (found === null) continue;
    const told = Object.entries(found.groups ?? {}).filter(([, text]) => text !== undefined);
    return { kind, ...Object.fromEntries(told.map(([field, text]) => [field, fieldValue(field, text)])) } as never;
  }
  return undefined;
}

function fieldValue(field: string, text: string): unknown {
  if (NUMBERS.has(field)) return Number(text);
  if (field === 'properties') return text.split(',');
  return field === 'value' ? Buffer.from(`${text}\0`, 'latin1') : text;
}

function differenceIn({ name, id, hex }: Vector): string | undefined {
  const bytes = Buffer.from(hex, 'hex');
  const request = decodeRequest(bytes);
  if (request === undefined) return `the bytes of request ${id} do not decode`;
  if (bytes.readInt32LE(0) !== id) return `the bytes have id ${bytes.readInt32LE(0)}, not ${id}`;
  const expected = requestNamed(name);
  if (expected === undefined) return `no rule says which request '${name}' is`;
  const encoded = encodeRequest({ ...request, ...expected } as IpcRequest).toString('hex');
  return differenceOf({ ...request, ...expected }, request) ?? differenceOf(encoded, hex);
}

export async function run(directory: string): Promise<readonly CorpusCase[]> {
  const file = 'ipc-requests.json';
  try {
    const { vectors } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as { vectors: readonly Vector[] };
    return vectors.map((vector, at) =>
      judged(
        `${file} ${at + 1} ${vector.name}`,
        attempt(() => differenceIn(vector)),
      ),
    );
  } catch (error) {
    return [judged(file, `cannot be read: ${(error as Error).message}`)];
  }
}

function attempt(difference: () => string | undefined): string | undefined {
  try {
    return difference();
  } catch (error) {
    return `malformed case: ${(error as Error).message}`;
  }
}
