/**
 * `pvecm updatecerts` (spec/pmxcfs.md §8.6): makes what is missing of a node's directories, keys and certificates, and of
 * what all nodes share. Existing files are left as they are, but for the node's certificate where it no longer fits.
 */
import { Buffer } from 'node:buffer';
import { OBSERVED_PATHS } from '../../machines/pmxcfs/tree/change-counters.ts';
import {
  isIssuedBy,
  makeAuthority,
  makeServerCertificate,
  newRsaKey,
  publicKeyOf,
} from '../../runtime/node/certificates.ts';
import { hasHostEntry, readHostFile, replaceByLink } from '../../runtime/node/host-files.ts';
import { ownAddress } from '../../runtime/node/host-identity.ts';
import { makeNodeDirectories } from './admit-node.ts';
import { PvecmFailure } from './failure.ts';
import { fileLockId, withClusterLock } from './locks.ts';
import { belowRoot, type PvecmPorts, printLine, sleep, within } from './ports.ts';
import { mergeRootKeys, publishHostKey, unmergeKnownHosts } from './ssh-keys.ts';

export interface UpdateOptions {
  readonly nodeName: string;
  /** Renew the node's certificate in any case. */
  readonly force?: boolean;
  /** Say nothing. */
  readonly silent?: boolean;
  readonly unmergeKnownHosts?: boolean;
}

const WITHIN_MS = 80_000;
const POLL_MS = 100;
const PROGRESS_EVERY_MS = 5000;

const AUTHORITY_KEY = 'priv/pve-root-ca.key';
const AUTHORITY_CERTIFICATE = 'pve-root-ca.pem';
const AUTHORITY_SERIAL = 'priv/pve-root-ca.srl';
const FIRST_SERIAL = '0000000000000000';

const VZDUMP_CRON = `# Backup jobs of the whole cluster. Written by the cluster's tools: don't edit.

PATH="/usr/sbin:/usr/bin:/sbin:/bin"

`;

/** Waits for quorum, then makes what is missing; all within 80 s. Throws a sentence. */
export function updateCertificates(ports: PvecmPorts, options: UpdateOptions): Promise<void> {
  const late = new PvecmFailure(
    'got timeout when trying to ensure cluster certificates and base file hierarchy is set up - no quorum (yet) or hung pmxcfs?',
  );
  let isLate = false;
  const steps = async () => {
    await waitForTree(ports, options, () => isLate);
    await makeMissing(ports, options);
  };
  return within(ports.clock, WITHIN_MS, steps, late).finally(() => {
    isLate = true;
  });
}

async function waitForTree(ports: PvecmPorts, { silent }: UpdateOptions, isLate: () => boolean): Promise<void> {
  const { client, clock } = ports;
  let told_ms = clock.monotonic_ms();
  while (!(await client.describeIfRunning())?.ready && !isLate()) {
    if (clock.monotonic_ms() - told_ms >= PROGRESS_EVERY_MS) {
      if (!silent) printLine(ports, 'waiting for pmxcfs mount to appear and get quorate...');
      told_ms = clock.monotonic_ms();
    }
    await sleep(clock, POLL_MS);
  }
}

async function makeMissing(ports: PvecmPorts, options: UpdateOptions): Promise<void> {
  const { client } = ports;
  const { nodeName } = options;
  await client.makeDirectories('priv');
  await makeNodeDirectories(ports, nodeName);
  await makeTicketKeys(ports);
  await keyAt(ports, 'pve-www.key', 2048);
  await mergeRootKeys(ports);
  await publishHostKey(ports, nodeName);
  if (options.unmergeKnownHosts) await unmergeKnownHosts(ports);
  await makeBackupSchedule(ports);
  await makeObservedDirectories(ports, options);
  await makeCertificates(ports, options);
}

/** The pair that signs login tickets. Both halves are written under one lock, since other nodes may do the same. */
async function makeTicketKeys(ports: PvecmPorts): Promise<void> {
  const { client } = ports;
  const isThere = async () => (await client.exists('priv/authkey.key')) && (await client.exists('authkey.pub'));
  if (await isThere()) return;
  await withClusterLock(ports, 'authkey', async () => {
    if (await isThere()) return;
    const key = await keyAt(ports, 'priv/authkey.key', 2048);
    await client.replace('authkey.pub', Buffer.from(publicKeyOf(key)));
  });
}

