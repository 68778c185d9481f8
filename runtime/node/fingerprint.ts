/** Fingerprints as people compare them. */
import { createHash, X509Certificate } from 'node:crypto';

/** SHA-256 in hex pairs with colons; undefined for what is no certificate. @param pem the first certificate counts */
export function certificateFingerprint(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256;
  } catch {
    return undefined;
  }
}

export function sha1Hex(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}
