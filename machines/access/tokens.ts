/** `/access/users/{userid}/token`: API tokens of a user (spec/access.md §10). Secrets are kept apart, in token.cfg. */
import { removeAclMembers } from '../../runtime/formats/access/acl-tree.ts';
import { tokenId } from '../../runtime/formats/access/identity.ts';
import type { TokenSecrets } from '../../runtime/formats/access/token-secrets.ts';
import { copyUserConfig, type Token, type User, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { noSuchToken, noSuchUser } from './account-state.ts';
import { type FlagParameter, isTrue, type NumberParameter } from './parameters.ts';
import { badParameters, done, failed, type Result } from './refusal.ts';

export interface TokenInfo extends Token {
  readonly tokenid: string;
}

/** The tokens of a user, sorted by name. */
export function tokenInfo(user: User): readonly TokenInfo[] {
  return [...user.tokens].sort(([a], [b]) => byBytes(a, b)).map(([tokenid, token]) => ({ tokenid, ...token }));
}

export function listTokens(config: UserConfig, userid: string): Result<readonly TokenInfo[]> {
  const user = config.users.get(userid);
  return user === undefined ? failed(noSuchUser(userid)) : done(tokenInfo(user));
}

interface Named {
  readonly userid: string;
  readonly tokenid: string;
}

export function readToken(config: UserConfig, { userid, tokenid }: Named): Result<Token> {
  const user = config.users.get(userid);
  if (user === undefined) return failed(noSuchUser(userid));
  const token = user.tokens.get(tokenid);
  return token === undefined ? failed(noSuchToken(userid, tokenid)) : done(token);
}

export interface TokenParameters extends Named {
  readonly privsep?: FlagParameter;
  readonly expire?: NumberParameter;
  readonly comment?: string;
}

/** user.cfg and token.cfg together. */
export interface TokenState {
  readonly config: UserConfig;
  readonly secrets: TokenSecrets;
}

export interface TokenAnswer {
  readonly info: Partial<Token>;
  /** The secret, which is shown this once. */
  readonly value: string;
  readonly 'full-tokenid': string;
}

export interface TokenCreation extends TokenState {
  readonly answer: TokenAnswer;
}

/** @param secret a fresh random UUID in lower case */
export function generateToken(before: TokenState, params: TokenParameters, secret: string): Result<TokenCreation> {
  const { userid, tokenid } = params;
  const existing = before.config.users.get(userid);
  if (existing === undefined) return failed(noSuchUser(userid));
  if (existing.tokens.has(tokenid)) return badParameters({ tokenid: 'Token already exists.' });
  const config = copyUserConfig(before.config);
  const given = givenFields(params);
  config.users.get(userid)!.tokens.set(tokenid, { expire: 0, privsep: 1, ...given });
  const id = tokenId(userid, tokenid);
  return done({
    config,
    secrets: new Map(before.secrets).set(id, secret),
    answer: { info: { privsep: 1, ...given }, value: secret, 'full-tokenid': id },
  });
}

function givenFields({ privsep, expire, comment }: TokenParameters): Partial<Token> {
  return {
    ...(privsep !== undefined && { privsep: isTrue(privsep) ? (1 as const) : (0 as const) }),
    ...(expire !== undefined && { expire: Number(expire) }),
    ...(comment !== undefined && comment !== '' && { comment }),
  };
}

export interface TokenUpdate extends TokenParameters {
  /** List of fields to take away. */
  readonly delete?: string;
}

export interface TokenUpdateAnswer extends Token {
  readonly value?: string;
  readonly 'full-tokenid'?: string;
}

/** @param secret a fresh random UUID where the token shall get a new one */
export function updateToken(
  before: TokenState,
  params: TokenUpdate,
  secret?: string,
): Result<TokenState & { readonly answer: TokenUpdateAnswer }> {
  const { userid, tokenid } = params;
  const found = readToken(before.config, params);
  if (!found.ok) return found;
  const deleted = splitList(params.delete ?? '');
  const unknown = deleted.find((field) => field !== 'comment');
  if (unknown !== undefined) return failed(`no such option '${unknown}'`);
  if (deleted.length > 0 && params.comment !== undefined) {
    return failed("cannot set and delete property 'comment' at the same time!");
  }
  const config = copyUserConfig(before.config);
  const token: Token = { ...found.value, ...givenFields(params) };
  if (deleted.includes('comment') || params.comment === '') delete token.comment;
  config.users.get(userid)!.tokens.set(tokenid, token);
  if (secret === undefined) return done({ config, secrets: before.secrets, answer: token });
  const id = tokenId(userid, tokenid);
  return done({
    config,
    secrets: new Map(before.secrets).set(id, secret),
    answer: { ...token, value: secret, 'full-tokenid': id },
  });
}

export function removeToken(before: TokenState, params: Named): Result<TokenState> {
  const found = readToken(before.config, params);
  if (!found.ok) return found;
  const config = copyUserConfig(before.config);
  const id = tokenId(params.userid, params.tokenid);
  config.users.get(params.userid)!.tokens.delete(params.tokenid);
  removeAclMembers(config.acl, 'tokens', (member) => member === id);
  const secrets = new Map(before.secrets);
  secrets.delete(id);
  return done({ config, secrets });
}

/** token.cfg without the tokens of a user who is deleted. */
export function withoutTokensOf(secrets: TokenSecrets, userid: string): TokenSecrets {
  return new Map([...secrets].filter(([id]) => !id.startsWith(`${userid}!`)));
}
