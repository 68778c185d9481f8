/**
 * What this node knows of its cluster (spec/pmxcfs.md §6.10): name, config version, nodes with their online flag, their
 * key-value map and their address; and the version that tells clients when it changed.
 *
 * "Online" means: in the kvstore group, not: corosync is up (§6.3).
 *
 * Invariants:
 *  I1 the version grows by one for new cluster info, a kvstore membership change, a changed node address and shutdown
 *     (§6.7), and never otherwise;
 *  I2 installing new info keeps the key-value map of a node id that is in both, and drops all others;
 *  I3 a node is online iff it is in the last configuration of the group, whichever came first, that or the node's entry
 *     (spec/pmxcfs.md §10.2 C5).
 */
import { KvStore } from './kv-store.ts';

/** The part of the cluster configuration that is shown; `ClusterConfig` of runtime/formats has this shape. */
export interface ClusterDescription {
  readonly clusterName: string;
  readonly configVersion: number;
  readonly nodes: readonly { readonly nodeid: number; readonly name: string; readonly votes: number }[];
}

export interface ClusterInfoNode {
  readonly nodeid: number;
  readonly name: string;
  readonly votes: number;
  readonly online: boolean;
  /** What the node has published; undefined until it has sent a key. Unused for the local node. */
  readonly store: KvStore | undefined;
}

type MutableNode = { -readonly [K in keyof ClusterInfoNode]: ClusterInfoNode[K] };

export class ClusterInfo {
  /** The clinfo version of `.version` and `.members`; counts from 0 per daemon run. */
  #version = 0;
  #name: string | undefined;
  #configVersion = 0;
  #nodes: MutableNode[] = [];
  /** Node ids of the group's last configuration. */
  #online: ReadonlySet<number> = new Set();
  /** By node name, since the own address may be known before the cluster info is. */
  readonly #addresses = new Map<string, string>();

  get version(): number {
    return this.#version;
  }

  /** Cluster name, or undefined as long as no cluster info was installed. */
  get name(): string | undefined {
    return this.#name;
  }

  get configVersion(): number {
    return this.#configVersion;
  }

  get nodes(): readonly ClusterInfoNode[] {
    return this.#nodes;
  }

  nodeById(nodeid: number): ClusterInfoNode | undefined {
    return this.#nodes.find((node) => node.nodeid === nodeid);
  }

  nodeByName(name: string): ClusterInfoNode | undefined {
    return this.#nodes.find((node) => node.name === name);
  }

  /** The log line belongs to domain `status`, level notice. */
  install(description: ClusterDescription): { readonly log: string } {
    const before = new Map(this.#nodes.map((node) => [node.nodeid, node]));
    const after = new Map<number, MutableNode>();
    for (const { nodeid, name, votes } of description.nodes) {
      if (nodeid === 0 || name === '') continue;
      const store = before.get(nodeid)?.store;
      after.set(nodeid, { nodeid, name, votes, online: this.#online.has(nodeid), store });
    }
    this.#name = description.clusterName;
    this.#configVersion = description.configVersion;
    this.#nodes = [...after.values()];
    this.touch();
    const version = signed32(description.configVersion);
    return { log: `update cluster info (cluster name  ${description.clusterName}, version = ${version})` };
  }

  /** A configuration change of the kvstore group (§6.3); counted only where there is cluster info. */
  setOnline(members: Iterable<{ readonly nodeid: number }>): void {
    this.#online = new Set(Array.from(members, ({ nodeid }) => nodeid));
    if (this.#name === undefined) return;
    for (const node of this.#nodes) node.online = this.#online.has(node.nodeid);
    this.touch();
  }

  /** The map of a remote node, made on its first key; undefined for a node that is not in the cluster info. */
  storeOf(nodeid: number): KvStore | undefined {
    const node = this.#nodes.find((candidate) => candidate.nodeid === nodeid);
    if (node === undefined) return undefined;
    node.store ??= new KvStore();
    return node.store;
  }

  addressOf(nodeName: string): string | undefined {
    return this.#addresses.get(nodeName);
  }

  setAddress(nodeName: string, address: string): void {
    if (this.#addresses.get(nodeName) === address) return;
    this.#addresses.set(nodeName, address);
    this.touch();
  }

  /** Counts one change: shutdown, and whatever this class changes itself. */
  touch(): void {
    this.#version = (this.#version + 1) >>> 0;
  }
}

/** Node ids and the config version are printed as signed 32-bit numbers (spec/pmxcfs.md, conventions and §6.10). */
export function signed32(value: number): number {
  return value | 0;
}
