/**
 * What-if: who sees whom, and who is quorate. Nodes that are up and connected are one part of the cluster, each other one a part of its
 * own; parts form anew some time after a change, as long as the timers of the cluster's configuration take to notice it.
 * Until then what is written waits, as it does for a token. Votes are counted by the product's own core, one for each node.
 */

import type { ClusterFiles } from '../../actors/ha/ports.ts';
import { VoteQuorum } from '../../machines/cluster/votequorum.ts';
import type { Next } from '../../machines/ha/dialogue.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import { EACCES, EBUSY } from '../../runtime/file-system/errno.ts';
import type { Errno } from '../../runtime/file-system/file-system.ts';
import type { ClusterConfig, ClusterNode } from '../../runtime/formats/cluster-config.ts';
import { type Instant, Replica } from './replica.ts';

interface Part {
  readonly nodes: readonly string[];
  readonly replica: Replica;
  /** Its members are not sure of each other. */
  isForming: boolean;
  /** Changes that wait for that. */
  readonly waiting: (() => void)[];
}

interface Member {
  readonly quorum: VoteQuorum;
  isConnected: boolean;
  part: Part;
}

export interface MembershipOptions {
  readonly clock: Clock;
  readonly config: ClusterConfig;
  /** Votes of a quorum device, which the largest part has; 0 without one. */
  readonly deviceVotes: number;
  readonly files: ReadonlyMap<string, string>;
  /** What nodes publish: `static-info`. */
  readonly published: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly onQuorum: (node: string, isQuorate: boolean) => void;
}

