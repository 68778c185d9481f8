/** Tokens against cross-site requests: `<HEXTIME>:<base64 HMAC-SHA256, unpadded>` (spec/api.md §4.5). */
import { createHash, createHmac } from 'node:crypto';
import { hexTime } from '../formats/access/ticket-text.ts';
import { isSameSecret } from './secret-compare.ts';

/** The two secrets that are made of `pve-www.key`. */
export interface CsrfSecrets {
  readonly current: string;
  /** Of nodes that run an old release. */
  readonly legacy: string;
}

/** @param keyFile raw content of `pve-www.key` */
export function csrfSecrets(keyFile: Buffer): CsrfSecrets {
  return {
    current: unpadded(createHmac('sha256', keyFile).digest()),
    legacy: unpadded(createHash('sha1').update(keyFile).digest()),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

export function makeCsrfToken(userid: string, { current }: CsrfSecrets, now_s: number): string {
  const time = hexTime(now_s);
  return `${time}:${signature(time, userid, current)}`;
}

function signature(time: string, userid: string, secret: string): string {
  return unpadded(createHmac('sha256', secret).update(`${time}:${userid}`, 'utf8').digest());
}

function legacySignature(time: string, userid: string, secret: string): string {
  return unpadded(createHash('sha1').update(`${time}:${userid}${secret}`, 'utf8').digest());
}

export interface CsrfCheck {
  readonly userid: string;
  readonly secrets: CsrfSecrets;
  /** Exclusive limits. */
  readonly window: { readonly min_age_s: number; readonly max_age_s: number };
}

export function isCsrfToken(token: string, { userid, secrets, window }: CsrfCheck, now_s: number): boolean {
  const [, time, given] = /^([0-9A-F]{8}):(\S+)$/.exec(token) ?? [];
  if (time === undefined || given === undefined) return false;
  const isLegacy = given.length === 27;
  const right = isLegacy ? legacySignature(time, userid, secrets.legacy) : signature(time, userid, secrets.current);
  const age_s = now_s - Number.parseInt(time, 16);
  return isSameSecret(given, right) && age_s > window.min_age_s && age_s < window.max_age_s;
}
