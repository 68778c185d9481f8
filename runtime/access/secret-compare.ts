import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two secrets are the same text, in a time that tells nothing about either. */
export function isSameSecret(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(one), digest(other));
}
