/**
 * Which links to one peer are alive, and which one is used (spec/pmxcfs.md §7.4, last paragraph). No I/O: time and pongs in,
 * changes out.
 *
 * States of a link: down, up. A link comes up after `pong_count` pongs and goes down when none came for `ping_timeout_ms`.
 *
 * Invariants:
 *  I1 the best link is the live one of the highest priority, the lowest number among equals;
 *  I2 without a live link the best one is chosen among all: a datagram tried costs nothing, and whether the peer is gone
 *     is the membership's to decide;
 *  I3 time in which this process itself stood still counts against no link.
 */
import * as assert from 'node:assert';
import type { LinkOptions } from '../formats/cluster-config.ts';

interface LinkState {
  options: LinkOptions;
  up: boolean;
  /** Was it up before? The first pings follow each pong at once, later ones the interval. */
  everUp: boolean;
  pongs: number;
  lastPong_ms: number;
  nextPing_ms: number;
  rtt_ms: number | undefined;
}

/** What changed, in the order in which it is logged. */
export type LinkEvent =
  | { readonly type: 'up' | 'down'; readonly link: number }
  | { readonly type: 'best'; readonly link: number; readonly priority: number; readonly active: boolean };

export interface LinkView {
  readonly link: number;
  readonly up: boolean;
  readonly rtt_ms: number | undefined;
}

const UNCHANGED: readonly LinkEvent[] = [];

export class PeerLinks {
  readonly #links = new Map<number, LinkState>();
  #best: number;

  constructor(options: readonly LinkOptions[]) {
    for (const link of options) this.#links.set(link.linknumber, newLink(link));
    this.#best = this.#choose();
  }

  /** The link to send on. */
  get best(): number {
    return this.#best;
  }

  /** The choice as it stands, as an event to log. */
  choice(): LinkEvent {
    const { up, options } = this.#links.get(this.#best)!;
    return { type: 'best', link: this.#best, priority: options.priority, active: up };
  }

  view(): LinkView[] {
    return [...this.#links].map(([link, { up, rtt_ms }]) => ({ link, up, rtt_ms }));
  }

  /** Takes new options; links that stay keep their state, except those in `reset`, whose addresses changed. */
  reconfigure(options: readonly LinkOptions[], reset: ReadonlySet<number>): void {
    const before = new Map(this.#links);
    this.#links.clear();
    for (const link of options) {
      const state = reset.has(link.linknumber) ? undefined : before.get(link.linknumber);
      this.#links.set(link.linknumber, state ? Object.assign(state, { options: link }) : newLink(link));
    }
    this.#best = this.#choose();
  }

  /** The peer's process is a new one: asks all links again, at once. */
  restart(): void {
    for (const state of this.#links.values()) {
      state.everUp = false;
      state.nextPing_ms = Number.NEGATIVE_INFINITY;
    }
  }

  /** The links that are to be pinged now. */
  pingsDue(now_ms: number): number[] {
    const due: number[] = [];
    for (const [link, state] of this.#links) {
      if (now_ms < state.nextPing_ms) continue;
      state.nextPing_ms = now_ms + state.options.ping_interval_ms;
      due.push(link);
    }
    return due;
  }

  /** Takes the pong to a ping of `pinged_ms`. `again`: ping once more at once. */
  pong(
    link: number,
    pinged_ms: number,
    now_ms: number,
  ): { readonly events: readonly LinkEvent[]; readonly again: boolean } {
    const state = this.#links.get(link);
    const rtt_ms = now_ms - pinged_ms;
    if (!state || !(rtt_ms >= 0) || rtt_ms > state.options.ping_timeout_ms) return { events: UNCHANGED, again: false };
    state.rtt_ms = state.rtt_ms === undefined ? rtt_ms : (7 * state.rtt_ms + rtt_ms) / 8;
    state.lastPong_ms = now_ms;
    if (state.up) return { events: UNCHANGED, again: false };
    state.pongs++;
    if (state.pongs < state.options.pong_count) return { events: UNCHANGED, again: !state.everUp };
    state.up = true;
    state.everUp = true;
    return { events: [{ type: 'up', link }, this.#rechoose()], again: false };
  }

  /** Looks for links that fell silent. `late_ms`: how much later than planned this call is (I3). */
  check(now_ms: number, late_ms: number): readonly LinkEvent[] {
    const events: LinkEvent[] = [];
    for (const [link, state] of this.#links) {
      state.lastPong_ms += late_ms;
      if (now_ms - state.lastPong_ms <= state.options.ping_timeout_ms) continue;
      state.pongs = 0;
      if (!state.up) continue;
      state.up = false;
      state.rtt_ms = undefined;
      events.push({ type: 'down', link });
    }
    return events.length === 0 ? UNCHANGED : [...events, this.#rechoose()];
  }

  #rechoose(): LinkEvent {
    this.#best = this.#choose();
    return this.choice();
  }

  #choose(): number {
    const ranked = [...this.#links.values()].sort(
      (a, b) =>
        Number(b.up) - Number(a.up) ||
        b.options.priority - a.options.priority ||
        a.options.linknumber - b.options.linknumber,
    );
    assert.ok(ranked[0], 'a peer has at least one link');
    return ranked[0].options.linknumber;
  }
}

function newLink(options: LinkOptions): LinkState {
  return {
    options,
    up: false,
    everUp: false,
    pongs: 0,
    lastPong_ms: Number.NEGATIVE_INFINITY,
    nextPing_ms: Number.NEGATIVE_INFINITY,
    rtt_ms: undefined,
  };
}