/** Two nodes find each other in about that time after their network is back. */
const merge_ms = 1000;
/** A node that leaves says so. */
const leave_ms = 100;
const device_id = 1_000_000;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #nodes: readonly ClusterNode[];
  readonly #members = new Map<string, Member>();
  /** What the last quorate part had: what nodes find that start after all were down. */
  #newest: Replica;
  #changes = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { config, deviceVotes, files } = options;
    const device: ClusterNode = { nodeid: device_id, name: '', votes: deviceVotes, addresses: [] };
    this.#nodes = deviceVotes > 0 ? [...config.nodes, device] : config.nodes;
    this.#newest = Replica.of(files, this.#now);
  }

  isQuorate(node: string): boolean {
    return this.#members.get(node)?.quorum.quorate ?? false;
  }

  /** As the node's file system shows it; undefined while the node is down. */
  replicaOf(node: string): Replica | undefined {
    return this.#members.get(node)?.part.replica;
  }

  /** The newest that a quorate part has had. */
  get newest(): Replica {
    const quorate = [...this.#members.values()].find(({ quorum }) => quorum.quorate);
    return quorate?.part.replica ?? this.#newest;
  }

  /** The cluster's software has been started on a node. */
  start(node: string, isConnected: boolean): void {
    const { config } = this.#options;
    const { nodeid } = config.nodes.find(({ name }) => name === node)!;
    const quorum = new VoteQuorum(nodeid, config.quorum, this.#nodes);
    const replica = this.newest.copy(this.#now);
    this.#members.set(node, { quorum, isConnected, part: { nodes: [node], replica, isForming: false, waiting: [] } });
    this.#changed(merge_ms);
  }

  /** It is gone: `left` with a word, or silently. */
  stop(node: string, how: 'left' | 'silent'): void {
    const member = this.#members.get(node);
    if (member === undefined) return;
    if (member.quorum.quorate) this.#newest = member.part.replica;
    this.#members.delete(node);
    this.#changed(how === 'left' ? leave_ms : this.#silence_ms);
  }

  connect(node: string, isConnected: boolean): void {
    const member = this.#members.get(node);
    if (member === undefined || member.isConnected === isConnected) return;
    member.isConnected = isConnected;
    this.#changed(isConnected ? merge_ms : this.#silence_ms);
  }

  /** The ports of one node's daemons; a node that is down answers nothing. */
  filesOf(node: string): ClusterFiles {
    const by = this.#options.config.nodes.findIndex(({ name }) => name === node);
    const read = <Value>(look: (replica: Replica) => Value, done: (value: Value) => void): void => {
      const member = this.#members.get(node);
      if (member !== undefined) done(look(member.part.replica));
    };
    const change = (run: (replica: Replica) => Errno, done: (errno: Errno) => void): void =>
      this.#change(node, run, done);
    return {
      read: (path, done) =>
        read((replica) => (path === '.members' ? this.#membersFile(node) : replica.read(path)), done),
      list: (path, done) => read((replica) => replica.list(path), done),
      replace: (path, content, done) => change((replica) => replica.replace(path, content, by, this.#now), done),
      mkdir: (path, done) => change((replica) => replica.mkdir(path, by, this.#now), done),
      rmdir: (path, done) => change((replica) => replica.rmdir(path), done),
      unlink: (path, done) => change((replica) => replica.unlink(path), done),
      rename: (from, to, done) => change((replica) => replica.rename(from, to, by, this.#now), done),
      setTime: (path, mtime_s, done) => change((replica) => replica.setTime(path, mtime_s, by, this.#now), done),
      published: (key, done) => read(() => this.#options.published[key] ?? {}, done),
    };
  }

  get #now(): Instant {
    const { clock } = this.#options;
    return { monotonic_s: clock.monotonic_ms() / 1000, wall_s: clock.wall_ms() / 1000 };
  }

  /** From the last word of a node to a ring without it. */
  get #silence_ms(): number {
    const { consensus_ms, token_ms } = this.#options.config.timers;
    return token_ms + consensus_ms;
  }

  #change(node: string, run: (replica: Replica) => Errno, done: (errno: Errno) => void): Next {
    const member = this.#members.get(node);
    if (member === undefined) return;
    if (!member.quorum.quorate) return done(-EACCES);
    if (!member.part.isForming) return done(run(member.part.replica));
    member.part.waiting.push(() => this.#changeLater(node, member, run, done));
  }

  #changeLater(node: string, member: Member, run: (replica: Replica) => Errno, done: (errno: Errno) => void): Next {
    if (this.#members.get(node) !== member) return;
    if (!member.quorum.quorate) return done(-EBUSY);
    this.#change(node, run, done);
  }

  /** Parts that the change concerns are unsure until they have formed anew. */
  #changed(after_ms: number): void {
    this.#changes += 1;
    const change = this.#changes;
    for (const { part } of this.#members.values()) {
      if (!this.#isAsItShouldBe(part)) part.isForming = true;
    }
    this.#options.clock.setTimeout(() => {
      if (change === this.#changes) this.#form();
    }, after_ms);
  }

  #components(): readonly (readonly string[])[] {
    const up = [...this.#members].map(([node, { isConnected }]) => ({ node, isConnected }));
    const together = up
      .filter(({ isConnected }) => isConnected)
      .map(({ node }) => node)
      .sort();
    const alone = up.filter(({ isConnected }) => !isConnected).map(({ node }) => [node]);
    return together.length > 0 ? [together, ...alone] : alone;
  }

  #isAsItShouldBe({ nodes }: Part): boolean {
    return this.#components().some((component) => component.join(' ') === nodes.join(' '));
  }

  #form(): void {
    const components = this.#components();
    const left: (() => void)[] = [];
    const largest = components.reduce<readonly string[]>((a, b) => (b.length > a.length ? b : a), []);
    const taken = new Set<Replica>();
    for (const nodes of components) {
      const members = nodes.map((node) => this.#members.get(node)!);
      const parts = new Set(members.map(({ part }) => part));
      for (const part of parts) left.push(...part.waiting.splice(0));
      const [only] = parts;
      const isSame = parts.size === 1 && only!.nodes.join(' ') === nodes.join(' ');
      if (isSame) {
        only!.isForming = false;
        taken.add(only!.replica);
        continue;
      }
      // The majority's goes on; whoever was quorate has it.
      const best = members.reduce((a, b) => (weight(b) > weight(a) ? b : a)).part.replica;
      const replica = taken.has(best) ? best.copy(this.#now) : best;
      taken.add(replica);
      const part: Part = { nodes, replica, isForming: false, waiting: [] };
      for (const member of members) member.part = part;
    }
    for (const nodes of components) this.#count(nodes, nodes === largest);
    for (const run of left) run();
  }

  #count(nodes: readonly string[], hasDevice: boolean): void {
    const { config, deviceVotes, onQuorum } = this.#options;
    const idOf = (node: string): number => config.nodes.find(({ name }) => name === node)!.nodeid;
    const before = new Map(nodes.map((node) => [node, this.isQuorate(node)]));
    const members = nodes.map((node) => this.#members.get(node)!);
    const ids = [...nodes.map(idOf), ...(hasDevice ? [device_id] : [])];
    for (const { quorum } of members) quorum.transitional(ids);
    const infos = new Map(nodes.map((node) => [idOf(node), this.#members.get(node)!.quorum.ownInfo()]));
    if (deviceVotes > 0 && hasDevice) {
      const expected_votes = Math.max(...[...infos.values()].map((info) => info.expected_votes));
      infos.set(device_id, { votes: deviceVotes, expected_votes, quorate: false, waiting: false });
    }
    for (const { quorum } of members) quorum.membersChanged(infos, []);
    for (const node of nodes) if (this.isQuorate(node) !== before.get(node)) onQuorum(node, this.isQuorate(node));
  }

  #membersFile(node: string): Buffer {
    const { config } = this.#options;
    const part = this.#members.get(node)!.part;
    const nodelist = Object.fromEntries(
      config.nodes.map(({ name, nodeid }) => [name, { id: nodeid, online: part.nodes.includes(name) ? 1 : 0 }]),
    );
    const cluster = {
      name: config.clusterName,
      version: 1,
      nodes: config.nodes.length,
      quorate: this.isQuorate(node) ? 1 : 0,
    };
    return Buffer.from(JSON.stringify({ nodename: node, version: 1, cluster, nodelist }));
  }
}

function weight({ part, quorum }: Member): number {
  return (quorum.quorate ? 1000 : 0) + part.nodes.length;
}
