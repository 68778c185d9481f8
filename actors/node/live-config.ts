/**
 * The cluster configuration that a node runs with, and its changes while it runs (spec/pmxcfs.md §5.8, §13.2.10): the tree's
 * `corosync.conf` is written to the host, read from there, and applied.
 */
import { CLUSTER_CONFIG_PATH } from '../../machines/pmxcfs/dcdb/application.ts';
import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { FILE } from '../../machines/pmxcfs/tree/tree-entry.ts';
import type { ClusterConfig } from '../../runtime/formats/cluster-config.ts';
import { formatConfProblem, readClusterConfig } from '../../runtime/formats/corosync-conf-read.ts';
import { createHostConfig, type HostConfig } from '../pmxcfs/host-config.ts';
import type { ClusterNodePorts } from './cluster-node-ports.ts';

export interface LiveConfigOptions {
  readonly ports: Pick<ClusterNodePorts, 'clock' | 'log' | 'hostConfig' | 'cluster'>;
  readonly memdb: Memdb;
  /** Absent from a local node. */
  readonly config: ClusterConfig | undefined;
  /** A newer one applies from now on. */
  readonly applied: (config: ClusterConfig) => void;
}

export class LiveConfig {
  readonly #options: LiveConfigOptions;
  readonly #hostConfig: HostConfig;
  #current: ClusterConfig | undefined;
  #isStopped = false;
  /** What a restart is needed for, as sentences. */
  restartNeeded: readonly string[] = [];

  constructor(options: LiveConfigOptions) {
    const { clock, log, hostConfig: file } = options.ports;
    this.#options = options;
    this.#current = options.config;
    this.#hostConfig = createHostConfig({ file, clock, log, notify: (done) => this.#reload(done) });
  }

  get current(): ClusterConfig | undefined {
    return this.#current;
  }

  /** §5.8. Every node reloads its own engine, so that each counts as the one that has to be notified. */
  synchronise(): void {
    const entry = this.#options.memdb.lookup(CLUSTER_CONFIG_PATH);
    this.#hostConfig.synchronise(entry?.type === FILE ? entry.data : undefined, true);
  }

  stop(): void {
    this.#isStopped = true;
    this.#hostConfig.stop();
  }

  /** Reads the host copy and applies it; `done` gets 0 or 1. */
  #reload(done: (exitCode: number) => void): void {
    const { log, cluster } = this.#options.ports;
    const config = this.#readHostConfig();
    if (this.#isStopped || cluster === undefined || config === undefined) {
      done(1);
      return;
    }
    cluster.reconfigure(config, (result) => {
      if (this.#isStopped) return;
      const sentences = 'errors' in result ? result.errors : result.problems;
      for (const sentence of sentences) log.write('confdb', 'crit', sentence);
      if ('config' in result) this.#apply(result.config, result.problems);
      done('config' in result ? 0 : 1);
    });
  }

  #readHostConfig(): ClusterConfig | undefined {
    const { log, hostConfig } = this.#options.ports;
    const text = hostConfig.read();
    if (text === undefined || 'failure' in text) return undefined;
    const read = readClusterConfig(text.toString('utf8'), hostConfig.path);
    if ('config' in read) return read.config;
    for (const problem of read.errors) log.write('confdb', 'crit', formatConfProblem(problem));
    return undefined;
  }

  #apply(config: ClusterConfig, problems: readonly string[]): void {
    this.#current = config;
    this.restartNeeded = problems;
    this.#options.applied(config);
  }
}
