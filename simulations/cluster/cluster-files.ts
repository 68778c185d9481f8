/** What lies on the disks of a simulated cluster before it starts: its corosync.conf and the rows of its databases. */
import { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import type { ClusterConfig } from '../../runtime/formats/cluster-config.ts';
import { formatConfProblem, readClusterConfig } from '../../runtime/formats/corosync-conf-read.ts';
import type { StoreRow } from '../../runtime/store/store.ts';

export const CONFIG_PATH = 'corosync.conf';

export interface ConfContent {
  readonly nodeids: readonly number[];
  readonly version: number;
  /** Rotations without a message after which the token rests. */
  readonly idleRotations: number;
  /** What an operator has added to the default token timeout. */
  readonly tokenRise_ms?: number;
}

export function clusterConfText({ nodeids, version, idleRotations, tokenRise_ms = 0 }: ConfContent): string {
  const nodes = nodeids.map(nodeSection).join('');
  const token = tokenRise_ms === 0 ? '' : `  token: ${900 + tokenRise_ms}\n  token_coefficient: 125\n`;
  const totem = `totem {\n  cluster_name: simulated\n  config_version: ${version}\n${token}  secauth: on\n  seqno_unchanged_const: ${idleRotations}\n  transport: udp\n  version: 2\n}\n`;
  return `nodelist {\n${nodes}}\n\nquorum {\n  provider: corosync_votequorum\n}\n\n${totem}`;
}

function nodeSection(nodeid: number): string {
  return `  node {\n    name: n${nodeid}\n    nodeid: ${nodeid}\n    quorum_votes: 1\n    ring0_addr: 10.0.0.${nodeid}\n  }\n`;
}

/** The configuration that `text` means; a text of this module's own is always good. */
export function readConfig(text: string): ClusterConfig {
  const read = readClusterConfig(text, 'corosync.conf');
  if ('config' in read) return read.config;
  throw new Error(read.errors.map(formatConfProblem).join('; '));
}

/** Rows of a database that holds corosync.conf, `directories`, in this order, and `files`. */
export function initialRows(
  confText: string,
  directories: readonly string[],
  wall_s: number,
  files: ReadonlyMap<string, string> = new Map(),
): readonly StoreRow[] {
  const memdb = new Memdb({ mode: 'solo' });
  const stamp = { writer: 0, time: wall_s, monotonic_s: 0 };
  memdb.create(CONFIG_PATH, stamp);
  memdb.write(CONFIG_PATH, Buffer.from(confText, 'latin1'), 0, true, stamp);
  for (const path of directories) {
    const result = memdb.mkdir(path, stamp);
    if (result < 0) throw new Error(`mkdir ${path}: ${result}`);
  }
  for (const [path, content] of files) {
    memdb.create(path, stamp);
    memdb.write(path, Buffer.from(content, 'latin1'), 0, true, stamp);
  }
  return memdb.takeChanges().flatMap((change) => (change.kind === 'replace' ? [change.row] : []));
}
