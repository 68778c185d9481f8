/**
 * How old a ticket may be, by the key that signed it, and when the signing key is replaced (spec/api.md §4.4). Ages are
 * seconds; both limits are exclusive.
 *
 *  I1 No key verifies a ticket that is two hours old.
 *  I2 The old key verifies no ticket that is dated more than the leeway after the key was replaced.
 */

export interface AgeWindow {
  readonly min_age_s: number;
  readonly max_age_s: number;
}

/** Clocks of nodes may differ by this. */
const leeway_s = 300;
const lifetime_s = 7200;
const keyLifetime_s = 86_400;

/** Of tickets and CSRF tokens. */
export const ticketWindow: AgeWindow = { min_age_s: -leeway_s, max_age_s: lifetime_s };

/** Of console and tunnel tickets, signed by the current key. */
export const consoleWindow: AgeWindow = { min_age_s: -20, max_age_s: 40 };

export function isWithin(window: AgeWindow, age_s: number): boolean {
  return age_s > window.min_age_s && age_s < window.max_age_s;
}

export interface CurrentKey {
  readonly public_key_mtime_s: number;
  readonly isQuorate: boolean;
}

/** The current key signed nothing before it was made; where the cluster could have replaced it, nothing after that was due. */
export function currentKeyWindow({ public_key_mtime_s, isQuorate }: CurrentKey, now_s: number): AgeWindow {
  const keyAge_s = now_s - public_key_mtime_s;
  const max_age_s = keyAge_s < lifetime_s ? Math.min(lifetime_s, keyAge_s + leeway_s) : lifetime_s;
  const wasDue = keyAge_s > keyLifetime_s && isQuorate;
  return { min_age_s: wasDue ? Math.max(-leeway_s, keyAge_s - keyLifetime_s) : -leeway_s, max_age_s };
}

/** @param old_key_mtime_s when `authkey.pub.old` was written, which is when its successor took over */
export function oldKeyWindow(old_key_mtime_s: number, now_s: number): AgeWindow {
  return { min_age_s: Math.max(-leeway_s, now_s - old_key_mtime_s - leeway_s), max_age_s: lifetime_s };
}

export interface KeyFiles {
  readonly public_key_mtime_s: number;
  /** Undefined: there is no old key. */
  readonly old_key_mtime_s: number | undefined;
}

/** Whether a new signing key is due. Making one needs quorum; without it the key simply lives on. */
export function isRotationDue({ public_key_mtime_s, old_key_mtime_s }: KeyFiles, now_s: number): boolean {
  const keyAge_s = now_s - public_key_mtime_s;
  if (keyAge_s >= keyLifetime_s) return true;
  if (keyAge_s >= -leeway_s) return false;
  // Dated in the future: the clock was wrong when it was made. Tickets of the old key must not lose their key for that.
  return old_key_mtime_s === undefined || now_s - old_key_mtime_s >= lifetime_s;
}
