/** Files of clusters, for tests of the doctor and of what-if. */
import type { TreeFiles } from './tree-files.ts';

export interface TestCluster {
  readonly nodes: readonly string[];
  /** Addresses per node: so many links. */
  readonly links?: number;
  /** Further lines of `quorum { }`. */
  readonly quorum?: string;
  /** `vm:101` → node; text of its configuration behind it. */
  readonly guests?: Readonly<Record<string, string | readonly [node: string, text: string]>>;
  /** sids that HA manages, with further lines of their sections. */
  readonly resources?: Readonly<Record<string, string>>;
  readonly rules?: string;
  /** Further files. */
  readonly files?: Readonly<Record<string, string>>;
}

export function testTree(cluster: TestCluster): TreeFiles {
  const { guests = {}, links = 2, nodes, quorum = '', resources = {}, rules } = cluster;
  const files = new Map<string, string>([['corosync.conf', corosyncConf(nodes, links, quorum)]]);
  for (const node of nodes) files.set(`nodes/${node}/`, '');
  for (const [sid, place] of Object.entries(guests)) {
    const [type, vmid] = sid.split(':');
    const [node, text] = typeof place === 'string' ? [place, 'memory: 1024\n'] : place;
    files.set(`nodes/${node}/${type === 'vm' ? 'qemu-server' : 'lxc'}/${vmid}.conf`, text);
  }
  const sections = Object.entries(resources).map(([sid, lines]) => `${sid.replace(':', ': ')}\n${lines}\n`);
  if (sections.length > 0) files.set('ha/resources.cfg', sections.join('\n'));
  if (rules !== undefined) files.set('ha/rules.cfg', rules);
  for (const [path, text] of Object.entries(cluster.files ?? {})) files.set(path, text);
  return files;
}

function corosyncConf(nodes: readonly string[], links: number, quorum: string): string {
  const node = (name: string, index: number): string => {
    const addresses = Array.from({ length: links }, (_, link) => `    ring${link}_addr: 10.0.${link}.${index + 1}\n`);
    return `  node {\n    name: ${name}\n    nodeid: ${index + 1}\n    quorum_votes: 1\n${addresses.join('')}  }\n`;
  };
  return [
    'totem {\n  version: 2\n  cluster_name: test\n  config_version: 3\n  secauth: on\n}\n',
    `nodelist {\n${nodes.map(node).join('')}}\n`,
    `quorum {\n  provider: corosync_votequorum\n${quorum}}\n`,
  ].join('\n');
}
