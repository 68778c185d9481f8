/** Recovery keys: ten codes, each good for one login (spec/access.md §9.1). */
import { recoveryDigest } from '../../../runtime/formats/access/recovery-digest.ts';
import type { RecoveryKeys } from '../../../runtime/formats/access/tfa-config.ts';
import { isSameText } from './same-text.ts';

/** @param created_s seconds since 1970 */
export function makeRecoveryKeys(codes: readonly string[], secret: string, created_s: number): RecoveryKeys {
  return { secret, entries: codes.map((code) => recoveryDigest(code, secret)), created: created_s };
}

/** Indices of the codes that weren't used yet. */
export function availableCodes({ entries }: RecoveryKeys): readonly number[] {
  return entries.flatMap((entry, index) => (entry === null ? [] : [index]));
}

/** The keys after the code was used, or undefined where it is none of them, or was used before. */
export function useRecoveryCode(keys: RecoveryKeys, code: string): RecoveryKeys | undefined {
  const digest = recoveryDigest(code, keys.secret);
  const fitting = keys.entries.map((entry) => entry !== null && isSameText(entry, digest));
  const index = fitting.indexOf(true);
  return index === -1 ? undefined : { ...keys, entries: keys.entries.with(index, null) };
}
