/** Recovery codes as they are stored (spec/access.md §9.1). */
import { createHmac } from 'node:crypto';

/** Hex HMAC-SHA256 of a code, with the set's textual secret as key. */
export function recoveryDigest(code: string, secret: string): string {
  return createHmac('sha256', secret).update(code, 'utf8').digest('hex');
}
