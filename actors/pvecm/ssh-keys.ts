/**
 * The ssh access of root between nodes (spec/pmxcfs.md §8.6): one list of authorised keys in the tree that every node's
 * `/root/.ssh/authorized_keys` links to, and each node's host key below `nodes/`.
 *
 * Only where root has a `.ssh` folder: what isn't there isn't used.
 */
import { Buffer } from 'node:buffer';
import {
  isHostDirectory,
  linkTarget,
  reachesHostFile,
  readHostFile,
  replaceByLink,
  replaceHostFile,
} from '../../runtime/node/host-files.ts';
import { runProgram } from '../../runtime/node/run-command.ts';
import { belowRoot, type PvecmPorts } from './ports.ts';

const AUTHORIZED_KEYS = 'priv/authorized_keys';

/** Adds this node's root key and authorised keys to the cluster's list, and makes its own list a link to that. */
export async function mergeRootKeys({ layout, client }: PvecmPorts): Promise<void> {
  const folder = belowRoot(layout, 'root/.ssh');
  if (!isHostDirectory(folder)) return;
  const link = `${folder}/authorized_keys`;
  const target = client.fullPath(AUTHORIZED_KEYS);
  const isLinked = linkTarget(link) === target;
  const present = (await client.read(AUTHORIZED_KEYS))?.toString('latin1') ?? '';
  const own = isLinked ? '' : (readHostFile(link)?.toString('latin1') ?? '');
  const merged = mergeKeyLines([present, await rootPublicKey(folder), own]);
  if (merged !== present) {
    await client.makeDirectories('priv');
    await client.replace(AUTHORIZED_KEYS, Buffer.from(merged, 'latin1'));
  }
  // Without a mount the link would lead nowhere and lock root out.
  if (!isLinked && reachesHostFile(target)) replaceByLink(link, target);
}

/** Lines in their order, the first one of each key. Lines without a key (comments) are dropped. */
export function mergeKeyLines(texts: readonly string[]): string {
  const lines = new Map<string, string>();
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    const key = keyOf(line);
    if (key !== undefined && !lines.has(key)) lines.set(key, line.trim());
  }
  return [...lines.values()].map((line) => `${line}\n`).join('');
}

/** Publishes this node's host key as `nodes/<n>/ssh_known_hosts`, where it has one. */
export async function publishHostKey({ layout, client }: PvecmPorts, name: string): Promise<void> {
  const text = readHostFile(belowRoot(layout, 'etc/ssh/ssh_host_rsa_key.pub'))?.toString('latin1') ?? '';
  const [, key] = /^ssh-rsa\s+(\S+)/.exec(text) ?? [];
  if (key === undefined) return;
  const path = `nodes/${name}/ssh_known_hosts`;
  const content = Buffer.from(`${name} ssh-rsa ${key}\n`, 'latin1');
  if ((await client.read(path))?.equals(content)) return;
  await client.replace(path, content);
}

/** `--unmerge-known-hosts`: a host's list that links to the cluster's old merged one becomes a file of its own again. */
export async function unmergeKnownHosts({ layout, client }: PvecmPorts): Promise<void> {
  const path = belowRoot(layout, 'etc/ssh/ssh_known_hosts');
  if (linkTarget(path) !== client.fullPath('priv/known_hosts')) return;
  replaceHostFile(path, (await client.read('priv/known_hosts')) ?? Buffer.alloc(0), 0o644);
}

/** Root's own public key; made where there is none and ssh is installed. */
async function rootPublicKey(folder: string): Promise<string> {
  const key = `${folder}/id_rsa`;
  if (!reachesHostFile(key) && !reachesHostFile(`${key}.pub`)) {
    await runProgram('ssh-keygen', ['-q', '-t', 'rsa', '-b', '4096', '-N', '', '-f', key]);
  }
  return readHostFile(`${key}.pub`)?.toString('latin1') ?? '';
}

/** The base64 part of a line of authorised keys, which may have options before it. */
function keyOf(line: string): string | undefined {
  if (line.trimStart().startsWith('#')) return undefined;
  return /(?:^|\s)(?:ssh-|ecdsa-|sk-)\S+\s+([A-Za-z0-9+/]+=*)/.exec(line)?.[1];
}
