/**
 * Keys and certificates of a node (spec/pmxcfs.md §8.6), made by the `openssl` program: Node can read a certificate but not make one.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, randomUUID, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addressFamily } from '../formats/host-address.ts';
import { runProgram } from './run-command.ts';

const MS_PER_DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 730;
/** A server certificate ends this much before its authority. */
const DAYS_BEFORE_AUTHORITY = 2;
const LEAST_AUTHORITY_DAYS = 14;

/**
 * A new RSA key, PKCS #8 in PEM. In a process of its own, since Node's end waits for a key that it is making itself, for seconds; by Node
 * where there is no `openssl`.
 */
export async function newRsaKey(bits: number): Promise<string> {
  const made = await runProgram('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]);
  if (made.code === 0) return made.stdout;
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return privateKey;
}

/** The public half of a private key, both in PEM. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }) as string;
}

/** The self-signed certificate of a new cluster authority. Throws a sentence. */
export function makeAuthority(key: string): Promise<string> {
  const config = [
    '[req]',
    'prompt = no',
    'distinguished_name = name',
    'x509_extensions = extensions',
    '[name]',
    'commonName = Proxmox Virtual Environment',
    `organizationalUnitName = ${randomUUID()}`,
    'organizationName = PVE Cluster Manager CA',
    '[extensions]',
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid',
    'basicConstraints = critical, CA:TRUE',
    'keyUsage = critical, keyCertSign, cRLSign',
  ];
  return withFiles({ key, config: config.join('\n') }, ({ key: keyFile, config: configFile }) =>
    openssl(['req', '-batch', '-new', '-x509', '-sha256', '-utf8', '-days', String(AUTHORITY_DAYS)], {
      '-key': keyFile,
      '-config': configFile,
    }),
  );
}

export interface ServerCertificateRequest {
  readonly authority: { readonly key: string; readonly certificate: string };
  readonly key: string;
  /** Hexadecimal. */
  readonly serial: string;
  readonly commonName: string;
  /** Addresses and host names, each once. */
  readonly alternativeNames: readonly string[];
  readonly wall_ms: number;
}

/** A server certificate, signed by the authority. Throws a sentence. */
export async function makeServerCertificate(request: ServerCertificateRequest): Promise<string> {
  const { authority, key, serial, commonName, alternativeNames, wall_ms } = request;
  const left_days = Math.floor((Date.parse(new X509Certificate(authority.certificate).validTo) - wall_ms) / MS_PER_DAY);
  if (left_days < LEAST_AUTHORITY_DAYS) {
    throw new Error(
      `the cluster's root certificate is valid for ${left_days} more days, at least ${LEAST_AUTHORITY_DAYS} are needed; remove pve-root-ca.pem and priv/pve-root-ca.key to get a new one`,
    );
  }
  const config = ['[req]', 'prompt = no', 'distinguished_name = name', '[name]', `commonName = ${commonName}`];
  const extensions = [
    'basicConstraints = CA:FALSE',
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid',
    'extendedKeyUsage = serverAuth',
    `subjectAltName = ${alternativeNames.map((name) => `${addressFamily(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',')}`,
  ];
  const inputs = {
    key,
    config: config.join('\n'),
    extensions: extensions.join('\n'),
    authorityKey: authority.key,
    authority: authority.certificate,
  };
  return withFiles(inputs, async (files) => {
    const signingRequest = await openssl(['req', '-batch', '-new', '-sha256', '-utf8'], {
      '-key': files.key,
      '-config': files.config,
    });
    const days = Math.min(SERVER_DAYS, left_days - DAYS_BEFORE_AUTHORITY);
    return openssl(
      ['x509', '-req', '-sha256', '-days', String(days), '-set_serial', `0x${serial}`],
      { '-CA': files.authority, '-CAkey': files.authorityKey, '-extfile': files.extensions },
      signingRequest,
    );
  });
}

/** True where `certificate` is signed by `authority` for `key`. Anything that can't be read is not. */
export function isIssuedBy(certificate: string, key: string, authority: string): boolean {
  try {
    const issued = new X509Certificate(certificate);
    return issued.verify(new X509Certificate(authority).publicKey) && issued.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** True where `openssl` can be started. */
export async function hasOpenssl(): Promise<boolean> {
  return (await runProgram('openssl', ['version'])).code === 0;
}

async function openssl(args: readonly string[], files: Readonly<Record<string, string>>, input?: string) {
  const options = input === undefined ? {} : { input };
  const result = await runProgram('openssl', [...args, ...Object.entries(files).flat()], options);
  if (result.code === 0) return result.stdout;
  if (result.reason !== undefined) {
    throw new Error(`certificates need openssl, and it can't be run (${result.reason}); apt-get install openssl`);
  }
  throw new Error(`openssl ${args[0]} failed: ${result.stderr.trim().split('\n').at(-1)}`);
}

/** Runs `use` with the texts as files that only the owner can read, for as long as it takes. */
async function withFiles<Name extends string, T>(
  texts: Readonly<Record<Name, string>>,
  use: (paths: Readonly<Record<Name, string>>) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'pvecm-'));
  try {
    const paths: Partial<Record<Name, string>> = {};
    for (const name of Object.keys(texts) as Name[]) {
      const path = join(folder, name);
      writeFileSync(path, texts[name], { mode: 0o600 });
      paths[name] = path;
    }
    return await use(paths as Record<Name, string>);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
