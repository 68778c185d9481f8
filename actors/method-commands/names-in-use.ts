/** Names that completion offers: the ids of a collection, by the format of the parameter that wants one. */
import { superuser } from '../../runtime/formats/access/identity.ts';
import { run } from '../api/dispatch.ts';
import { handlerOf } from '../api/handlers.ts';
import { methodFacts } from '../api/inventory/registry.ts';
import type { ApiWorld } from '../api/world.ts';

const collections: Readonly<Record<string, readonly [path: string, key: string]>> = {
  'pve-groupid': ['/access/groups', 'groupid'],
  'pve-node': ['/nodes', 'node'],
  'pve-poolid': ['/pools', 'poolid'],
  'pve-realm': ['/access/domains', 'realm'],
  'pve-roleid': ['/access/roles', 'roleid'],
  'pve-storage-id': ['/storage', 'storage'],
  'pve-userid': ['/access/users', 'userid'],
};

/** Empty where nothing is known, or the node doesn't answer: a shell shows no errors. */
export async function namesInUse(world: ApiWorld, format: string): Promise<readonly string[]> {
  const [path, key] = collections[format] ?? [];
  if (path === undefined || key === undefined) return [];
  const method = await handlerOf('GET', path);
  if (method === undefined) return [];
  const facts = methodFacts('GET', path)!;
  const answer = await run({ kind: 'run', facts, params: {}, method }, { identity: superuser, isToken: false }, world);
  if (!answer.ok || !Array.isArray(answer.data)) return [];
  return (answer.data as readonly Readonly<Record<string, unknown>>[]).map((one) => String(one[key]));
}
