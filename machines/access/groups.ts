/** `/access/groups` (spec/access.md §10). */
import { removeAclMembers, removeAclPath } from '../../runtime/formats/access/acl-tree.ts';
import { copyUserConfig, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import type { Identity } from './effective-roles.ts';
import { privilegeRefusal } from './permission-check.ts';
import { done, failed, type Result } from './refusal.ts';

export interface GroupListing {
  readonly groupid: string;
  readonly comment?: string;
  /** Comma-separated. */
  readonly users: string;
}

/** The groups that the caller may see, sorted. */
export function listGroups(config: UserConfig, caller: Identity): readonly GroupListing[] {
  const wanted = ['User.Modify', 'Sys.Audit', 'Group.Allocate'];
  return [...config.groups]
    .filter(([id]) => privilegeRefusal({ config, caller }, `/access/groups/${id}`, wanted, 'any') === undefined)
    .sort(([a], [b]) => byBytes(a, b))
    .map(([groupid, { comment, users }]) => ({
      groupid,
      ...(comment !== undefined && { comment }),
      users: [...users].sort(byBytes).join(','),
    }));
}

export interface GroupDetails {
  readonly comment?: string;
  readonly members: readonly string[];
}

export function readGroup(config: UserConfig, groupid: string): Result<GroupDetails> {
  const group = config.groups.get(groupid);
  if (group === undefined) return failed(noSuchGroup(groupid));
  const { comment, users } = group;
  return done({ ...(comment !== undefined && { comment }), members: [...users].sort(byBytes) });
}

function noSuchGroup(groupid: string): string {
  return `group '${groupid}' does not exist`;
}

export interface GroupParameters {
  readonly groupid: string;
  readonly comment?: string;
}

export function createGroup(before: UserConfig, { groupid, comment }: GroupParameters): Result<UserConfig> {
  if (before.groups.has(groupid)) return failed(`group '${groupid}' already exists`);
  const config = copyUserConfig(before);
  config.groups.set(groupid, { users: new Set(), ...(comment && { comment }) });
  return done(config);
}

export function updateGroup(before: UserConfig, { groupid, comment }: GroupParameters): Result<UserConfig> {
  const config = copyUserConfig(before);
  const group = config.groups.get(groupid);
  if (group === undefined) return failed(noSuchGroup(groupid));
  if (comment === '') delete group.comment;
  else if (comment !== undefined) group.comment = comment;
  return done(config);
}

/** With its memberships, what it may do, and the entries on it. */
export function deleteGroup(before: UserConfig, groupid: string): Result<UserConfig> {
  if (!before.groups.has(groupid)) return failed(noSuchGroup(groupid));
  const config = copyUserConfig(before);
  config.groups.delete(groupid);
  for (const user of config.users.values()) user.groups.delete(groupid);
  removeAclMembers(config.acl, 'groups', (id) => id === groupid);
  removeAclPath(config.acl, `/access/groups/${groupid}`);
  return done(config);
}
