/** `/access/roles` (spec/access.md §3, §4, §10). */
import { type Flag, removeAclRole } from '../../runtime/formats/access/acl-tree.ts';
import { builtinRoles, privileges } from '../../runtime/formats/access/privileges.ts';
import { copyUserConfig, rolePrivileges, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { type FlagParameter, isTrue } from './parameters.ts';
import { badParameters, done, failed, type Result } from './refusal.ts';

export interface RoleListing {
  readonly roleid: string;
  /** Comma-separated, sorted. */
  readonly privs: string;
  /** 1: built in. */
  readonly special: Flag;
}

/** All roles, sorted. */
export function listRoles(config: UserConfig): readonly RoleListing[] {
  return [...new Map([...config.roles, ...builtinRoles])]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([roleid, privs]) => ({
      roleid,
      privs: [...privs].sort(byBytes).join(','),
      special: builtinRoles.has(roleid) ? 1 : 0,
    }));
}

export function readRole(config: UserConfig, roleid: string): Result<Readonly<Record<string, 1>>> {
  const privs = rolePrivileges(config, roleid);
  if (privs === undefined) return failed(noSuchRole(roleid));
  return done(Object.fromEntries([...privs].sort(byBytes).map((privilege) => [privilege, 1 as const])));
}

export function noSuchRole(roleid: string): string {
  return `role '${roleid}' does not exist`;
}

export interface RoleParameters {
  readonly roleid: string;
  /** List of privileges. */
  readonly privs?: string;
}

export function createRole(before: UserConfig, { roleid, privs }: RoleParameters): Result<UserConfig> {
  if (/^pve/i.test(roleid)) {
    return badParameters({ roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace" });
  }
  if (rolePrivileges(before, roleid) !== undefined) return failed(`role '${roleid}' already exists`);
  return withPrivileges(before, roleid, [], privs);
}

function withPrivileges(
  before: UserConfig,
  roleid: string,
  kept: Iterable<string>,
  privs: string | undefined,
): Result<UserConfig> {
  const wanted = splitList(privs ?? '');
  const invalid = wanted.find((privilege) => !privileges.has(privilege));
  if (invalid !== undefined) return failed(`invalid privilege '${invalid}'`);
  const config = copyUserConfig(before);
  config.roles.set(roleid, new Set([...kept, ...wanted]));
  return done(config);
}

export interface RoleUpdate extends RoleParameters {
  /** Privileges are added to those that the role has. */
  readonly append?: FlagParameter;
}

export function updateRole(before: UserConfig, { roleid, privs, append }: RoleUpdate): Result<UserConfig> {
  if (builtinRoles.has(roleid)) return failed(`auto-generated role '${roleid}' cannot be modified`);
  const role = before.roles.get(roleid);
  if (role === undefined) return failed(noSuchRole(roleid));
  return withPrivileges(before, roleid, isTrue(append) || privs === undefined ? role : [], privs);
}

/** With the ACL entries that give it: the next reading would drop them. */
export function deleteRole(before: UserConfig, roleid: string): Result<UserConfig> {
  if (builtinRoles.has(roleid)) return failed(`auto-generated role '${roleid}' cannot be deleted`);
  if (!before.roles.has(roleid)) return failed(noSuchRole(roleid));
  const config = copyUserConfig(before);
  config.roles.delete(roleid);
  removeAclRole(config.acl, roleid);
  return done(config);
}
