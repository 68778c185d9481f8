import { privilegeRefusal } from '../../../machines/access/permission-check.ts';
import {
  createPoolEntry,
  deletePool,
  listPools,
  type PoolParameters,
  type PoolUpdate,
  readPool,
  updatePool,
} from '../../../machines/access/pools.ts';
import { changeCoded, userFile } from '../access-files.ts';
import { guestEntries, storageEntries } from '../cluster-resources.ts';
import { failureOf, granted } from '../failure.ts';
import { changesOf, identityOf, method, requiredText, textOf } from '../method.ts';
import type { Call } from '../world.ts';

async function poolDetails(call: Call, poolid: string) {
  const { world } = call;
  const config = await world.userConfig();
  const refusal = privilegeRefusal({ config, caller: identityOf(call) }, `/pool/${poolid}`, ['Pool.Audit']);
  if (refusal !== undefined) throw failureOf(refusal);
  const { comment, vms, storage } = granted(readPool(config, poolid));
  const type = textOf(call, 'type');
  const guests = (await guestEntries(world)).filter(
    ({ vmid, type: kind }) => vms.has(String(vmid)) && (type ?? kind) === kind,
  );
  const storages =
    type === undefined || type === 'storage'
      ? (await storageEntries(world)).filter((one) => storage.has(one.storage))
      : [];
  return { ...(comment !== undefined && { comment }), members: [...guests, ...storages] };
}

async function listOrOne(call: Call) {
  const poolid = textOf(call, 'poolid');
  if (poolid === undefined) return listPools(await call.world.userConfig(), identityOf(call));
  return [{ poolid, ...(await poolDetails(call, poolid)) }];
}

async function create(call: Call): Promise<null> {
  const params = call.params as unknown as PoolParameters;
  await changeCoded(changesOf(call), userFile, (before) => createPoolEntry(before, params));
  return null;
}

async function update(call: Call): Promise<null> {
  const params = call.params as unknown as PoolUpdate;
  await changeCoded(changesOf(call), userFile, (before) => updatePool(before, identityOf(call), params));
  return null;
}

async function remove(call: Call): Promise<null> {
  await changeCoded(changesOf(call), userFile, (before) => deletePool(before, requiredText(call, 'poolid')));
  return null;
}

export const methods = [
  method('GET', '/pools', listOrOne),
  method('POST', '/pools', create),
  method('PUT', '/pools', update),
  method('DELETE', '/pools', remove),
  method('GET', '/pools/{poolid}', (call) => poolDetails(call, requiredText(call, 'poolid'))),
  method('PUT', '/pools/{poolid}', update),
  method('DELETE', '/pools/{poolid}', remove),
];
