/** Codes of RFC 6238. */

import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import type { TotpParameters } from './totp-uri.ts';

/** The code of a counter: `digits` decimal digits. */
export function totpCode({ secret, algorithm, digits }: TotpParameters, counter: number): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const digest = createHmac(algorithm.toLowerCase(), secret).update(message).digest();
  const offset = digest.at(-1)! & 0x0f;
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}
