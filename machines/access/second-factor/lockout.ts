/**
 * Locks second factors after too many wrong answers (spec/access.md §9.1).
 *
 *  I1 8 wrong TOTP codes in a row lock TOTP, until another factor succeeds or an administrator unlocks.
 *  I2 100 wrong answers of any kind in a row lock all factors for an hour.
 *  I3 A success ends both rows; that of a locked factor is none.
 */
import type { UserTfa } from '../../../runtime/formats/access/tfa-config.ts';

export type FactorKind = 'totp' | 'recovery' | 'yubico' | 'webauthn' | 'u2f';

/** Kept per user outside tfa.cfg: how many answers in a row were wrong. */
export interface FailureCounters {
  readonly totp: number;
  readonly any: number;
}

export const noFailures: FailureCounters = { totp: 0, any: 0 };

const totpLimit = 8;
const limit = 100;
const lock_s = 3600;

export interface Guarded {
  readonly factors: UserTfa;
  readonly failures: FailureCounters;
}

/** Whether no factor is accepted now. */
export function isLocked(factors: UserTfa, now_s: number): boolean {
  return (factors['tfa-locked-until'] ?? 0) > now_s;
}

export function afterFailure({ factors, failures }: Guarded, kind: FactorKind, now_s: number): Guarded {
  const totp = kind === 'totp' ? failures.totp + 1 : failures.totp;
  const any = failures.any + 1;
  const locksAll = any >= limit;
  return {
    failures: { totp, any: locksAll ? 0 : any },
    factors: {
      ...factors,
      ...(totp >= totpLimit && { 'totp-locked': true }),
      ...(locksAll && { 'tfa-locked-until': now_s + lock_s }),
    },
  };
}

export function afterSuccess({ factors }: Guarded): Guarded {
  return { factors: withoutLocks(factors), failures: noFailures };
}

/** What an administrator does. */
export function unlocked(factors: UserTfa, now_s: number): { readonly factors: UserTfa; readonly wasLocked: boolean } {
  return { factors: withoutLocks(factors), wasLocked: Boolean(factors['totp-locked']) || isLocked(factors, now_s) };
}

function withoutLocks(factors: UserTfa): UserTfa {
  const { 'totp-locked': _totp, 'tfa-locked-until': _until, ...others } = factors;
  return others;
}
