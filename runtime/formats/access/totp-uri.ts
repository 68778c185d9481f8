/** `otpauth://totp/…`: the secret and parameters of a TOTP device (spec/access.md §9.1). */
import { Buffer } from 'node:buffer';

export type TotpAlgorithm = 'SHA1' | 'SHA256' | 'SHA512';

export interface TotpParameters {
  readonly secret: Buffer;
  readonly algorithm: TotpAlgorithm;
  /** 6 to 8. */
  readonly digits: number;
  readonly period_s: number;
  readonly issuer?: string;
  readonly account?: string;
}

export type TotpReading = { readonly totp: TotpParameters } | { readonly error: string };

const algorithms: readonly string[] = ['SHA1', 'SHA256', 'SHA512'];

export function readTotpUri(uri: string): TotpReading {
  const [, label, query] = /^otpauth:\/\/totp\/([^?]*)\?([^#]*)$/.exec(uri) ?? [];
  if (label === undefined || query === undefined) return { error: 'not an otpauth uri of a totp device' };
  const values = new Map<string, string>();
  for (const pair of query.split('&')) {
    const [key = '', value = ''] = pair.split(/=(.*)/s);
    const decoded = unescaped(value);
    if (decoded === undefined) return { error: `bad escape in '${key}'` };
    if (values.has(key)) return { error: `'${key}' is given twice` };
    values.set(key, decoded);
  }
  return parametersOf(values, unescaped(label));
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parametersOf(values: ReadonlyMap<string, string>, label: string | undefined): TotpReading {
  const secret = decodeBase32(values.get('secret') ?? '');
  if (secret === undefined || secret.length === 0) return { error: 'missing or bad secret' };
  const algorithm = (values.get('algorithm') ?? 'SHA1').toUpperCase();
  if (!algorithms.includes(algorithm)) return { error: `unknown algorithm '${algorithm}'` };
  const digits = positive(values.get('digits') ?? '6');
  if (digits === undefined || digits < 6 || digits > 8) return { error: 'digits must be 6 to 8' };
  const period_s = positive(values.get('period') ?? '30');
  if (period_s === undefined) return { error: 'bad period' };
  const issuer = values.get('issuer');
  const account = label?.slice(label.indexOf(':') + 1).trim();
  return {
    totp: {
      secret,
      algorithm: algorithm as TotpAlgorithm,
      digits,
      period_s,
      ...(issuer !== undefined && { issuer }),
      ...(account && { account }),
    },
  };
}

function positive(text: string): number | undefined {
  return /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Any case, with or without padding; undefined for other characters. */
export function decodeBase32(text: string): Buffer | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let pending = 0;
  for (const character of text.toUpperCase().replace(/=+$/, '')) {
    const value = base32.indexOf(character);
    if (value === -1) return undefined;
    pending = ((pending << 5) | value) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((pending >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}

/**
 * The secret of a legacy key in user.cfg (format `pve-tfa-secret`): `v2-0x` and hex, `v2-` and base32, or, as old releases wrote it,
 * 16 characters of base32 or 40 hex digits. Undefined for other text.
 */
export function decodeOathSecret(text: string): Buffer | undefined {
  const hex = /^v2-0x([0-9a-fA-F]{16,128})$/.exec(text)?.[1] ?? /^([0-9a-fA-F]{40})$/.exec(text)?.[1];
  if (hex !== undefined) return Buffer.from(hex, 'hex');
  const letters = /^v2-([A-Z2-7=]{16,128})$/.exec(text)?.[1] ?? /^([A-Z2-7=]{16})$/.exec(text)?.[1];
  return letters === undefined ? undefined : decodeBase32(letters);
}
