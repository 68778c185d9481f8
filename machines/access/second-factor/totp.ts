/**
 * Checks a code against the TOTP devices of a user (spec/access.md §9.1, RFC 6238).
 *
 *  I1 A code is accepted in its own step and in the one before and after it.
 *  I2 A counter is accepted once, and none that is older than one that was accepted.
 */
import type { TfaEntry } from '../../../runtime/formats/access/tfa-config.ts';
import { totpCode } from '../../../runtime/formats/access/totp-code.ts';
import { readTotpUri, type TotpParameters } from '../../../runtime/formats/access/totp-uri.ts';
import { isSameText } from './same-text.ts';

/** The forms of `entry` in the file. */
type StoredTotp = string | { readonly totp: string; readonly 'last-count'?: number };

/** The counter that the code is right for now, or undefined. @param lastCount the last one that was accepted */
export function matchingCounter(
  parameters: TotpParameters,
  code: string,
  now_s: number,
  lastCount = -1,
): number | undefined {
  const current = Math.floor(now_s / parameters.period_s);
  const counters = [current - 1, current, current + 1].filter((counter) => counter >= 0 && counter > lastCount);
  // Each is computed, whichever fits: time tells nothing.
  const fitting = counters.filter((counter) => isSameText(totpCode(parameters, counter), code));
  return fitting[0];
}

/** The devices after the code was used on one of them, or undefined where it fits none that is enabled. */
export function useTotpCode(
  entries: readonly TfaEntry[],
  code: string,
  now_s: number,
): readonly TfaEntry[] | undefined {
  for (const [index, entry] of entries.entries()) {
    const stored = entry.entry as StoredTotp;
    const uri = typeof stored === 'string' ? stored : stored.totp;
    const read = readTotpUri(uri);
    if (entry.enable === false || 'error' in read) continue;
    const lastCount = typeof stored === 'string' ? undefined : stored['last-count'];
    const counter = matchingCounter(read.totp, code, now_s, lastCount);
    if (counter !== undefined) return entries.with(index, { ...entry, entry: { totp: uri, 'last-count': counter } });
  }
  return undefined;
}
