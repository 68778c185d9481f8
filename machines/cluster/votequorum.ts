/**
 * Vote counting: is this partition quorate?
 *
 *  I1 With the same votes and expected votes everywhere and no special option, no two disjoint sets of live members are
 *     both quorate (spec/pmxcfs.md §10.1 I1).
 *  I2 The quorum never falls, except where §7.3 allows it: an operator's change, a clean leave with `allow_downscale`, or
 *     a node that isn't quorate and hears a quorate one.
 *
 * Protocol source: spec/pmxcfs.md §7.3. The order of a membership change is in actors/cluster/totem-node.ts.
 */
import type { ClusterNode, QuorumOptions } from '../../runtime/formats/cluster-config.ts';

/** What a node tells the others about its votes. */
export interface VoteInfo {
  readonly votes: number;
  readonly expected_votes: number;
  readonly quorate: boolean;
  /** `wait_for_all`: still waiting for all nodes to have been there at once. */
  readonly waiting: boolean;
}

export interface VoteCount {
  readonly highest: number;
  readonly total: number;
  readonly quorum: number;
  readonly quorate: boolean;
}

/** The formula of §7.3, without the options that remember. */
export function countVotes(input: {
  readonly highest: number;
  readonly total: number;
  /** The quorum so far, or 0 where a decrease is allowed. */
  readonly atLeast: number;
  readonly isTwoNode: boolean;
  readonly liveNodes: number;
}): VoteCount {
  const { highest, total } = input;
  const majority = Math.max(Math.floor((highest + 2) / 2), Math.floor((total + 2) / 2), input.atLeast);
  const quorum = input.isTwoNode && input.liveNodes <= 2 ? 1 : majority;
  return { highest, total, quorum, quorate: total >= quorum };
}

export type ExpectedRefusal = 'zero' | 'below-total' | 'loses-quorum';

export class VoteQuorum {
  readonly #self: number;
  #options: QuorumOptions;
  #nodes: readonly ClusterNode[];
  /** Votes that the configuration expects. */
  #configured: number;
  /** Own expected votes now. */
  #expected: number;
  #tracked: number;
  readonly #live = new Map<number, VoteInfo>();
  #quorum = 0;
  #quorate = false;
  #waiting: boolean;
  #count: VoteCount;
  /** Members of the last quorate partition. */
  #lastQuorate: readonly number[];

  /** @param tracked highest expected votes ever stored (`expected_votes_tracking`), 0 where there is none */
  constructor(self: number, options: QuorumOptions, nodes: readonly ClusterNode[], tracked = 0) {
    this.#self = self;
    this.#options = options;
    this.#nodes = nodes;
    this.#configured = expectedOf(options, nodes);
    this.#tracked = isTracking(options) ? tracked : 0;
    this.#expected = Math.max(this.#configured, this.#tracked);
    this.#waiting = waitsForAll(options);
    this.#lastQuorate = nodes.map((node) => node.nodeid).sort((a, b) => a - b);
    this.#live.set(self, this.#ownInfo());
    this.#count = this.#recount(false);
  }

  get quorate(): boolean {
    return this.#quorate;
  }

