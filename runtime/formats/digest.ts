import { createHash } from 'node:crypto';

/** SHA-256 over the concatenation of `parts`; 32 bytes. Pure, so that `machines/` may use it. */
export function sha256(...parts: readonly (Buffer | Uint8Array)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
