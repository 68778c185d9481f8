/** Names of users, tokens, groups, roles and pools: their form and the texts about a bad one (spec/access.md §3). */

const userName = /^([^\s:/]+)@([A-Za-z][A-Za-z0-9._-]+)$/;
const realm = /^[A-Za-z][A-Za-z0-9._-]+$/;
const tokenIdentity = /^([^\s:/]+@[A-Za-z][A-Za-z0-9._-]+)!([A-Za-z][A-Za-z0-9._-]+)$/;
const plainName = /^[A-Za-z0-9._-]+$/;
const storageName = /^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]$/;
const poolName = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+){0,2}$/;

/** Passes every permission check; its tokens don't. */
export const superuser = 'root@pam';

export interface UserName {
  readonly name: string;
  readonly realm: string;
}

/** What is wrong with a user id, or undefined. Format `pve-userid`. */
export function userIdComplaint(userid: string): string | undefined {
  if (userid.length < 3) return `user name '${userid}' is too short`;
  if (userid.length > 64) return `user name '${userid}' is too long (${userid.length} > 64)`;
  return userName.test(userid) ? undefined : `value '${userid}' does not look like a valid user name`;
}

/** The parts of a valid user id, which is cut at its last `@`; undefined for any other text. */
export function splitUserId(userid: string): UserName | undefined {
  if (userIdComplaint(userid) !== undefined) return undefined;
  const [, name, realmName] = userName.exec(userid)!;
  return { name: name!, realm: realmName! };
}

export function isUserId(text: string): boolean {
  return userIdComplaint(text) === undefined;
}

/** The owner and the name of a token's full id `user@realm!name`; undefined for any other text. */
export function splitTokenId(id: string): { readonly userid: string; readonly tokenName: string } | undefined {
  const match = tokenIdentity.exec(id);
  return match === null || !isUserId(match[1]!) ? undefined : { userid: match[1]!, tokenName: match[2]! };
}

export function tokenId(userid: string, tokenName: string): string {
  return `${userid}!${tokenName}`;
}

export function isTokenName(text: string): boolean {
  return realm.test(text);
}

export function isRealmName(text: string): boolean {
  return text.length <= 32 && realm.test(text);
}

export function isGroupName(text: string): boolean {
  return plainName.test(text);
}

export function isRoleName(text: string): boolean {
  return plainName.test(text);
}

/** One to three segments: a pool lies in its parents. */
export function isPoolName(text: string): boolean {
  return poolName.test(text);
}

/** The pool that a nested pool lies in. */
export function parentPool(poolid: string): string | undefined {
  const slash = poolid.lastIndexOf('/');
  return slash === -1 ? undefined : poolid.slice(0, slash);
}

export function isStorageName(text: string): boolean {
  return storageName.test(text);
}
