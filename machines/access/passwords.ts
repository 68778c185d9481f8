/** How a password is checked and set, by the type of the user's realm (spec/access.md §8.1, §8.2). Doing it is for others. */
import { splitUserId, superuser } from '../../runtime/formats/access/identity.ts';
import type { Realm, RealmConfig } from '../../runtime/formats/access/realm-config.ts';
import type { Identity } from './effective-roles.ts';
import { done, failed, forbidden, type Result } from './refusal.ts';

export type PasswordCheck =
  /** Compare with the hash of this name in shadow.cfg. */
  | { readonly kind: 'shadow'; readonly name: string }
  /** Ask PAM on this node. */
  | { readonly kind: 'pam'; readonly name: string }
  /** Search the DN by this filter below the realm's base, then bind as it. */
  | { readonly kind: 'ldap'; readonly realm: Realm; readonly filter: string }
  /** Bind under this name. */
  | { readonly kind: 'ad'; readonly realm: Realm; readonly bindName: string };

/** What has to be done to check a password. Refusals are for the journal: clients learn nothing but `authentication failure`. */
export function passwordCheck(realms: RealmConfig, userid: string, password: string): Result<PasswordCheck> {
  const found = userRealm(realms, userid);
  if (!found.ok) return found;
  const { name, realm } = found.value;
  if (password === '') return failed('no password', 401);
  switch (realm.type) {
    case 'pve':
      return done({ kind: 'shadow', name });
    case 'pam':
      return done({ kind: 'pam', name });
    case 'ldap':
      return done({ kind: 'ldap', realm, filter: loginFilter(realm, name) });
    case 'ad': {
      const bindName = name.includes('@') ? name : `${name}@${realm.options.get('domain')}`;
      return done({ kind: 'ad', realm, bindName });
    }
    case 'openid':
      return failed('OpenID realm does not allow password verification.', 401);
  }
}

function userRealm(realms: RealmConfig, userid: string): Result<{ readonly name: string; readonly realm: Realm }> {
  const parts = splitUserId(userid);
  const realm = realms.realms.get(parts?.realm ?? '');
  if (parts === undefined) return failed(`value '${userid}' does not look like a valid user name`, 401);
  if (realm === undefined) return failed(`authentication domain '${parts.realm}' does not exist`, 401);
  return done({ name: parts.name, realm });
}

/** RFC 4515: what has a meaning in filters is written in hex. */
export function escapeFilterValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is one of the characters to escape
  return text.replace(/[\\*()\x00]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function loginFilter({ options }: Realm, name: string): string {
  return `(${options.get('user_attr') ?? 'uid'}=${escapeFilterValue(name)})`;
}

export type PasswordChange =
  /** A new hash for this name in shadow.cfg. */
  | { readonly kind: 'shadow'; readonly name: string }
  /** A new hash for this account of this node alone. */
  | { readonly kind: 'pam'; readonly name: string };

/** What has to be done to set a password, after the method's permission has been checked. */
export function passwordChange(realms: RealmConfig, caller: Identity, userid: string): Result<PasswordChange> {
  const found = userRealm(realms, userid);
  if (!found.ok) return failed(found.refusal.message);
  const { name, realm } = found.value;
  if (realm.type === 'pve') return done({ kind: 'shadow', name });
  if (realm.type !== 'pam') return failed(`can't set password on auth type '${realm.type}'`);
  if (caller !== superuser && caller !== userid) return { ok: false, refusal: forbidden() };
  return done({ kind: 'pam', name });
}
