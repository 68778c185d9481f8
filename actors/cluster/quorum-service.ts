/**
 * Quorum of a node as a service: keeps the vote count, tells of changes, and runs the `last_man_standing` window.
 *
 * The order of calls at a ring change is in totem-node.ts.
 */
import { type RingId, sameRing } from '../../machines/cluster/totem/messages.ts';
import { equalSets, nodeSet } from '../../machines/cluster/totem/node-set.ts';
import type { VoteWeights } from '../../machines/cluster/totem/stability.ts';
import { type ExpectedRefusal, type VoteInfo, VoteQuorum } from '../../machines/cluster/votequorum.ts';
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import type { ClusterConfig } from '../../runtime/formats/cluster-config.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { SaveFailure } from '../../runtime/node/number-file.ts';

/** Storage of the highest expected votes ever seen (`expected_votes_tracking`). */
export interface ExpectedVotesStore {
  load(): number;
  save(votes: number): SaveFailure | undefined;
}

export interface QuorumView {
  readonly quorate: boolean;
  readonly ring: RingId;
  readonly members: readonly number[];
  /** Nodes whose votes count now, ascending: at a ring change those that move together, before the new ring is installed. */
  readonly present: readonly number[];
  readonly expected_votes: number;
  readonly highest_expected: number;
  readonly total_votes: number;
  readonly quorum: number;
}

export interface QuorumServiceOptions {
  readonly nodeid: number;
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly expectedVotes: ExpectedVotesStore | undefined;
  /** The ring that is installed. */
  readonly ring: () => { readonly id: RingId; readonly members: readonly number[] };
  /** Votes changed: what is stable must be judged anew. */
  readonly reweigh: () => void;
  readonly onQuorum: (quorate: boolean, view: QuorumView) => void;
}

export class QuorumService {
  readonly #options: QuorumServiceOptions;
  readonly #votes: VoteQuorum;
  /** See `QuorumView.present`. */
  #present: readonly number[];
  #window_ms: number;
  #windowTimer: TimerHandle | undefined;
  #reported: QuorumView | undefined;

  constructor(options: QuorumServiceOptions) {
    this.#options = options;
    const { nodes, quorum } = options.config;
    this.#present = [options.nodeid];
    this.#votes = new VoteQuorum(options.nodeid, quorum, nodes, options.expectedVotes?.load() ?? 0);
    this.#window_ms = quorum.last_man_standing_window_ms;
  }

  get quorate(): boolean {
    return this.#votes.quorate;
  }

  get isWaitingForAll(): boolean {
    return this.#votes.isWaitingForAll;
  }

  get ownInfo(): VoteInfo {
    return this.#votes.ownInfo();
  }

  get view(): QuorumView {
    const { highest, total, quorum } = this.#votes.count;
    const { id, members } = this.#options.ring();
    return {
      quorate: this.quorate,
      ring: id,
      members,
      present: this.#present,
      expected_votes: this.#votes.expected_votes,
      highest_expected: highest,
      total_votes: total,
      quorum,
    };
  }

  votesOf(nodeid: number): number {
    return this.#votes.votesOf(nodeid);
  }

  /** Votes that prove stability in a ring of these members. */
  weigh(members: readonly number[]): VoteWeights {
    const majority = Math.floor(this.#votes.count.highest / 2) + 1;
    return { votes: members.map((nodeid) => this.#votes.votesOf(nodeid)), majority };
  }

  /** Only `members` are sure to see what follows: without a majority among them quorum is lost now. */
  transitional(members: readonly number[]): void {
    this.close();
    this.#present = members;
    this.#votes.transitional(members);
    this.#report();
  }

  membersChanged(infos: ReadonlyMap<number, VoteInfo>, leftCleanly: readonly number[]): void {
    this.#present = nodeSet([...infos.keys()]);
    this.#votes.membersChanged(infos, leftCleanly);
    this.#changed();
    this.#openWindow();
  }

  infoChanged(nodeid: number, info: VoteInfo): void {
    this.#votes.infoChanged(nodeid, info);
    this.#changed();
  }

  reconfigure(config: ClusterConfig): void {
    this.#window_ms = config.quorum.last_man_standing_window_ms;
    this.#votes.reconfigure(config.quorum, config.nodes);
    this.#changed();
  }

  refusal(votes: number): ExpectedRefusal | undefined {
    return this.#votes.refusal(votes);
  }

  /** Delivered to all members; judged again, as members may have come or gone since it was sent. */
  expectedSet(votes: number): void {
    if (this.#votes.refusal(votes) !== undefined) return;
    this.#votes.expectedSet(votes);
    this.#changed();
  }

  /** Stops the timer. */
  close(): void {
    if (this.#windowTimer !== undefined) this.#options.clock.clearTimeout(this.#windowTimer);
    this.#windowTimer = undefined;
  }

  #openWindow(): void {
    if (!this.#votes.wantsLastManStanding) return;
    this.#windowTimer = this.#options.clock.setTimeout(() => {
      this.#windowTimer = undefined;
      this.#votes.lastManStanding();
      this.#changed();
    }, this.#window_ms);
  }

  #changed(): void {
    this.#options.reweigh();
    const unsaved = this.#votes.tracked > 0 ? this.#options.expectedVotes?.save(this.#votes.tracked) : undefined;
    if (unsaved !== undefined) this.#options.log.write('QUORUM', 'error', `expected votes: ${unsaved.message}`);
    this.#report();
  }

  #report(): void {
    const view = this.view;
    const before = this.#reported;
    if (before !== undefined && isSameView(before, view)) return;
    this.#reported = view;
    const was = before?.quorate === true;
    if (view.quorate && !was) this.#log('This node is within the primary component and will provide service.');
    if (!view.quorate && was) {
      this.#log('This node is within the non-primary component and will NOT provide any services.');
    }
    this.#options.onQuorum(view.quorate, view);
  }

  #log(message: string): void {
    this.#options.log.write('QUORUM', 'notice', message);
  }
}

function isSameView(a: QuorumView, b: QuorumView): boolean {
  return (
    a.quorate === b.quorate &&
    equalSets(a.present, b.present) &&
    sameRing(a.ring, b.ring) &&
    a.expected_votes === b.expected_votes &&
    a.highest_expected === b.highest_expected &&
    a.total_votes === b.total_votes &&
    a.quorum === b.quorum
  );
}
