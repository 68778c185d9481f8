/** The log lines of link supervision, in the words that administrators of such clusters know. */
import type { Log } from '../log/log.ts';
import type { LinkEvent } from './peer-links.ts';
import type { DropCause } from './peer-sessions.ts';

export const KNET_DOMAIN = 'KNET';

/** Logs what changed on the links to `host`, a node id. */
export function logLinkEvents(log: Log, host: number, events: readonly LinkEvent[]): void {
  for (const event of events) {
    if (event.type === 'up') log.write(KNET_DOMAIN, 'info', `rx: host: ${host} link: ${event.link} is up`);
    if (event.type === 'down') log.write(KNET_DOMAIN, 'info', `link: host: ${host} link: ${event.link} is down`);
    if (event.type !== 'best') continue;
    log.write(KNET_DOMAIN, 'info', `host: host: ${host} (passive) best link: ${event.link} (pri: ${event.priority})`);
    if (!event.active) log.write(KNET_DOMAIN, 'warning', `host: host: ${host} has no active links`);
  }
}

/** What a cause of dropped datagrams means for an administrator; the other causes are daily life, or noise of strangers. */
const sentences: Partial<Record<DropCause, string>> = {
  tag: "sends datagrams that can't be authenticated: is the authkey the same on all nodes?",
  version: 'sends datagrams of a version that is not known here: upgrade the node with the older release',
  'wrong-cluster':
    'sends datagrams of another cluster: give each cluster on this network its own totem.cluster_name or ports',
  misdirected:
    'sends datagrams that are meant for another node: are the addresses and nodeids the same in all node lists?',
  self: "sends datagrams with this node's own id: does another node have the same nodeid?",
  'unknown-sender': 'sends datagrams but is not in the node list: add it, or stop it',
};

/** Logs a cause that a person should know of; call it at the first drop only. `host` is undefined for a stranger. */
export function logFirstDrop(log: Log, host: number | undefined, cause: DropCause): void {
  const sentence = sentences[cause];
  if (sentence === undefined) return;
  log.write(KNET_DOMAIN, 'warning', `rx: ${host === undefined ? 'a host' : `host: ${host}`} ${sentence}`);
}

/** Logs that datagrams with the id of `host` come from an address which isn't its own. */
export function logClaim(
  log: Log,
  host: number,
  link: number,
  { address, from }: { readonly address: string; readonly from: string },
): void {
  log.write(
    KNET_DOMAIN,
    'warning',
    `rx: host: ${host} link: ${link} datagrams with this nodeid come from ${from}, not from ${address}: is the nodeid used twice, or a node list out of date?`,
  );
}
