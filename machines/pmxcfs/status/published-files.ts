/**
 * Texts of the computed files `.version .members .vmlist .debug` (spec/pmxcfs.md §6.7, §1.8), made from plain values.
 * `.clusterlog` is made by `cluster-log-dump.ts`, `.rrd` by `rrd-table.ts`.
 *
 * All texts are byte strings (latin1). Nothing is JSON-escaped, as in the original: names and keys stand as they are.
 */
import { signed32 } from './cluster-info.ts';

export interface VersionFile {
  readonly starttime: number;
  readonly clinfo: number;
  readonly vmlist: number;
  /** Observed paths in the order of §2.8, each with its change counter. */
  readonly paths: Iterable<readonly [path: string, counter: number]>;
  /** The local node first; remote nodes that have sent a key. */
  readonly kvstores: Iterable<{
    readonly node: string;
    readonly keys: Iterable<readonly [key: string, version: number]>;
  }>;
}

export function versionText(file: VersionFile): string {
  let text = `{\n"starttime": ${file.starttime},\n"clinfo": ${file.clinfo},\n"vmlist": ${file.vmlist},\n`;
  for (const [path, counter] of file.paths) text += `"${path}": ${counter},\n`;
  const stores: string[] = [];
  for (const { node, keys } of file.kvstores) {
    const lines = Array.from(keys, ([key, version]) => `"${key}": ${version}`);
    stores.push(`"${node}": {\n${lines.join(',\n')}}\n`);
  }
  return `${text}"kvstore": {\n${stores.join(',\n')}}\n}\n`;
}

export interface MembersFile {
  readonly nodename: string;
  /** The clinfo version. */
  readonly version: number;
  /** undefined in local mode and before the cluster info is known. */
  readonly cluster:
    | {
        readonly name: string;
        readonly version: number;
        readonly quorate: boolean;
        readonly nodes: readonly {
          readonly name: string;
          readonly nodeid: number;
          readonly online: boolean;
          readonly address: string | undefined;
        }[];
      }
    | undefined;
}

export function membersText({ nodename, version, cluster }: MembersFile): string {
  const head = `{\n"nodename": "${nodename}",\n"version": ${version}`;
  if (cluster === undefined) return `${head}\n}\n`;
  const { name, nodes, quorate } = cluster;
  const lines = nodes.map((node) => {
    const ip = node.address === undefined ? '' : `, "ip": "${node.address}"`;
    return `  "${node.name}": { "id": ${signed32(node.nodeid)}, "online": ${Number(node.online)}${ip}}`;
  });
  const summary = `{ "name": "${name}", "version": ${signed32(cluster.version)}, "nodes": ${nodes.length}, "quorate": ${Number(quorate)} }`;
  return `${head},\n"cluster": ${summary},\n"nodelist": {\n${lines.join(',\n')}\n  }\n}\n`;
}

export interface ListedGuest {
  readonly vmid: number;
  readonly node: string;
  readonly type: string;
  readonly version: number;
}

/** `version` is the vmlist version (§2.7). */
export function vmlistText(version: number, guests: Iterable<ListedGuest>): string {
  const lines = Array.from(
    guests,
    ({ vmid, node, type, version }) => `"${vmid}": { "node": "${node}", "type": "${type}", "version": ${version} }`,
  );
  if (lines.length === 0) return `{\n"version": ${version}\n\n}\n`;
  return `{\n"version": ${version},\n"ids": {\n${lines.join(',\n')}}\n\n}\n`;
}

/** `.debug` (§1.8). */
export function debugText(enabled: boolean): string {
  return enabled ? '1\n' : '0\n';
}
