/**
 * Which roles and privileges an identity has on a path (spec/access.md §6).
 *
 *  I1 A deeper node's entries replace those of shallower ones, they never extend them.
 *  I2 On one node, entries for a token hide those for a user, and these hide those for groups.
 *  I3 Where `NoAccess` applies nothing else does.
 *  I4 A token never has a privilege that its owner lacks.
 */
import { aclPathSegments } from '../../runtime/formats/access/acl-path.ts';
import type { AclNode, Flag, RoleFlags } from '../../runtime/formats/access/acl-tree.ts';
import { splitTokenId, superuser } from '../../runtime/formats/access/identity.ts';
import { administrator, noAccess, privileges } from '../../runtime/formats/access/privileges.ts';
import { rolePrivileges, type UserConfig } from '../../runtime/formats/access/user-config.ts';

/** Privilege → whether it reaches below the path. */
export type PrivilegeFlags = ReadonlyMap<string, Flag>;

/** Who asks: a user id, or the full id of a token. */
export type Identity = string;

/**
 * The roles on exactly this path, without those of pools; each with its propagate flag.
 * @param path normalised
 */
export function rolesOn(config: UserConfig, identity: Identity, path: string): ReadonlyMap<string, Flag> {
  if (identity === superuser) return new Map([[administrator, 1]]);
  const token = splitTokenId(identity);
  if (token !== undefined && tokenOf(config, token)?.privsep === 0) return rolesOn(config, token.userid, path);
  const entries = token === undefined ? entriesOfUser(config, identity) : entriesOfToken(identity);
  let roles: ReadonlyMap<string, Flag> = new Map();
  for (const { node, isFinal } of nodesTowards(config.acl, path)) {
    for (const candidates of entries(node)) {
      const counted = countedRoles(candidates, isFinal);
      if (counted.size === 0) continue;
      roles = counted;
      break;
    }
  }
  return reduced(roles);
}

function tokenOf(config: UserConfig, { userid, tokenName }: { userid: string; tokenName: string }) {
  return config.users.get(userid)?.tokens.get(tokenName);
}

type EntriesOf = (node: AclNode) => readonly (readonly RoleFlags[])[];

/** The user's own entries, then those of all groups. */
function entriesOfUser(config: UserConfig, userid: string): EntriesOf {
  return (node) => [
    [node.users.get(userid) ?? new Map()],
    [...node.groups].filter(([id]) => config.groups.get(id)?.users.has(userid)).map(([, roles]) => roles),
  ];
}

function entriesOfToken(id: string): EntriesOf {
  return (node) => [[node.tokens.get(id) ?? new Map()]];
}

/** The nodes that exist from the root to the path. */
function nodesTowards(root: AclNode, path: string): readonly { readonly node: AclNode; readonly isFinal: boolean }[] {
  const names = aclPathSegments(path);
  const found = [{ node: root, isFinal: names.length === 0 }];
  let node: AclNode | undefined = root;
  for (const [index, name] of names.entries()) {
    node = node.children.get(name);
    if (node === undefined) break;
    found.push({ node, isFinal: index === names.length - 1 });
  }
  return found;
}

function countedRoles(candidates: readonly RoleFlags[], isFinal: boolean): Map<string, Flag> {
  const counted = new Map<string, Flag>();
  for (const [role, propagate] of candidates.flatMap((roles) => [...roles])) {
    if (propagate || isFinal) counted.set(role, propagate || counted.get(role) ? 1 : 0);
  }
  return counted;
}

function reduced(roles: ReadonlyMap<string, Flag>): ReadonlyMap<string, Flag> {
  const flag = roles.get(noAccess);
  return flag === undefined ? roles : new Map([[noAccess, flag]]);
}

/** The roles on the path, with those that its pools bring. @param path normalised */
export function rolesWithPools(config: UserConfig, identity: Identity, path: string): ReadonlyMap<string, Flag> {
  const direct = rolesOn(config, identity, path);
  if (direct.has(noAccess)) return direct;
  const roles = new Map(direct);
  for (const pool of poolsOf(config, path)) {
    for (const role of rolesOn(config, identity, `/pool/${pool}`).keys()) roles.set(role, roles.get(role) ?? 0);
  }
  return roles.has(noAccess) ? new Map([[noAccess, 0]]) : roles;
}

function poolsOf(config: UserConfig, path: string): readonly string[] {
  const [kind, id, ...more] = aclPathSegments(path);
  if (id === undefined || more.length > 0) return [];
  if (kind === 'vms') return config.vms.has(id) ? [config.vms.get(id)!] : [];
  if (kind !== 'storage') return [];
  return [...config.pools].filter(([, pool]) => pool.storage.has(id)).map(([poolid]) => poolid);
}

const everything: PrivilegeFlags = new Map([...privileges].map((privilege) => [privilege, 1]));

/** The privileges on the path, with pools and the limits of tokens. @param path normalised */
export function privilegesOn(config: UserConfig, identity: Identity, path: string): PrivilegeFlags {
  if (identity === superuser) return everything;
  const names = splitTokenId(identity);
  if (names === undefined) return unionOf(config, rolesWithPools(config, identity, path));
  const token = tokenOf(config, names);
  if (token === undefined) return new Map();
  const ofOwner = privilegesOn(config, names.userid, path);
  if (token.privsep === 0) return ofOwner;
  return intersection(unionOf(config, rolesWithPools(config, identity, path)), ofOwner);
}

function unionOf(config: UserConfig, roles: ReadonlyMap<string, Flag>): PrivilegeFlags {
  const union = new Map<string, Flag>();
  for (const [role, propagate] of roles) {
    for (const privilege of rolePrivileges(config, role) ?? []) {
      union.set(privilege, propagate || union.get(privilege) ? 1 : 0);
    }
  }
  return union;
}

function intersection(one: PrivilegeFlags, other: PrivilegeFlags): PrivilegeFlags {
  const both = [...one].filter(([privilege]) => other.has(privilege));
  return new Map(both.map(([privilege, flag]) => [privilege, flag && other.get(privilege) ? 1 : 0]));
}