  /** Numbers for `pvecm status`. */
  get count(): VoteCount {
    return { ...this.#count, quorate: this.#quorate };
  }

  get expected_votes(): number {
    return this.#expected;
  }

  /** What `expected_votes_tracking` wants stored; 0 when it is off. */
  get tracked(): number {
    return this.#tracked;
  }

  get isWaitingForAll(): boolean {
    return this.#waiting;
  }

  /** Votes of a node, live or configured; 0 for an unknown one. */
  votesOf(nodeid: number): number {
    return this.#live.get(nodeid)?.votes ?? this.#nodes.find((node) => node.nodeid === nodeid)?.votes ?? 0;
  }

  ownInfo(): VoteInfo {
    return this.#ownInfo();
  }

  /**
   * Only `nodeids` are sure to see what is delivered next. Lowers the flag where they have no quorum; never raises it.
   */
  transitional(nodeids: readonly number[]): void {
    for (const nodeid of [...this.#live.keys()]) if (!nodeids.includes(nodeid)) this.#live.delete(nodeid);
    if (!this.#isQuorate(this.#recount(false))) this.#quorate = false;
  }

  /** All members of a new ring have told their votes. `leftCleanly` are those that announced their leaving. */
  membersChanged(infos: ReadonlyMap<number, VoteInfo>, leftCleanly: readonly number[]): void {
    const isDownscale = this.#options.allow_downscale && leftCleanly.length > 0;
    if (isDownscale) {
      const gone = leftCleanly.reduce((sum, nodeid) => sum + this.votesOf(nodeid), 0);
      this.#expected = Math.max(this.#configured, this.#expected - gone);
      this.#tracked = this.#expected;
    }
    const quoratePeer = this.#quorate ? undefined : [...infos.values()].find((info) => info.quorate);
    if (quoratePeer !== undefined) this.#expected = Math.max(quoratePeer.expected_votes, this.#tracked);
    this.#live.clear();
    for (const nodeid of [...infos.keys()].sort((a, b) => a - b)) this.#live.set(nodeid, infos.get(nodeid)!);
    this.#live.set(this.#self, this.#ownInfo());
    if (this.#waiting && [...infos.values()].some((info) => info.quorate && !info.waiting)) this.#waiting = false;
    this.#settle(isDownscale || quoratePeer !== undefined);
  }

  /** A member told other votes (its configuration changed): an operator's change, so a decrease is allowed. */
  infoChanged(nodeid: number, info: VoteInfo): void {
    if (!this.#live.has(nodeid)) return;
    if (nodeid !== this.#self) this.#live.set(nodeid, info);
    this.#settle(true);
  }

  /** This node's configuration changed; the caller tells the others by `infoChanged`. */
  reconfigure(options: QuorumOptions, nodes: readonly ClusterNode[]): void {
    const configured = expectedOf(options, nodes);
    // Only votes, expected votes and two_node change at run time (§7.3).
    this.#options = { ...this.#options, two_node: options.two_node, expected_votes: options.expected_votes };
    this.#nodes = nodes;
    if (configured !== this.#configured) this.#expected = Math.max(configured, this.#tracked);
    this.#configured = configured;
    // A removed node counts no more, or its vote would raise the expected ones again.
    for (const nodeid of [...this.#live.keys()]) {
      if (!nodes.some((node) => node.nodeid === nodeid)) this.#live.delete(nodeid);
    }
    this.#live.set(this.#self, this.#ownInfo());
    this.#settle(true);
  }

  /** Why an operator's `expected` is refused, or undefined. */
  refusal(votes: number): ExpectedRefusal | undefined {
    if (!Number.isInteger(votes) || votes < 1) return 'zero';
    const total = this.#count.total;
    if (votes < total) return 'below-total';
    return this.#quorate && Math.floor((votes + 2) / 2) > total ? 'loses-quorum' : undefined;
  }

  /** An operator's `expected`, delivered to all members at the same position. */
  expectedSet(votes: number): void {
    this.#expected = votes;
    for (const [nodeid, info] of this.#live) this.#live.set(nodeid, { ...info, expected_votes: votes });
    this.#settle(true);
  }

  /** True when the `last_man_standing` window should run after a change of members. */
  get wantsLastManStanding(): boolean {
    return this.#options.last_man_standing && this.#quorate && this.#count.total < this.#count.highest;
  }

  /** The window is over and members are still missing. */
  lastManStanding(): void {
    if (this.wantsLastManStanding) this.expectedSet(this.#count.total);
  }

  #ownInfo(): VoteInfo {
    const votes = this.#nodes.find((node) => node.nodeid === this.#self)?.votes ?? 0;
    return { votes, expected_votes: this.#expected, quorate: this.#quorate, waiting: this.#waiting };
  }

  #settle(isDecreaseAllowed: boolean): void {
    this.#count = this.#recount(isDecreaseAllowed);
    if (this.#count.total > this.#expected) {
      this.#expected = this.#count.total;
      this.#live.set(this.#self, this.#ownInfo());
      this.#count = this.#recount(isDecreaseAllowed);
    }
    if (isTracking(this.#options)) this.#tracked = Math.max(this.#tracked, this.#count.highest);
    this.#quorum = this.#count.quorum;
    if (waitsForAll(this.#options) && !this.#quorate) {
      this.#waiting = this.#waiting && this.#count.total < this.#expected;
    }
    this.#quorate = this.#isQuorate(this.#count);
    if (this.#quorate) this.#lastQuorate = [...this.#live.keys()].sort((a, b) => a - b);
    // While not quorate it re-arms (§7.3).
    else this.#waiting = waitsForAll(this.#options);
    this.#live.set(this.#self, this.#ownInfo());
  }

  #recount(isDecreaseAllowed: boolean): VoteCount {
    let highest = 0;
    let total = 0;
    for (const info of this.#live.values()) {
      highest = Math.max(highest, info.expected_votes);
      total += info.votes;
    }
    return countVotes({
      highest: Math.max(highest, this.#tracked),
      total,
      atLeast: isDecreaseAllowed ? 0 : this.#quorum,
      isTwoNode: this.#options.two_node,
      liveNodes: this.#live.size,
    });
  }

  #isQuorate(count: VoteCount): boolean {
    if (this.#waiting) return false;
    return count.quorate || this.#winsTie(count);
  }

  /** `auto_tie_breaker`: exactly half of the expected votes are here, with the node that decides. */
  #winsTie(count: VoteCount): boolean {
    const { auto_tie_breaker, auto_tie_breaker_node: rule } = this.#options;
    if (!auto_tie_breaker || count.total * 2 !== count.highest) return false;
    const before = this.#lastQuorate;
    let deciding: number | undefined;
    if (rule === 'lowest') deciding = before[0];
    else if (rule === 'highest') deciding = before[before.length - 1];
    else deciding = rule.find((nodeid) => before.includes(nodeid));
    return deciding !== undefined && this.#live.has(deciding);
  }
}

/** Option combinations that §7.3 forbids, as sentences; empty when all is well. */
export function quorumOptionErrors(options: QuorumOptions, nodes: readonly ClusterNode[]): string[] {
  const errors: string[] = [];
  if (options.two_node && nodes.length > 2) errors.push('two_node is set, but the node list has more than two nodes');
  if (options.two_node && options.auto_tie_breaker) errors.push('two_node and auto_tie_breaker exclude each other');
  if (options.last_man_standing && nodes.some((node) => node.votes !== 1)) {
    errors.push('last_man_standing needs one vote for every node');
  }
  if (options.auto_tie_breaker && nodes.length % 2 === 1 && !options.wait_for_all) {
    errors.push('auto_tie_breaker in a cluster with an odd number of nodes needs wait_for_all');
  }
  if (options.expected_votes === undefined && nodes.length === 0) {
    errors.push('neither quorum.expected_votes nor a node list gives the expected votes');
  }
  return errors;
}

export function expectedOf(options: QuorumOptions, nodes: readonly ClusterNode[]): number {
  return options.expected_votes ?? nodes.reduce((sum, node) => sum + node.votes, 0);
}

function isTracking(options: QuorumOptions): boolean {
  return options.expected_votes_tracking || options.allow_downscale;
}

/** The configuration reader has already turned it on for `two_node` where it isn't set explicitly. */
function waitsForAll(options: QuorumOptions): boolean {
  return options.wait_for_all;
}
