import { Buffer } from 'node:buffer';
import { privilegeRefusal } from '../../../../machines/access/permission-check.ts';
import { editDatacenterConfig } from '../../../../runtime/formats/datacenter-config.ts';
import { splitList } from '../../../../runtime/formats/list-text.ts';
import { datacenterLines } from '../../datacenter.ts';
import { ApiFailure, parameterFailure } from '../../failure.ts';
import { changesOf, identityOf, method, textOf } from '../../method.ts';
import type { Call } from '../../world.ts';

const FILE = 'datacenter.cfg';
/** Options that everybody needs to show a page. */
const OPEN_OPTIONS = new Set(['console', 'tag-style']);

async function readOptions(call: Call) {
  const { world } = call;
  const text = (await world.cluster.read(FILE))?.toString('utf8') ?? '';
  const question = { config: await world.userConfig(), caller: identityOf(call) };
  const seesAll = privilegeRefusal(question, '/', ['Sys.Audit']) === undefined;
  const lines = [...datacenterLines(text)].filter(([key]) => seesAll || OPEN_OPTIONS.has(key));
  const registered = splitList(datacenterLines(text).get('registered-tags') ?? '');
  const values = lines.map(([key, value]) => [key, key === 'max_workers' ? Number(value) : value] as const);
  return { ...Object.fromEntries(values), 'allowed-tags': [...new Set(registered)].sort() };
}

async function writeOptions(call: Call): Promise<null> {
  const changes = changesOf(call);
  const deleted = splitList(textOf(call, 'delete') ?? '');
  const given = Object.entries(call.params).filter(([key]) => key !== 'delete');
  for (const key of deleted) {
    if (key in call.params)
      throw parameterFailure({ delete: `you can't use '-${key}' and '-delete ${key}' at the same time` });
  }
  await changes.withLock('file-datacenter_cfg', async () => {
    const before = (await changes.read(FILE))?.toString('latin1') ?? '';
    const edits = new Map<string, string | null>([
      ...given.map(([key, value]) => [key, Buffer.from(String(value)).toString('latin1')] as const),
      ...deleted.map((key) => [key, null] as const),
    ]);
    const text = editDatacenterConfig(before, edits);
    if (typeof text !== 'string') throw new ApiFailure('unable to write datacenter.cfg');
    await changes.replace(FILE, Buffer.from(text, 'latin1'));
  });
  return null;
}

export const methods = [
  method('GET', '/cluster/options', readOptions),
  method('PUT', '/cluster/options', writeOptions),
];
