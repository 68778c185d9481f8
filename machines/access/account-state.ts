/** Whether an account may be used now (spec/access.md §3). */
import { splitTokenId, userIdComplaint } from '../../runtime/formats/access/identity.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import type { Identity } from './effective-roles.ts';

export interface AccountProblem {
  readonly kind: 'invalid' | 'missing' | 'disabled' | 'expired';
  readonly message: string;
}

/**
 * What forbids using the account, or undefined. A token needs its owner, too.
 * @param now_s seconds since 1970
 */
export function accountProblem(config: UserConfig, identity: Identity, now_s: number): AccountProblem | undefined {
  const token = splitTokenId(identity);
  if (token === undefined) return userProblem(config, identity, now_s);
  const { userid, tokenName } = token;
  const ofOwner = userProblem(config, userid, now_s);
  if (ofOwner !== undefined) return ofOwner;
  const found = config.users.get(userid)!.tokens.get(tokenName);
  if (found === undefined) return { kind: 'missing', message: noSuchToken(userid, tokenName) };
  if (isPast(found.expire, now_s)) return { kind: 'expired', message: `token '${identity}' access expired` };
  return undefined;
}

function userProblem(config: UserConfig, userid: string, now_s: number): AccountProblem | undefined {
  const complaint = userIdComplaint(userid);
  if (complaint !== undefined) return { kind: 'invalid', message: complaint };
  const user = config.users.get(userid);
  if (user === undefined) return { kind: 'missing', message: noSuchUser(userid) };
  if (!user.enable) return { kind: 'disabled', message: `user '${userid}' is disabled` };
  if (isPast(user.expire, now_s)) return { kind: 'expired', message: `user '${userid}' access expired` };
  return undefined;
}

/** 0 = never. */
function isPast(expire: number | undefined, now_s: number): boolean {
  return expire !== undefined && expire !== 0 && expire < now_s;
}

export function noSuchUser(userid: string): string {
  return `no such user ('${userid}')`;
}

export function noSuchToken(userid: string, tokenName: string): string {
  return `no such token '${tokenName}' for user '${userid}'`;
}

/**
 * The user whom a login name means: itself, or, in a realm that doesn't distinguish case, the only user with that name
 * (spec/api.md §4.6). Undefined where several are meant.
 */
export function lookUpUser(config: UserConfig, userid: string, isCaseSensitive: boolean): string | undefined {
  if (isCaseSensitive || config.users.has(userid)) return userid;
  const wanted = userid.toLowerCase();
  const matches = [...config.users.keys()].filter((id) => id.toLowerCase() === wanted);
  if (matches.length > 1) return undefined;
  return matches[0] ?? userid;
}
