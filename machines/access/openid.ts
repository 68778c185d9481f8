/**
 * OpenID Connect: pending logins, and the user that a token's claims mean (spec/access.md §8.4). The protocol itself is for
 * others.
 *
 *  I1 A pending login is used at most once, and not after ten minutes.
 *  I2 Claims bring nobody into a group that neither exists nor may be made.
 */
import { isGroupName, isUserId, userIdComplaint } from '../../runtime/formats/access/identity.ts';
import type { Realm } from '../../runtime/formats/access/realm-config.ts';
import { copyUserConfig, type User, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import { accountProblem } from './account-state.ts';
import { done, failed, type Result } from './refusal.ts';

/** An entry of the realm's state file. */
export interface PendingLogin {
  readonly csrf_token: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Seconds since 1970. */
  readonly ctime: number;
}

const pendingLifetime_s = 600;
const pendingLimit = 100;

/** The entries with a new one, without those that are too old. */
export function addPendingLogin(
  entries: readonly PendingLogin[],
  entry: PendingLogin,
  realmName: string,
): Result<readonly PendingLogin[]> {
  const alive = entries.filter(({ ctime }) => isAlive(ctime, entry.ctime));
  if (alive.length >= pendingLimit) return failed(`too many pending openid auth request for realm ${realmName}`);
  return done([...alive, entry]);
}

function isAlive(ctime: number, now_s: number): boolean {
  return now_s - ctime < pendingLifetime_s;
}

export interface TakenLogin {
  readonly entry: PendingLogin;
  readonly left: readonly PendingLogin[];
}

export function takePendingLogin(
  entries: readonly PendingLogin[],
  csrf_token: string,
  now_s: number,
): Result<TakenLogin> {
  const entry = entries.find((one) => one.csrf_token === csrf_token && isAlive(one.ctime, now_s));
  if (entry === undefined) return failed('no openid auth state found (possible timeout)');
  return done({ entry, left: entries.filter((one) => one !== entry && isAlive(one.ctime, now_s)) });
}

/** The parameter `state`, which comes back with the login. */
export function stateParameter(csrf_token: string, realm: string): string {
  return JSON.stringify({ csrf_token, realm });
}

export function readStateParameter(text: string): { readonly csrf_token: string; readonly realm: string } | undefined {
  try {
    const { csrf_token, realm } = JSON.parse(text) as Record<string, unknown>;
    return typeof csrf_token === 'string' && typeof realm === 'string' ? { csrf_token, realm } : undefined;
  } catch {
    return undefined;
  }
}

export type Claims = Readonly<Record<string, unknown>>;

const claimAliases: Readonly<Record<string, string>> = { subject: 'sub', username: 'preferred_username' };

export function openidUserId(claims: Claims, realmName: string, { options }: Realm): Result<string> {
  const configured = String(options.get('username-claim') ?? 'sub');
  const claim = claimAliases[configured] ?? configured;
  const name = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (typeof name !== 'string') return failed(`missing claim '${claim}'`, 401);
  const userid = `${name}@${realmName}`;
  return isUserId(userid) ? done(userid) : failed(userIdComplaint(userid)!, 401);
}

export interface OpenidLogin {
  readonly userid: string;
  /** With the new user and its groups; the same as before where nothing changed. */
  readonly config: UserConfig;
}

/** Lets in whom the claims name: the user is made where the realm says so, else must exist and be enabled. */
export function openidLogin(
  before: UserConfig,
  realmName: string,
  realm: Realm,
  { claims, now_s }: { readonly claims: Claims; readonly now_s: number },
): Result<OpenidLogin> {
  const named = openidUserId(claims, realmName, realm);
  if (!named.ok) return named;
  const userid = named.value;
  const isNew = !before.users.has(userid) && realm.options.get('autocreate') === 1;
  const problem = isNew ? undefined : accountProblem(before, userid, now_s);
  if (problem !== undefined) return failed(problem.message, 401);
  const groups = claimedGroups(claims, realmName, realm);
  if (!isNew && groups === undefined) return done({ userid, config: before });
  const config = copyUserConfig(before);
  if (isNew) config.users.set(userid, userOf(claims));
  if (groups !== undefined) joinClaimedGroups(config, userid, groups, realm);
  return done({ userid, config });
}

function userOf(claims: Claims): User {
  const user: User = { enable: 1, expire: 0, groups: new Set(), tokens: new Map() };
  const fields = [
    ['email', 'email'],
    ['firstname', 'given_name'],
    ['lastname', 'family_name'],
  ] as const;
  for (const [field, claim] of fields) {
    const text = claims[claim];
    // Mail addresses stand in the file as they are: what would break its line is no address.
    if (typeof text === 'string' && text !== '' && (field !== 'email' || /^[^\s:]+$/.test(text))) user[field] = text;
  }
  return user;
}

/** Group ids with the realm's suffix, or undefined where the realm takes no groups from claims. */
function claimedGroups(claims: Claims, realmName: string, { options }: Realm): readonly string[] | undefined {
  const claim = options.get('groups-claim');
  if (claim === undefined) return undefined;
  const names = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (!Array.isArray(names)) return undefined;
  const ids = names.filter((name) => typeof name === 'string').map((name) => `${name}-${realmName}`);
  return ids.filter(isGroupName);
}

function joinClaimedGroups(config: UserConfig, userid: string, groups: readonly string[], { options }: Realm): void {
  const user = config.users.get(userid)!;
  if (options.get('groups-overwrite') === 1) {
    for (const group of config.groups.values()) group.users.delete(userid);
    user.groups.clear();
  }
  for (const groupid of groups) {
    const mayBeMade = options.get('groups-autocreate') === 1;
    const group = config.groups.get(groupid) ?? (mayBeMade ? { users: new Set<string>() } : undefined);
    if (group === undefined) continue;
    config.groups.set(groupid, group);
    group.users.add(userid);
    user.groups.add(groupid);
  }
}
