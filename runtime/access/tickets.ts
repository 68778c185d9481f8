/** Signs and verifies tickets (spec/api.md §4.4, §4.7, §4.9). */
import { constants, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import {
  assembledTicket,
  challengeOf,
  halfTicketData,
  parseTicket,
  plainTicket,
  type TicketPrefix,
  type TicketText,
  textToSign,
  withoutConsolePassword,
} from '../formats/access/ticket-text.ts';

/** How the text becomes a signature. Nodes that share keys must agree on it. */
export interface SignatureScheme {
  sign(text: string, key: KeyObject): Buffer;
  verify(text: string, key: KeyObject, signature: Buffer): boolean;
}

const pkcs1 = { padding: constants.RSA_PKCS1_PADDING };

/** RSASSA-PKCS1-v1_5 with SHA-1, as the reference. */
export const rsaSha1: SignatureScheme = {
  sign: (text, key) => sign('sha1', Buffer.from(text, 'utf8'), { key, ...pkcs1 }),
  verify: (text, key, signature) => verify('sha1', Buffer.from(text, 'utf8'), { key, ...pkcs1 }, signature),
};

/** @param pem text of `authkey.key` @throws where it is no key */
export function ticketSigningKey(pem: string): KeyObject {
  return createPrivateKey(pem);
}

/** @param pem text of `authkey.pub` @throws where it is no key */
export function ticketVerifyingKey(pem: string): KeyObject {
  return createPublicKey(pem);
}

export interface TicketContent {
  readonly prefix: TicketPrefix;
  /** Absent in console and tunnel tickets. */
  readonly data?: string;
  /** Data that the verifier knows and that isn't sent. */
  readonly additional?: string;
}

export function signTicket(
  { prefix, data, additional }: TicketContent,
  key: KeyObject,
  now_s: number,
  scheme: SignatureScheme = rsaSha1,
): string {
  const plain = plainTicket(prefix, data, now_s);
  return assembledTicket(plain, scheme.sign(textToSign(plain, additional), key).toString('base64'));
}

/** A key and the ages, in seconds and exclusive, at which it may have signed what is verified now. */
export interface TrustedKey {
  readonly key: KeyObject;
  readonly min_age_s: number;
  readonly max_age_s: number;
}

/** The ticket's parts if one of the keys signed it at an age that is right for that key, else undefined. */
export function verifyTicket(
  { prefix, additional }: Omit<TicketContent, 'data'>,
  ticket: string,
  keys: readonly TrustedKey[],
  now_s: number,
  scheme: SignatureScheme = rsaSha1,
): TicketText | undefined {
  const parsed = parseTicket(prefix, ticket);
  if (parsed === undefined) return undefined;
  const age_s = now_s - parsed.issued_s;
  const signature = Buffer.from(parsed.signature, 'base64');
  // Node's decoder skips what is no base64; one ticket has one text.
  if (signature.toString('base64') !== parsed.signature) return undefined;
  const text = textToSign(parsed.plain, additional);
  const isValid = keys.some(
    ({ key, min_age_s, max_age_s }) => age_s > min_age_s && age_s < max_age_s && scheme.verify(text, key, signature),
  );
  return isValid ? parsed : undefined;
}

export function signUserTicket(userid: string, key: KeyObject, now_s: number): string {
  return signTicket({ prefix: 'PVE', data: userid }, key, now_s);
}

/** A ticket that is worth nothing but for giving the second factor. @param challenge compact JSON */
export function signHalfTicket(userid: string, challenge: string, key: KeyObject, now_s: number): string {
  return signTicket({ prefix: 'PVE', data: halfTicketData(challenge), additional: userid }, key, now_s);
}

export type LoginTicket =
  | { readonly kind: 'whole'; readonly userid: string; readonly age_s: number }
  /** Unverified: who it is for isn't known yet. */
  | { readonly kind: 'half' }
  | { readonly kind: 'invalid' };

/** What the ticket of a request is. */
export function readLoginTicket(ticket: string, keys: readonly TrustedKey[], now_s: number): LoginTicket {
  const data = parseTicket('PVE', ticket)?.data;
  if (data !== undefined && challengeOf(data) !== undefined) return { kind: 'half' };
  const verified = verifyTicket({ prefix: 'PVE' }, ticket, keys, now_s);
  if (verified?.data === undefined) return { kind: 'invalid' };
  return { kind: 'whole', userid: verified.data, age_s: now_s - verified.issued_s };
}

/** The challenge of a half ticket that was made for this user, else undefined. */
export function verifyHalfTicket(
  userid: string,
  ticket: string,
  keys: readonly TrustedKey[],
  now_s: number,
): string | undefined {
  const verified = verifyTicket({ prefix: 'PVE', additional: userid }, ticket, keys, now_s);
  return verified?.data === undefined ? undefined : challengeOf(verified.data);
}

/** @param binding see `consoleBinding` */
export function verifyConsoleTicket(binding: string, ticket: string, key: TrustedKey, now_s: number): boolean {
  const content = { prefix: 'PVEVNC', additional: binding } as const;
  const verified = verifyTicket(content, withoutConsolePassword(ticket), [key], now_s);
  return verified !== undefined && verified.data === undefined;
}
