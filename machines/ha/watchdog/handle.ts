/** A client's handle of the watchdog: a promise to feed it (spec/ha.md §1.8, §10). */

export const CLIENT_TIMEOUT_S = 60;

export function isWatchdogExpired(fed_at: number, now: number): boolean {
  return now - fed_at > CLIENT_TIMEOUT_S;
}