async function makeCertificates(ports: PvecmPorts, { nodeName, force }: UpdateOptions): Promise<void> {
  const { client, clock } = ports;
  const authority = await authorityOf(ports);
  const key = await keyAt(ports, `nodes/${nodeName}/pve-ssl.key`, 2048);
  const path = `nodes/${nodeName}/pve-ssl.pem`;
  const present = await client.read(path);
  if (!force && present !== undefined && isIssuedBy(present.toString(), key, authority.certificate)) return;
  const { commonName, alternativeNames } = await namesOfNode(ports, nodeName);
  const serial = await nextSerial(ports);
  const request = { authority, key, serial, commonName, alternativeNames, wall_ms: clock.wall_ms() };
  await client.replace(path, Buffer.from(await makeServerCertificate(request)));
}

/** The cluster's own authority; made once, by whichever node comes first. */
async function authorityOf(ports: PvecmPorts): Promise<{ readonly key: string; readonly certificate: string }> {
  const { client } = ports;
  const make = async () => {
    const key = await keyAt(ports, AUTHORITY_KEY, 4096);
    return { key, certificate: await textAt(ports, AUTHORITY_CERTIFICATE, () => makeAuthority(key)) };
  };
  if ((await client.exists(AUTHORITY_KEY)) && (await client.exists(AUTHORITY_CERTIFICATE))) return make();
  return withClusterLock(ports, fileLockId(AUTHORITY_CERTIFICATE), make);
}

/** Two certificates of one authority must never share a serial, so the count goes up under a lock. */
function nextSerial(ports: PvecmPorts): Promise<string> {
  return withClusterLock(ports, fileLockId(AUTHORITY_SERIAL), async () => {
    const { client } = ports;
    const last = (await client.read(AUTHORITY_SERIAL))?.toString('latin1').trim() ?? FIRST_SERIAL;
    if (!/^[0-9A-Fa-f]{1,32}$/.test(last)) {
      throw new PvecmFailure(`'${client.fullPath(AUTHORITY_SERIAL)}' does not hold a serial number`);
    }
    const next = (BigInt(`0x${last}`) + 1n).toString(16).toUpperCase().padStart(last.length, '0');
    await client.replace(AUTHORITY_SERIAL, Buffer.from(`${next}\n`));
    return next;
  });
}

/** By which names and addresses clients may reach this node. */
async function namesOfNode({ layout, client }: PvecmPorts, nodeName: string) {
  const domain = searchDomain(readHostFile(belowRoot(layout, 'etc/resolv.conf'))?.toString() ?? '');
  const commonName = domain === undefined ? nodeName : `${nodeName}.${domain}`;
  const { cluster } = await client.describe();
  const member = cluster?.nodes.find(({ name }) => name === nodeName);
  const address = member?.addresses[0] ?? (await ownAddress(nodeName));
  const names = ['127.0.0.1', '::1', 'localhost', ...(address === undefined ? [] : [address]), nodeName, commonName];
  return { commonName, alternativeNames: [...new Set(names)] };
}

/** The last of `search` and `domain` counts, and of its domains the first. */
export function searchDomain(resolvConf: string): string | undefined {
  const lines = [...resolvConf.matchAll(/^\s*(?:search|domain)\s+([A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9])\b/gm)];
  return lines.at(-1)?.[1];
}

async function makeBackupSchedule({ layout, client }: PvecmPorts): Promise<void> {
  if (!(await client.exists('vzdump.cron'))) await client.replace('vzdump.cron', Buffer.from(VZDUMP_CRON));
  const link = belowRoot(layout, 'etc/cron.d/vzdump');
  if (!hasHostEntry(link)) replaceByLink(link, client.fullPath('vzdump.cron'));
}

async function makeObservedDirectories(ports: PvecmPorts, { silent }: UpdateOptions): Promise<void> {
  const { client } = ports;
  const folders = OBSERVED_PATHS.filter((path) => path.includes('/')).map((path) =>
    path.slice(0, path.lastIndexOf('/')),
  );
  for (const folder of new Set(folders)) {
    if (await client.exists(folder)) continue;
    if (!silent) printLine(ports, `creating directory '${client.fullPath(folder)}' for observed files`);
    await client.makeDirectories(folder);
  }
}

/** The private key at `path`, made where it is missing. */
function keyAt(ports: PvecmPorts, path: string, bits: number): Promise<string> {
  return textAt(ports, path, () => newRsaKey(bits));
}

async function textAt({ client }: PvecmPorts, path: string, make: () => Promise<string>): Promise<string> {
  const present = await client.read(path);
  if (present !== undefined && present.length > 0) return present.toString();
  const made = await make();
  await client.replace(path, Buffer.from(made));
  return made;
}
