/** What an administrator puts on the nodes of a new cluster: one `corosync.conf` and one key. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { NodeLayout } from '../../runtime/node/layout.ts';

export interface ListedNode {
  readonly name: string;
  /** One per link. */
  readonly addresses: readonly string[];
  /** Default: its place in the list, from 1. */
  readonly nodeid?: number;
}

export interface ClusterFilesOptions {
  readonly clusterName?: string;
  /** Lines of the section `totem`. */
  readonly totem?: readonly string[];
  /** Port of link 0. */
  readonly port?: number;
}

/** The text of a `corosync.conf`. */
export function corosyncConf(nodes: readonly ListedNode[], options: ClusterFilesOptions = {}): string {
  const { clusterName = 'test', totem = [], port } = options;
  const entries = nodes.map(
    ({ name, addresses, nodeid }, index) => `  node {
    name: ${name}
    nodeid: ${nodeid ?? index + 1}
    quorum_votes: 1
${addresses.map((address, link) => `    ring${link}_addr: ${address}`).join('\n')}
  }`,
  );
  const links = Math.max(...nodes.map(({ addresses }) => addresses.length));
  const interfaces = Array.from({ length: links }, (_, link) => {
    const mcastport = port === undefined ? '' : `\n    mcastport: ${port + link}`;
    return `  interface {\n    linknumber: ${link}${mcastport}\n  }`;
  });
  return `nodelist {
${entries.join('\n')}
}
quorum {
  provider: corosync_votequorum
}
totem {
  cluster_name: ${clusterName}
  config_version: 1
  ip_version: ipv4-6
  secauth: on
  version: 2
${[...totem.map((line) => `  ${line}`), ...interfaces].join('\n')}
}
`;
}

export function newAuthkey(): Buffer {
  return randomBytes(256);
}

/** Puts configuration and key in their places on a node. */
export function installClusterFiles(layout: NodeLayout, text: string, authkey: Buffer): void {
  for (const path of [layout.hostConfig, layout.authkey]) mkdirSync(dirname(path), { recursive: true });
  writeFileSync(layout.hostConfig, text);
  writeFileSync(layout.authkey, authkey, { mode: 0o400 });
}
