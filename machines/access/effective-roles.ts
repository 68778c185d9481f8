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
  const countedOn = token === undefined ? countedOfUser(config, identity) : countedOfToken(identity);
  let roles: ReadonlyMap<string, Flag> = new Map();
  for (const { node, isFinal } of nodesTowards(config.acl, path)) {
    const counted = countedOn(node, isFinal);
    if (counted.size > 0) roles = counted;
  }
  return reduced(roles);
}

function tokenOf(config: UserConfig, { userid, tokenName }: { userid: string; tokenName: string }) {
  return config.users.get(userid)?.tokens.get(tokenName);
}

/** The roles that count on one node, of the most specific kind of entries that has any. */
type CountedOn = (node: AclNode, isFinal: boolean) => ReadonlyMap<string, Flag>;

function countedOfUser(config: UserConfig, userid: string): CountedOn {
  return (node, isFinal) => {
    const own = new Map<string, Flag>();
    countInto(own, node.users.get(userid), isFinal);
    if (own.size > 0) return own;
    const ofGroups = new Map<string, Flag>();
    for (const [groupid, roles] of node.groups) {
      if (config.groups.get(groupid)?.users.has(userid)) countInto(ofGroups, roles, isFinal);
    }
    return ofGroups;
  };
}

function countedOfToken(id: string): CountedOn {
  return (node, isFinal) => {
    const own = new Map<string, Flag>();
    countInto(own, node.tokens.get(id), isFinal);
    return own;
  };
}

/** An entry counts if it propagates, or on the last node. */
function countInto(counted: Map<string, Flag>, roles: RoleFlags | undefined, isFinal: boolean): void {
  for (const [role, propagate] of roles ?? []) {
    if (propagate || isFinal) counted.set(role, propagate || counted.get(role) ? 1 : 0);
  }
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

function reduced(roles: ReadonlyMap<string, Flag>): ReadonlyMap<string, Flag> {
  const flag = roles.get(noAccess);
  return flag === undefined ? roles : new Map([[noAccess, flag]]);
}

/** The roles on the path, with those that its pools bring. @param path normalised */
export function rolesWithPools(config: UserConfig, identity: Identity, path: string): ReadonlyMap<string, Flag> {
  const roles = new Map(rolesOn(config, identity, path));
  for (const pool of poolsOf(config, path)) {
    for (const role of rolesOn(config, identity, `/pool/${pool}`).keys()) roles.set(role, roles.get(role) ?? 0);
  }
  return reduced(roles);
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

/** Whether the identity has a privilege on the path: what `privilegesOn` says, for less. @param path normalised */
export function privilegeTest(config: UserConfig, identity: Identity, path: string): (privilege: string) => boolean {
  if (identity === superuser) return (privilege) => everything.has(privilege);
  if (splitTokenId(identity) !== undefined) {
    const held = privilegesOn(config, identity, path);
    return (privilege) => held.has(privilege);
  }
  const roles = [...rolesWithPools(config, identity, path).keys()];
  return (privilege) => roles.some((role) => rolePrivileges(config, role)?.has(privilege));
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
