/**
 * Which second factor a login needs, and whether an answer is right (spec/access.md §9, spec/api.md §4.7). Factors that need
 * the network or a key's cryptography are verified by who calls; their outcome comes in as a value.
 *
 *  I1 A user with a factor that is switched on never gets in without one; nor does a user of a realm that demands one.
 *  I2 Where the realm demands a kind, only that kind and recovery codes count.
 *  I3 While the factors are locked no answer is right.
 */
import { realmTfaFormat } from '../../../runtime/formats/access/realm-config.schema.ts';
import type { TfaEntry, UserTfa } from '../../../runtime/formats/access/tfa-config.ts';
import { decodeOathSecret } from '../../../runtime/formats/access/totp-uri.ts';
import { splitList } from '../../../runtime/formats/list-text.ts';
import { splitPropertyString } from '../../../runtime/formats/property-string.ts';
import { afterFailure, afterSuccess, type FactorKind, type Guarded, isLocked } from './lockout.ts';
import { availableCodes, useRecoveryCode } from './recovery.ts';
import { matchingCounter, useTotpCode } from './totp.ts';

/** What a realm demands of all its users. */
export interface RealmDemand {
  readonly kind: 'totp' | 'yubico';
  readonly digits: number;
  readonly period_s: number;
}

/** @param option the realm's `tfa` */
export function realmDemand(option: string | undefined): RealmDemand | undefined {
  if (option === undefined) return undefined;
  const read = splitPropertyString(option, realmTfaFormat);
  const values = 'error' in read ? new Map<string, string>() : read.values;
  return {
    kind: values.get('type') === 'yubico' ? 'yubico' : 'totp',
    digits: Number(values.get('digits') ?? 6),
    period_s: Number(values.get('step') ?? 30),
  };
}

export interface SecondFactors {
  /** Of tfa.cfg. */
  readonly factors: UserTfa;
  /** Of user.cfg: `x`, or legacy secrets and ids. */
  readonly keys: string | undefined;
  readonly demand: RealmDemand | undefined;
}

/** As it goes to the client. WebAuthn and U2F are added by who makes their challenges. */
export interface Challenge {
  readonly totp?: true;
  readonly yubico?: true;
  /** Indices of the codes that are left. */
  readonly recovery?: readonly number[];
  /** Kinds for which the user has a key. */
  readonly webauthn?: true;
  readonly u2f?: true;
}

export type Need =
  | { readonly kind: 'none' }
  | { readonly kind: 'challenge'; readonly challenge: Challenge }
  | { readonly kind: 'refused'; readonly message: string };

/** What a login with the right password still needs. */
export function secondFactorNeed(second: SecondFactors): Need {
  const { factors, demand } = second;
  const has = (kind: 'totp' | 'yubico' | 'webauthn' | 'u2f') => (factors[kind] ?? []).some(isEnabled);
  const legacy = legacyKeys(second);
  const accepts = (kind: FactorKind) => demand === undefined || demand.kind === kind;
  const isLegacyTotp = legacy.length > 0 && demand?.kind === 'totp';
  const isLegacyYubico = legacy.length > 0 && demand?.kind === 'yubico';
  const challenge: Challenge = {
    ...((has('totp') || isLegacyTotp) && accepts('totp') && { totp: true as const }),
    ...((has('yubico') || isLegacyYubico) && accepts('yubico') && { yubico: true as const }),
    ...(factors.recovery !== undefined && { recovery: availableCodes(factors.recovery) }),
    ...(has('webauthn') && accepts('webauthn') && { webauthn: true as const }),
    ...(has('u2f') && accepts('u2f') && { u2f: true as const }),
  };
  if (Object.keys(challenge).length > 0) return { kind: 'challenge', challenge };
  return demand === undefined ? { kind: 'none' } : { kind: 'refused', message: 'missing required 2nd keys' };
}

function isEnabled({ enable }: TfaEntry): boolean {
  return enable !== false;
}

/** Secrets or ids in user.cfg, from before there was a tfa.cfg. They mean something in realms that demand a factor only. */
function legacyKeys({ keys = '' }: SecondFactors): readonly string[] {
  return splitList(keys).filter((key) => !/^x(?:!.*)?$/.test(key));
}

export interface Answer {
  readonly kind: FactorKind;
  readonly value: string;
  /** Of yubico, webauthn and u2f: what their verification said. */
  readonly isVerified?: boolean;
}

const kinds: readonly string[] = ['totp', 'recovery', 'yubico', 'webauthn', 'u2f'];

/** `totp:123456` and the like; undefined for other text. */
export function parseAnswer(text: string): Answer | undefined {
  const [, kind, value] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? [];
  return kind === undefined || !kinds.includes(kind) ? undefined : { kind: kind as FactorKind, value: value! };
}

export interface Verdict extends Guarded {
  readonly isRight: boolean;
  /** For the log where it isn't right. */
  readonly message?: string;
}

/** Whether the answer lets the user in, and what becomes of factors and counters. */
export function judgeAnswer(
  second: SecondFactors,
  failures: Guarded['failures'],
  answer: Answer,
  now_s: number,
): Verdict {
  const before: Guarded = { factors: second.factors, failures };
  const refused = (message: string): Verdict => ({ ...before, isRight: false, message });
  if (isLocked(second.factors, now_s)) return refused('too many failures, second factors are locked');
  if (answer.kind === 'totp' && second.factors['totp-locked']) return refused('totp is locked');
  if (second.demand !== undefined && answer.kind !== 'recovery' && answer.kind !== second.demand.kind) {
    return refused(`realm requires ${second.demand.kind} authentication`);
  }
  const used = factorsAfterUse(second, answer, now_s);
  if (used === undefined) {
    const after = afterFailure(before, answer.kind, now_s);
    return { ...after, isRight: false, message: `wrong ${answer.kind} answer` };
  }
  return { ...afterSuccess({ factors: used, failures }), isRight: true };
}

function factorsAfterUse(
  second: SecondFactors,
  { kind, value, isVerified }: Answer,
  now_s: number,
): UserTfa | undefined {
  const { factors } = second;
  if (kind === 'totp') {
    const totp = useTotpCode(factors.totp ?? [], value, now_s);
    if (totp !== undefined) return { ...factors, totp };
    return isLegacyCode(second, value, now_s) ? factors : undefined;
  }
  if (kind === 'recovery') {
    const recovery = factors.recovery && useRecoveryCode(factors.recovery, value);
    return recovery && { ...factors, recovery };
  }
  return isVerified === true ? factors : undefined;
}

function isLegacyCode(second: SecondFactors, code: string, now_s: number): boolean {
  const { demand } = second;
  if (demand?.kind !== 'totp') return false;
  return legacyKeys(second).some((key) => {
    const secret = decodeOathSecret(key);
    if (secret === undefined || secret.length === 0) return false;
    const { digits, period_s } = demand;
    return matchingCounter({ secret, algorithm: 'SHA1', digits, period_s }, code, now_s) !== undefined;
  });
}
