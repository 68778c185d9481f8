/** `/etc/default/pveproxy` (spec/api.md §1.3): a shell fragment, read by a shell. */
import { existsSync } from 'node:fs';
import { runProgram } from '../node/run-command.ts';
import { type AccessList, readRanges } from './access-list.ts';

export const DEFAULT_KEYS = [
  'LISTEN_IP',
  'ALLOW_FROM',
  'DENY_FROM',
  'POLICY',
  'CIPHERS',
  'CIPHERSUITES',
  'HONOR_CIPHER_ORDER',
  'DHPARAMS',
  'DISABLE_TLS_1_2',
  'DISABLE_TLS_1_3',
  'TLS_KEY_FILE',
  'COMPRESSION',
  'PROXY_REAL_IP_HEADER',
  'PROXY_REAL_IP_ALLOW_FROM',
  'MAX_WORKERS',
] as const;

export type DefaultKey = (typeof DEFAULT_KEYS)[number];

export interface ProxyDefaults {
  readonly listenAddress: string | undefined;
  readonly accessList: AccessList;
  readonly ciphers: string | undefined;
  readonly cipherSuites: string | undefined;
  readonly honorsCipherOrder: boolean;
  readonly dhParameters: string | undefined;
  readonly tlsVersions: readonly ('TLSv1.2' | 'TLSv1.3')[];
  readonly keyFile: string | undefined;
  readonly compresses: boolean;
  /** Only for the access log. */
  readonly realAddress: { readonly header: string; readonly from: AccessList } | undefined;
  readonly workers: number;
}

const MOST_WORKERS = 127;

/** Values of the keys; none where the file is missing. */
export async function readDefaults(path: string): Promise<ReadonlyMap<DefaultKey, string>> {
  if (!existsSync(path)) return new Map();
  const script = `. "$0" >/dev/null 2>&1; printf '%s\\0' ${DEFAULT_KEYS.map((key) => `"\${${key}-}"`).join(' ')}`;
  const { stdout } = await runProgram('/bin/sh', ['-c', script, path]);
  const values = stdout.split('\0');
  return new Map(
    DEFAULT_KEYS.map((key, place) => [key, values[place] ?? ''] as const).filter(([, value]) => value !== ''),
  );
}

/** Fatal mistakes are a sentence; others only warn. */
export function proxyDefaults(
  values: ReadonlyMap<DefaultKey, string>,
  usualWorkers: number,
): { readonly defaults: ProxyDefaults; readonly warnings: readonly string[] } | { readonly error: string } {
  const flag = (key: DefaultKey, usual: boolean): boolean | undefined => {
    const value = values.get(key);
    if (value === undefined) return usual;
    return value === '1' ? true : value === '0' ? false : undefined;
  };
  for (const key of ['HONOR_CIPHER_ORDER', 'DISABLE_TLS_1_2', 'DISABLE_TLS_1_3', 'COMPRESSION'] as const) {
    if (flag(key, false) === undefined) return { error: `unknown value '${values.get(key)}' - use 0 or 1` };
  }
  const policy = values.get('POLICY') ?? 'allow';
  if (policy !== 'allow' && policy !== 'deny') return { error: `unknown policy '${policy}'` };
  const allow = readRanges(values.get('ALLOW_FROM') ?? '');
  if (typeof allow === 'string') return { error: allow };
  const deny = readRanges(values.get('DENY_FROM') ?? '');
  if (typeof deny === 'string') return { error: deny };
  const believed = readRanges(values.get('PROXY_REAL_IP_ALLOW_FROM') ?? 'all');
  if (typeof believed === 'string') return { error: believed };
  const tlsVersions = (['TLSv1.2', 'TLSv1.3'] as const).filter(
    (version) => !flag(version === 'TLSv1.2' ? 'DISABLE_TLS_1_2' : 'DISABLE_TLS_1_3', false),
  );
  if (tlsVersions.length === 0) return { error: 'TLS 1.2 and 1.3 are both disabled' };
  const { workers, warnings } = workerCount(values.get('MAX_WORKERS'), usualWorkers);
  const header = values.get('PROXY_REAL_IP_HEADER');
  return {
    warnings,
    defaults: {
      listenAddress: values.get('LISTEN_IP'),
      accessList: { allow, deny, policy },
      ciphers: values.get('CIPHERS'),
      cipherSuites: values.get('CIPHERSUITES'),
      honorsCipherOrder: flag('HONOR_CIPHER_ORDER', true)!,
      dhParameters: values.get('DHPARAMS'),
      tlsVersions,
      keyFile: values.get('TLS_KEY_FILE'),
      compresses: flag('COMPRESSION', true)!,
      realAddress:
        header === undefined
          ? undefined
          : { header: header.toLowerCase(), from: { allow: believed, deny: [], policy: 'deny' } },
      workers,
    },
  };
}

/** @param written value of MAX_WORKERS */
export function workerCount(
  written: string | undefined,
  usual: number,
): { readonly workers: number; readonly warnings: readonly string[] } {
  if (written === undefined) return { workers: usual, warnings: [] };
  const workers = Number(written);
  if (/^[0-9]+$/.test(written) && workers >= 1 && workers <= MOST_WORKERS) return { workers, warnings: [] };
  const warning = `invalid value '${written}' of MAX_WORKERS, using ${usual}; 1 to ${MOST_WORKERS} are valid`;
  return { workers: usual, warnings: [warning] };
}
