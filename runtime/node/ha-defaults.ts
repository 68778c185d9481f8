/**
 * `/etc/default/pve-ha-manager`: settings of high availability that belong to one node. `WATCHDOG_MODULE` is the original's; ours, until
 * the notification system is there: `NOTIFY_MAIL_TO` (an address, or empty for none) and `NOTIFY_WEBHOOK` (an URL that gets the
 * notification as JSON by POST).
 */
import { readFileSync } from 'node:fs';

export interface HaDefaults {
  readonly mailTo: string | undefined;
  readonly webhook: string | undefined;
}

/** Read anew for each notification: it may have been changed meanwhile. */
export function readHaDefaults(path: string): HaDefaults {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Nothing is set.
  }
  const value = (key: string): string | undefined =>
    new RegExp(`^[ \\t]*${key}=["']?([^"'\\n]*)["']?[ \\t]*$`, 'm').exec(text)?.[1]?.trim();
  return { mailTo: value('NOTIFY_MAIL_TO'), webhook: value('NOTIFY_WEBHOOK') || undefined };
}
