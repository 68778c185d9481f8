/** What a node's daemons need from the world, real or simulated, and what a node is told about itself. */
import type { TreeMode } from '../../machines/pmxcfs/tree/memdb.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import type { DatagramPort } from '../../runtime/datagram/datagram.ts';
import type { HostFile } from '../../runtime/file-system/host-file.ts';
import type { ClusterConfig } from '../../runtime/formats/cluster-config.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { Random } from '../../runtime/random/random.ts';
import type { Store } from '../../runtime/store/store.ts';
import type { Inspector } from '../../runtime/trace/machine-steps.ts';
import type { ExpectedVotesStore, RingIdStore } from '../cluster/totem-node.ts';

/** A kept losing side of a divergent rejoin (§13.2.2). */
export interface LosingSide {
  /** Name of the kept database. */
  readonly id: string;
  readonly time: number;
  readonly paths: readonly string[];
}

export interface LosingSides {
  /** Where the next one goes; a path that doesn't exist yet. */
  nextPath(): string;
  /** Remembers what was kept until it is dismissed. */
  note(path: string, paths: readonly string[]): void;
  list(): readonly LosingSide[];
  dismiss(id: string): boolean;
}

/** The cluster layer's ports; a local node has none. */
export interface ClusterPorts {
  readonly datagram: DatagramPort;
  readonly ringIds: RingIdStore;
  /** The last quorate ring whose round the tree has completed (§13.2.1). */
  readonly primaryRing: RingIdStore;
  /** 1 where the tree is known to be a beginning of the cluster's history (§13.2.2); without it nothing is known. */
  readonly provenMark?: RingIdStore;
  readonly expectedVotes?: ExpectedVotesStore;
  /**
   * A newer configuration for the transport: names resolved, peers and addresses changed while running. `done` gets what applies now, and
   * sentences for what needs a restart (§13.2.10).
   */
  reconfigure(
    config: ClusterConfig,
    done: (
      result:
        | { readonly config: ClusterConfig; readonly problems: readonly string[] }
        | { readonly errors: readonly string[] },
    ) => void,
  ): void;
}

/** What a machine did, for trace and black box. */
export interface NodeTransition {
  readonly machine: string;
  readonly event: string;
  readonly detail: unknown;
}

/** Detail of a transition of the machine `lock`. */
export interface LockDetail {
  /** Without leading slash. */
  readonly path: string;
  /** Node id; unknown where only the checksum was seen. */
  readonly holder: number | undefined;
  readonly before: string;
  readonly after: string;
  readonly verdict: string | undefined;
}

export interface ClusterNodePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: Store;
  /** Host copy of `corosync.conf` (§5.8). */
  readonly hostConfig: HostFile;
  readonly losingSides: LosingSides;
  readonly debug: { get(): boolean; set(enabled: boolean): void };
  readonly cluster?: ClusterPorts | undefined;
  readonly trace?: ((transition: NodeTransition) => void) | undefined;
  /** Called once for each machine that the node hosts; what it returns sees that machine's actor. */
  readonly inspect?: ((actor: string, machine: string) => Inspector | undefined) | undefined;
}

export interface ClusterNodeOptions {
  /** Up to the first dot. */
  readonly nodeName: string;
  readonly pid: number;
  /** Published as `nodeip`. */
  readonly address: string;
  /** Shown owner of all files (§13.2.6). */
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly treeMode: TreeMode;
  readonly acknowledgement: 'majority' | 'local';
  /** Literal addresses; present exactly when `ports.cluster` is. */
  readonly config?: ClusterConfig | undefined;
}
