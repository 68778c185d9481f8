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

export interface CertificateDescription {
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** Seconds since 1970. */
  readonly notbefore: number;
  readonly notafter: number;
  readonly san: readonly string[];
  readonly pem: string;
  readonly 'public-key-type': string;
  readonly 'public-key-bits'?: number;
}

/** Undefined for what is no certificate. */
export function describeCertificate(pem: string): CertificateDescription | undefined {
  try {
    const certificate = new X509Certificate(pem);
    const { asymmetricKeyType = '', asymmetricKeyDetails } = certificate.publicKey;
    const bits = asymmetricKeyDetails?.modulusLength;
    const names = certificate.subjectAltName?.split(', ') ?? [];
    return {
      fingerprint: certificate.fingerprint256,
      subject: nameOf(certificate.subject),
      issuer: nameOf(certificate.issuer),
      notbefore: Date.parse(certificate.validFrom) / 1000,
      notafter: Date.parse(certificate.validTo) / 1000,
      san: names.map((name) => name.replace(/^(?:DNS|IP Address):/, '')),
      pem,
      'public-key-type': asymmetricKeyType === 'rsa' ? 'rsaEncryption' : asymmetricKeyType,
      ...(bits !== undefined && { 'public-key-bits': bits }),
    };
  } catch {
    return undefined;
  }
}

/** `/CN=…/OU=…` */
function nameOf(lines: string): string {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `/${line}`)
    .join('');
}
