/** `/access/users`: listing, reading, creating, changing and deleting users (spec/access.md §10). */
import { removeAclMembers } from '../../runtime/formats/access/acl-tree.ts';
import { splitTokenId, splitUserId, superuser } from '../../runtime/formats/access/identity.ts';
import type { RealmConfig } from '../../runtime/formats/access/realm-config.ts';
import type { TfaConfig } from '../../runtime/formats/access/tfa-config.ts';
import { copyUserConfig, type User, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { lookUpUser, noSuchUser } from './account-state.ts';
import type { Identity } from './effective-roles.ts';
import { type FlagParameter, isTrue, type NumberParameter } from './parameters.ts';
import { privilegeRefusal } from './permission-check.ts';
import { done, failed, type Result } from './refusal.ts';
import { type TokenInfo, tokenInfo } from './tokens.ts';

export interface UserParameters {
  readonly userid: string;
  readonly enable?: FlagParameter;
  readonly expire?: NumberParameter;
  readonly firstname?: string;
  readonly lastname?: string;
  readonly email?: string;
  readonly comment?: string;
  readonly keys?: string;
  /** List of group ids. */
  readonly groups?: string;
}

const textFields = ['firstname', 'lastname', 'email', 'comment', 'keys'] as const;

type UserFields = Pick<User, 'enable' | 'expire' | (typeof textFields)[number]>;

/** What the API tells of a user besides groups and tokens. */
function fieldsOf(user: User): UserFields {
  const { groups: _groups, tokens: _tokens, username: _username, ...fields } = user;
  return fields;
}

export interface UserListing extends UserFields {
  readonly userid: string;
  readonly 'realm-type'?: string;
  readonly 'totp-locked'?: 1;
  readonly 'tfa-locked-until'?: number;
  /** Comma-separated. */
  readonly groups?: string;
  readonly tokens?: readonly TokenInfo[];
}

export interface ListingQuery {
  readonly enabled?: FlagParameter;
  readonly full?: FlagParameter;
}

export interface ListingSources {
  readonly realms: RealmConfig;
  readonly tfa: TfaConfig;
}

/** The users that the caller may see, and the caller; sorted by id. */
export function listUsers(
  config: UserConfig,
  caller: Identity,
  { enabled, full }: ListingQuery,
  sources: ListingSources,
): readonly UserListing[] {
  const isVisible = visibleUsers(config, caller);
  return [...config.users]
    .filter(([userid]) => isVisible(userid))
    .filter(([, user]) => enabled === undefined || isTrue(enabled) === Boolean(user.enable))
    .sort(([a], [b]) => byBytes(a, b))
    .map(([userid, user]) => listing(userid, user, isTrue(full), sources));
}

function visibleUsers(config: UserConfig, caller: Identity): (userid: string) => boolean {
  const sees = (path: string) =>
    privilegeRefusal({ config, caller }, path, ['User.Modify', 'Sys.Audit'], 'any') === undefined;
  if (sees('/access/groups')) return () => true;
  const visible = new Set([caller]);
  for (const [groupid, group] of config.groups) {
    if (sees(`/access/groups/${groupid}`)) for (const userid of group.users) visible.add(userid);
  }
  return (userid) => visible.has(userid);
}

function listing(userid: string, user: User, isFull: boolean, { realms, tfa }: ListingSources): UserListing {
  const realm = realms.realms.get(splitUserId(userid)?.realm ?? '');
  const factors = tfa.users.get(userid);
  const until_s = factors?.['tfa-locked-until'];
  return {
    userid,
    ...fieldsOf(user),
    ...(realm !== undefined && { 'realm-type': realm.type }),
    ...(factors?.['totp-locked'] && { 'totp-locked': 1 as const }),
    ...(until_s !== undefined && { 'tfa-locked-until': until_s }),
    ...(isFull && {
      groups: [...user.groups].sort(byBytes).join(','),
      tokens: tokenInfo(user),
    }),
  };
}

export interface UserDetails extends UserFields {
  readonly groups: readonly string[];
  readonly tokens: Readonly<Record<string, Omit<TokenInfo, 'tokenid'>>>;
}

export function readUser(config: UserConfig, userid: string): Result<UserDetails> {
  const user = config.users.get(userid);
  if (user === undefined) return failed(noSuchUser(userid));
  const tokens = tokenInfo(user).map(({ tokenid, ...info }) => [tokenid, info] as const);
  return done({
    ...fieldsOf(user),
    groups: [...user.groups].sort(byBytes),
    tokens: Object.fromEntries(tokens),
  });
}

/** @param isCaseSensitive of the user's realm: where case doesn't count, `A@x` and `a@x` are one user */
export function createUser(before: UserConfig, params: UserParameters, isCaseSensitive = true): Result<UserConfig> {
  const { userid } = params;
  const existing = lookUpUser(before, userid, isCaseSensitive);
  if (existing === undefined || before.users.has(existing)) {
    return failed(`create user failed: user '${existing ?? userid}' already exists`);
  }
  const config = copyUserConfig(before);
  const user: User = { enable: 1, expire: 0, groups: new Set(), tokens: new Map() };
  setFields(user, params);
  config.users.set(userid, user);
  const complaint = joinGroups(config, userid, params.groups);
  return complaint === undefined ? done(config) : failed(`create user failed: ${complaint}`);
}

/** Empty text takes a field away. */
function setFields(user: User, params: UserParameters): void {
  if (params.enable !== undefined) user.enable = isTrue(params.enable) ? 1 : 0;
  if (params.expire !== undefined) user.expire = Number(params.expire);
  for (const field of textFields) {
    const text = params[field];
    if (text === '') delete user[field];
    else if (text !== undefined) user[field] = text;
  }
}

function joinGroups(config: UserConfig, userid: string, groups: string | undefined): string | undefined {
  for (const groupid of splitList(groups ?? '')) {
    const group = config.groups.get(groupid);
    if (group === undefined) return `no such group '${groupid}'`;
    group.users.add(userid);
    config.users.get(userid)?.groups.add(groupid);
  }
  return undefined;
}

function leaveGroups(config: UserConfig, userid: string): void {
  for (const group of config.groups.values()) group.users.delete(userid);
  config.users.get(userid)?.groups.clear();
}

export interface UserUpdate extends UserParameters {
  /** Groups are added to those that the user has. */
  readonly append?: FlagParameter;
}

export function updateUser(before: UserConfig, params: UserUpdate): Result<UserConfig> {
  const { userid, groups, append } = params;
  const config = copyUserConfig(before);
  const user = config.users.get(userid);
  if (user === undefined) return failed(noSuchUser(userid));
  setFields(user, params);
  if (groups !== undefined && !isTrue(append)) leaveGroups(config, userid);
  const complaint = joinGroups(config, userid, groups);
  return complaint === undefined ? done(config) : failed(complaint);
}

/** The first step of deleting: nobody logs in while passwords and second factors are being removed. */
export function disableUser(before: UserConfig, userid: string): Result<UserConfig> {
  return updateUser(before, { userid, enable: 0 });
}

/** The last step: the user, its tokens, memberships and ACL entries. The superuser comes back by itself. */
export function deleteUser(before: UserConfig, userid: string): Result<UserConfig> {
  if (!before.users.has(userid)) return failed(noSuchUser(userid));
  const config = copyUserConfig(before);
  leaveGroups(config, userid);
  config.users.delete(userid);
  removeAclMembers(config.acl, 'users', (id) => id === userid);
  removeAclMembers(config.acl, 'tokens', (id) => splitTokenId(id)?.userid === userid);
  return done(config);
}

export type Reauthentication =
  | { readonly kind: 'not-needed' }
  /** The caller's own password must be verified first. */
  | { readonly kind: 'verify'; readonly userid: string; readonly password: string };

/**
 * What must be shown before a password or a second factor is changed (spec/access.md §7.2).
 * @param password the caller's own, as the parameter gave it
 */
export function reauthentication(
  caller: Identity,
  target: string,
  password: string | undefined,
): Result<Reauthentication> {
  if (caller === superuser) return done({ kind: 'not-needed' });
  if (target === superuser) return failed('only root@pam is allowed to modify root@pam', 403);
  if (password === undefined) return failed('password is required to modify user', 400);
  return done({ kind: 'verify', userid: caller, password });
}
