/** A client's handle of the watchdog: a promise to feed it (spec/ha.md §1.8, §10). */
import { haTimes } from '../times.ts';

const { watchdog_timeout_s } = haTimes();

export function isWatchdogExpired(fed_at: number, now: number, timeout_s = watchdog_timeout_s): boolean {
  return now - fed_at > timeout_s;
}
