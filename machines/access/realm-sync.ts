/**
 * Brings users and groups of a realm to what its directory says (spec/access.md §8.3): first the users, then the groups.
 *
 *  I1 Users of other realms, and groups that don't end in the realm's name, stay as they are.
 *  I2 A known user keeps its tokens, and its enable flag unless the directory gives one to a record that isn't replaced.
 *  I3 Doing it twice changes nothing more.
 */
import { removeAclMembers } from '../../runtime/formats/access/acl-tree.ts';
import { splitTokenId } from '../../runtime/formats/access/identity.ts';
import type { Realm } from '../../runtime/formats/access/realm-config.ts';
import { copyUserConfig, type Group, type User, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import { type DirectoryAnswer, type DirectoryRecords, directoryRecords, type UserRecord } from './directory-records.ts';
import { recomputeMemberships } from './memberships.ts';
import type { SyncOptions } from './sync-options.ts';

export interface SyncResult {
  readonly config: UserConfig;
  /** Lines of the task's log. Those about what was left out begin with `WARN: `. */
  readonly log: readonly string[];
}

interface Sync {
  readonly config: UserConfig;
  readonly records: DirectoryRecords;
  readonly options: SyncOptions;
  readonly log: string[];
}

export function syncRealm(
  before: UserConfig,
  realmName: string,
  realm: Realm,
  { answer, options }: { readonly answer: DirectoryAnswer; readonly options: SyncOptions },
): SyncResult {
  const records = directoryRecords(realmName, realm, answer);
  const warnings = records.warnings.map((warning) => `WARN: ${warning}`);
  const sync: Sync = {
    config: copyUserConfig(before),
    records,
    options,
    log: [`starting sync for realm ${realmName}`, ...warnings],
  };
  if (options.scope !== 'groups') syncUsers(sync, realmName);
  if (options.scope !== 'users') syncGroups(sync, realmName);
  recomputeMemberships(sync.config);
  sync.log.push('successfully updated users and groups configuration');
  return { config: sync.config, log: sync.log };
}

function syncUsers({ config, records, options, log }: Sync, realmName: string): void {
  log.push('syncing users');
  const isGone = (userid: string) => userid.endsWith(`@${realmName}`) && !records.users.has(userid);
  if (options.removeVanished.has('entry')) {
    for (const userid of [...config.users.keys()].filter(isGone)) {
      log.push(`remove user '${userid}'`);
      config.users.delete(userid);
      for (const group of config.groups.values()) group.users.delete(userid);
    }
  }
  if (options.removeVanished.has('acl')) {
    log.push('removing ACL entries of vanished users');
    removeAclMembers(config.acl, 'users', isGone);
    removeAclMembers(config.acl, 'tokens', (id) => isGone(splitTokenId(id)?.userid ?? ''));
  }
  for (const [userid, record] of records.users) {
    const known = config.users.get(userid);
    log.push(known === undefined ? `adding user '${userid}'` : `updating user '${userid}'`);
    config.users.set(userid, known === undefined ? newUser(record, options) : updatedUser(known, record, options));
  }
}

function newUser(record: UserRecord, { enableNew }: SyncOptions): User {
  return { ...record, enable: enableNew ? 1 : 0, groups: new Set(), tokens: new Map() };
}

function updatedUser(known: User, record: UserRecord, { removeVanished }: SyncOptions): User {
  if (!removeVanished.has('properties')) return { ...known, ...record };
  const { enable, groups, tokens } = known;
  return { ...record, ...(enable !== undefined && { enable }), groups, tokens };
}

function syncGroups({ config, records, options, log }: Sync, realmName: string): void {
  log.push('syncing groups');
  const isGone = (groupid: string) => groupid.endsWith(`-${realmName}`) && !records.groups.has(groupid);
  if (options.removeVanished.has('entry')) {
    for (const groupid of [...config.groups.keys()].filter(isGone)) {
      log.push(`remove group '${groupid}'`);
      config.groups.delete(groupid);
    }
  }
  if (options.removeVanished.has('acl')) {
    log.push('removing ACL entries of vanished groups');
    removeAclMembers(config.acl, 'groups', isGone);
  }
  for (const [groupid, members] of records.groups) {
    const known = config.groups.get(groupid);
    log.push(known === undefined ? `adding group '${groupid}'` : `updating group '${groupid}'`);
    const kept: Partial<Group> = options.removeVanished.has('properties') ? {} : (known ?? {});
    config.groups.set(groupid, { ...kept, users: new Set(members) });
  }
}
