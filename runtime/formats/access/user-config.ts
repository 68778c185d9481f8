/**
 * `user.cfg` in memory: users with their tokens, groups, pools, roles and access control lists (spec/access.md §2).
 * Texts are Unicode. Keys are Maps, since a group may be called `constructor`. Built-in roles are not held here:
 * `rolePrivileges` knows them.
 */
import { type AclNode, copyAcl, createAclNode, type Flag } from './acl-tree.ts';
import { superuser } from './identity.ts';
import { builtinRoles } from './privileges.ts';

export interface Token {
  /** Seconds since 1970; 0 = never. */
  expire: number;
  /** 1: has the privileges of its own entries, as far as its owner has them. 0: all of its owner's. */
  privsep: Flag;
  comment?: string;
}

export interface User {
  /** Absent only in what a realm sync has made of a record without it. */
  enable?: Flag;
  /** Seconds since 1970; 0 = never. Absent for the superuser that no line mentions. */
  expire?: number;
  firstname?: string;
  lastname?: string;
  email?: string;
  comment?: string;
  /** `x`: second factors are in tfa.cfg. Anything else is a legacy secret. */
  keys?: string;
  /** The login name that a directory gave; never written. */
  username?: string;
  /** Groups whose member the user is, as the user's side knows it. */
  groups: Set<string>;
  tokens: Map<string, Token>;
}

export interface Group {
  comment?: string;
  /** User ids; may hold users that don't exist. */
  users: Set<string>;
}

export interface Pool {
  comment?: string;
  /** VMIDs as written. */
  vms: Set<string>;
  storage: Set<string>;
  /** Full names of the pools directly inside. */
  pools: Set<string>;
}

export interface UserConfig {
  readonly users: Map<string, User>;
  readonly groups: Map<string, Group>;
  readonly pools: Map<string, Pool>;
  /** Custom roles and their privileges. */
  readonly roles: Map<string, Set<string>>;
  readonly acl: AclNode;
  /** VMID → its pool. */
  readonly vms: Map<string, string>;
}

export function createUserConfig(): UserConfig {
  return {
    users: new Map(),
    groups: new Map(),
    pools: new Map(),
    roles: new Map(),
    acl: createAclNode(),
    vms: new Map(),
  };
}

export function createPool(): Pool {
  return { vms: new Set(), storage: new Set(), pools: new Set() };
}

/** The privileges of a built-in or custom role, or undefined where there is no such role. */
export function rolePrivileges(config: UserConfig, roleid: string): ReadonlySet<string> | undefined {
  return builtinRoles.get(roleid) ?? config.roles.get(roleid);
}

/** The superuser exists and is enabled, whatever the file says or leaves out. */
export function ensureSuperuser(config: UserConfig): void {
  if (!config.users.has(superuser)) config.users.set(superuser, { enable: 1, groups: new Set(), tokens: new Map() });
}

/** A copy that shares nothing with the original. */
export function copyUserConfig(config: UserConfig): UserConfig {
  return {
    users: new Map([...config.users].map(([id, user]) => [id, copyUser(user)])),
    groups: new Map([...config.groups].map(([id, group]) => [id, { ...group, users: new Set(group.users) }])),
    pools: new Map(
      [...config.pools].map(([id, pool]) => [
        id,
        { ...pool, vms: new Set(pool.vms), storage: new Set(pool.storage), pools: new Set(pool.pools) },
      ]),
    ),
    roles: new Map([...config.roles].map(([id, privileges]) => [id, new Set(privileges)])),
    acl: copyAcl(config.acl),
    vms: new Map(config.vms),
  };
}

export function copyUser(user: User): User {
  return {
    ...user,
    groups: new Set(user.groups),
    tokens: new Map([...user.tokens].map(([name, token]) => [name, { ...token }])),
  };
}
