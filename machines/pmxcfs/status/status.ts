/**
 * The status of one node (spec/pmxcfs.md §6): cluster info, quorum flag, key-value maps, rrd table and cluster log; what
 * local clients set and read, and the texts that are published. Replication is `status-application.ts`.
 *
 * Invariants:
 *  I1 a local set takes effect at once and is sent to the others, whether or not anybody is there to receive it;
 *  I2 an update from a node that is not in the cluster info changes nothing.
 */
import { Buffer } from 'node:buffer';
import { encodeKvUpdate, KV_LOG, KV_UPDATE } from '../messages/kv-update.ts';
import { type ClusterDescription, ClusterInfo } from './cluster-info.ts';
import { ClusterLog, type LogMessage } from './cluster-log.ts';
import { clusterLogText } from './cluster-log-dump.ts';
import { cutKey, KvStore, MAX_VALUE_BYTES } from './kv-store.ts';
import { membersText, versionText } from './published-files.ts';
import { RrdTable, terminatedText } from './rrd-table.ts';

const EFBIG = 27;
const RRD_PREFIX = 'rrd/';
/** Key under which a node publishes its address. */
const ADDRESS_KEY = 'nodeip';
const MAX_ADDRESS_BYTES = 255;

export type StatusLogLevel = 'crit' | 'notice';

export interface StatusOptions {
  /** Name of this node, a byte string. */
  readonly nodeName: string;
  /** Process id of the daemon, for its own log entry. */
  readonly pid: number;
  /** Wall clock in whole seconds (u32), for log entries and the start time. */
  wall_s(): number;
  /** A clock that never steps, in seconds, for the age of rrd values. */
  monotonic_s(): number;
  /** A line of domain `status`. */
  log(level: StatusLogLevel, message: string): void;
}

/** Takes a NORMAL message of the kvstore group for sending; drops it where the group is not joined. */
export type StatusSender = (subtype: number, payload: Buffer) => void;

export class Status {
  readonly info = new ClusterInfo();
  readonly #options: StatusOptions;
  readonly #startTime_s: number;
  readonly #own = new KvStore();
  readonly #rrd = new RrdTable();
  readonly #clusterLog: ClusterLog;
  #quorate = false;
  #send: StatusSender = () => {};

  constructor(options: StatusOptions) {
    this.#options = options;
    this.#startTime_s = options.wall_s();
    this.#clusterLog = new ClusterLog(options.nodeName);
    const message = Buffer.from('starting cluster log');
    this.logMessage({ priority: 6, ident: 'root', tag: 'cluster', message, pid: options.pid });
  }

  get nodeName(): string {
    return this.#options.nodeName;
  }

  get clusterLog(): ClusterLog {
    return this.#clusterLog;
  }

  get quorate(): boolean {
    return this.#quorate;
  }

  /** The status application's way to the group. */
  set sender(send: StatusSender) {
    this.#send = send;
  }

  /** The flag of the quorum client (§9.2), which logs its changes. */
  setQuorate(quorate: boolean): void {
    this.#quorate = quorate;
  }

  /** The last change that clients can see (§6.7, §9.2). */
  shutDown(): void {
    this.#quorate = false;
    this.info.touch();
  }

  installClusterInfo(description: ClusterDescription): void {
    this.#options.log('notice', this.info.install(description).log);
  }

  /** Sets a key of the own node and sends it to the others: 0 or a negative errno. Gives away `value`. */
  set(key: string, value: Buffer): number {
    if (value.length > MAX_VALUE_BYTES) return -EFBIG;
    const stored = cutKey(key);
    this.#apply(this.nodeName, stored, value, () => this.#own);
    this.#send(KV_UPDATE, encodeKvUpdate({ key: stored, value }));
    return 0;
  }

  /** An update of another node. */
  applyRemote(nodeid: number, key: string, value: Buffer): void {
    const node = this.info.nodeById(nodeid);
    if (node === undefined) return;
    this.#apply(node.name, key, value, () => this.info.storeOf(nodeid));
  }

  #apply(nodeName: string, key: string, value: Buffer, store: () => KvStore | undefined): void {
    if (key.startsWith(RRD_PREFIX)) {
      this.#rrd.set(key.slice(RRD_PREFIX.length), value, this.#options.monotonic_s());
      return;
    }
    if (key === ADDRESS_KEY) {
      const address = terminatedText(value, MAX_ADDRESS_BYTES);
      if (address !== undefined) this.info.setAddress(nodeName, address);
      return;
    }
    store()?.set(key, value);
  }

  /** Value of a key; an empty node name is the own node. */
  get(key: string, nodeName: string): Buffer | undefined {
    if (nodeName === '' || nodeName === this.nodeName) return this.#own.get(cutKey(key));
    return this.info.nodeByName(nodeName)?.store?.get(cutKey(key));
  }

  /** Sends every key of the own map, for members that have just come (§6.3). */
  sendOwnKeys(): void {
    for (const [key, { value }] of this.#own.entries()) this.#send(KV_UPDATE, encodeKvUpdate({ key, value }));
  }

  /** Sets the own address again as it is known, or else `fallback`, which publishes it (§6.3). */
  publishAddress(fallback: string): void {
    const address = this.info.addressOf(this.nodeName) ?? fallback;
    this.set(ADDRESS_KEY, Buffer.from(`${address}\0`, 'latin1'));
  }

  /** Writes into the cluster log, here and at all members. */
  logMessage(message: Omit<LogMessage, 'time_s'>): void {
    const { payload, inserted } = this.#clusterLog.add({ ...message, time_s: this.#options.wall_s() });
    if (!inserted) this.logDuplicate();
    this.#send(KV_LOG, payload);
  }

  logDuplicate(): void {
    this.#options.log('notice', 'ignore insert of duplicate cluster log');
  }

  /** `.version`; `tree` has the vmlist version (§2.7) and the change counters (§2.8). */
  versionText(tree: { readonly vmlist: number; readonly paths: Iterable<readonly [string, number]> }): string {
    const { nodeName } = this;
    const stores = [{ node: nodeName, store: this.#own }];
    for (const { name, store } of this.info.nodes) {
      if (store !== undefined && name !== nodeName) stores.push({ node: name, store });
    }
    return versionText({
      starttime: this.#startTime_s,
      clinfo: this.info.version,
      ...tree,
      kvstores: stores.map(({ node, store }) => ({ node, keys: versionsOf(store) })),
    });
  }

  membersText(): string {
    const { name, configVersion, nodes, version } = this.info;
    const { nodeName, quorate } = this;
    if (name === undefined) return membersText({ nodename: nodeName, version, cluster: undefined });
    const shown = nodes.map((node) => ({ ...node, address: this.info.addressOf(node.name) }));
    return membersText({
      nodename: nodeName,
      version,
      cluster: { name, version: configVersion, quorate, nodes: shown },
    });
  }

  clusterLogText(max_entries: number, user?: string): string {
    return clusterLogText(this.#clusterLog.walk(), max_entries, user);
  }

  rrdText(): string {
    return this.#rrd.dump(this.#options.monotonic_s());
  }
}

function* versionsOf(store: KvStore): Generator<[string, number]> {
  for (const [key, { version }] of store.entries()) yield [key, version];
}
