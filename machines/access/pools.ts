/** `/pools`: pools of guests and storages (spec/api.md §10.2, spec/access.md §2). */
import { removeAclPath } from '../../runtime/formats/access/acl-tree.ts';
import { isPoolName, parentPool } from '../../runtime/formats/access/identity.ts';
import { copyUserConfig, createPool, type Pool, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import type { Identity } from './effective-roles.ts';
import { type FlagParameter, isTrue } from './parameters.ts';
import { modifyRefusal, privilegeRefusal } from './permission-check.ts';
import { badParameters, done, failed, type Result } from './refusal.ts';

export interface PoolListing {
  readonly poolid: string;
  readonly comment?: string;
}

/** The pools that the caller may see, sorted. */
export function listPools(config: UserConfig, caller: Identity): readonly PoolListing[] {
  return [...config.pools]
    .filter(([id]) => privilegeRefusal({ config, caller }, `/pool/${id}`, ['Pool.Audit']) === undefined)
    .sort(([a], [b]) => byBytes(a, b))
    .map(([poolid, { comment }]) => ({ poolid, ...(comment !== undefined && { comment }) }));
}

export function readPool(config: UserConfig, poolid: string): Result<Pool> {
  const pool = config.pools.get(poolid);
  return pool === undefined ? failed(noSuchPool(poolid)) : done(pool);
}

function noSuchPool(poolid: string): string {
  return `pool '${poolid}' does not exist`;
}

export interface PoolParameters {
  readonly poolid: string;
  readonly comment?: string;
}

export function createPoolEntry(before: UserConfig, { poolid, comment }: PoolParameters): Result<UserConfig> {
  const leaf = poolid.slice(poolid.lastIndexOf('/') + 1);
  if (!isPoolName(poolid) || !/^[A-Za-z]/.test(leaf)) {
    return badParameters({ poolid: `invalid format - pool name '${poolid}' contains invalid characters` });
  }
  if (before.pools.has(poolid)) return failed(`pool '${poolid}' already exists`);
  const parent = parentPool(poolid);
  if (parent !== undefined && !before.pools.has(parent)) {
    return failed(`parent '${parent}' of pool '${poolid}' does not exist`);
  }
  const config = copyUserConfig(before);
  config.pools.set(poolid, { ...createPool(), ...(comment && { comment }) });
  if (parent !== undefined) config.pools.get(parent)!.pools.add(poolid);
  return done(config);
}

export interface PoolUpdate extends PoolParameters {
  /** Lists. */
  readonly vms?: string;
  readonly storage?: string;
  /** Guests may come from another pool. */
  readonly 'allow-move'?: FlagParameter;
  /** The listed members go. */
  readonly delete?: FlagParameter;
}

/** The caller needs to be allowed to give away each guest and storage, besides the method's own permission. */
export function updatePool(before: UserConfig, caller: Identity, params: PoolUpdate): Result<UserConfig> {
  const config = copyUserConfig(before);
  const pool = config.pools.get(params.poolid);
  if (pool === undefined) return failed(noSuchPool(params.poolid));
  if (params.comment === '') delete pool.comment;
  else if (params.comment !== undefined) pool.comment = params.comment;
  const question = { config: before, caller };
  for (const vmid of splitList(params.vms ?? '')) {
    const refusal = modifyRefusal(question, `/vms/${vmid}`);
    if (refusal !== undefined) return { ok: false, refusal };
    const complaint = isTrue(params.delete)
      ? removeGuest(config, params.poolid, vmid)
      : addGuest(config, params.poolid, vmid, isTrue(params['allow-move']));
    if (complaint !== undefined) return failed(complaint);
  }
  for (const storage of splitList(params.storage ?? '')) {
    const refusal = modifyRefusal(question, `/storage/${storage}`);
    if (refusal !== undefined) return { ok: false, refusal };
    const complaint = isTrue(params.delete) ? removeStorage(pool, storage) : addStorage(pool, storage);
    if (complaint !== undefined) return failed(complaint);
  }
  return done(config);
}

function addGuest(config: UserConfig, poolid: string, vmid: string, mayMove: boolean): string | undefined {
  const other = config.vms.get(vmid);
  if (other === poolid) return `VM ${vmid} is already a pool member`;
  if (other !== undefined && !mayMove) {
    return `VM ${vmid} belongs already to pool '${other}' and 'allow-move' is not set`;
  }
  if (other !== undefined) config.pools.get(other)?.vms.delete(vmid);
  config.pools.get(poolid)!.vms.add(vmid);
  config.vms.set(vmid, poolid);
  return undefined;
}

function removeGuest(config: UserConfig, poolid: string, vmid: string): string | undefined {
  if (!config.pools.get(poolid)!.vms.delete(vmid)) return `VM ${vmid} is not a pool member`;
  config.vms.delete(vmid);
  return undefined;
}

function addStorage(pool: Pool, storage: string): string | undefined {
  if (pool.storage.has(storage)) return `Storage '${storage}' is already a pool member`;
  pool.storage.add(storage);
  return undefined;
}

function removeStorage(pool: Pool, storage: string): string | undefined {
  return pool.storage.delete(storage) ? undefined : `Storage '${storage}' is not a pool member`;
}

/** Only an empty pool, with the ACL entries on it. */
export function deletePool(before: UserConfig, poolid: string): Result<UserConfig> {
  const pool = before.pools.get(poolid);
  if (pool === undefined) return failed(noSuchPool(poolid));
  const content = firstContent(pool);
  if (content !== undefined) return failed(`pool '${poolid}' is not empty (contains ${content})`);
  const config = copyUserConfig(before);
  config.pools.delete(poolid);
  const parent = parentPool(poolid);
  if (parent !== undefined) config.pools.get(parent)?.pools.delete(poolid);
  removeAclPath(config.acl, `/pool/${poolid}`);
  return done(config);
}

function firstContent({ vms, storage, pools }: Pool): string | undefined {
  const first = (names: ReadonlySet<string>) => [...names].sort(byBytes)[0];
  if (vms.size > 0) return `VM ${first(vms)}`;
  if (storage.size > 0) return `storage '${first(storage)}'`;
  return pools.size > 0 ? `pool '${first(pools)}'` : undefined;
}

/** When a guest is created in a pool. */
export function joinPool(before: UserConfig, poolid: string, vmid: number): Result<UserConfig> {
  if (!before.pools.has(poolid)) return failed(noSuchPool(poolid));
  const config = copyUserConfig(before);
  const complaint = addGuest(config, poolid, String(vmid), true);
  return complaint === undefined ? done(config) : failed(complaint);
}

/** When a guest is removed: its ACL entries and its pool membership go, too (spec/access.md §10). */
export function forgetGuest(before: UserConfig, vmid: number): UserConfig {
  const config = copyUserConfig(before);
  const id = String(vmid);
  config.pools.get(config.vms.get(id) ?? '')?.vms.delete(id);
  config.vms.delete(id);
  removeAclPath(config.acl, `/vms/${id}`);
  return config;
}

/** The same for a storage. */
export function forgetStorage(before: UserConfig, storage: string): UserConfig {
  const config = copyUserConfig(before);
  for (const pool of config.pools.values()) pool.storage.delete(storage);
  removeAclPath(config.acl, `/storage/${storage}`);
  return config;
}
