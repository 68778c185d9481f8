/**
 * A simulated network of Datagram ports, driven by a Clock and a Random.
 *
 * Faults: per-direction loss, duplication, latency range (reordering follows from it), bandwidth (datagrams wait in a
 * buffer, and are lost when it is full), blocking (partitions are blocks), clogging (datagrams wait until the way is free
 * again), and the crash of a node. As the real port does,
 * it hands over nothing that was sent by or to an earlier incarnation of a node.
 */
import { strict as assert } from 'node:assert';
import type { Clock } from '../clock/clock.ts';
import type { Random } from '../random/random.ts';
import type { DatagramPort, DatagramReceiver } from './datagram.ts';

export interface LinkConditions {
  readonly latency_min_ms: number;
  readonly latency_max_ms: number;
  /** Probability in [0, 1]. */
  readonly loss: number;
  /** Probability in [0, 1]. */
  readonly duplication: number;
  /** Unlimited where absent. */
  readonly bandwidth_kbps?: number;
}

/** What waits for a slow way longer than this finds the buffer full. */
const BUFFER_MS = 500;
/** Ethernet, IP and UDP around a payload, bytes. */
const HEADERS_BYTES = 54;

export const PERFECT_LINK: LinkConditions = { latency_min_ms: 0, latency_max_ms: 0, loss: 0, duplication: 0 };

export interface NetworkCounters {
  sent: number;
  delivered: number;
  lost: number;
  blocked: number;
  duplicated: number;
}

class SimulatedPort implements DatagramPort {
  readonly nodeid: number;
  readonly maxPayload: number;
  readonly network: SimulatedNetwork;
  receiver: DatagramReceiver | undefined;
  closed = false;

  constructor(network: SimulatedNetwork, nodeid: number, maxPayload: number) {
    this.network = network;
    this.nodeid = nodeid;
    this.maxPayload = maxPayload;
  }

  send(peer: number, payload: Buffer): void {
    assert(peer !== this.nodeid, 'a node sends no datagram to itself');
    assert(payload.length <= this.maxPayload, `datagram of ${payload.length} bytes is larger than ${this.maxPayload}`);
    if (this.closed) return;
    this.network.transmit(this, peer, Buffer.from(payload));
  }

  multicast(peers: readonly number[], payload: Buffer): void {
    assert(payload.length <= this.maxPayload, `datagram of ${payload.length} bytes is larger than ${this.maxPayload}`);
    if (this.closed) return;
    const copy = Buffer.from(payload);
    for (const peer of peers) {
      assert(peer !== this.nodeid, 'a node sends no datagram to itself');
      this.network.transmit(this, peer, copy);
    }
  }

  onReceive(receiver: DatagramReceiver): void {
    this.receiver = receiver;
  }

  close(): void {
    this.closed = true;
    this.receiver = undefined;
  }
}

export class SimulatedNetwork {
  readonly counters: NetworkCounters = { sent: 0, delivered: 0, lost: 0, blocked: 0, duplicated: 0 };
  /**
   * A number that travels beside each datagram, unseen by both ends: set while one is sent, it is the same while that one is
   * received or reported as lost. Traces find the sending by it.
   */
  companion = 0;
  /** Hears of every datagram that is lost. */
  onLost:
    | ((from: number, to: number, payload: Buffer, reason: 'blocked' | 'down' | 'full' | 'loss') => void)
    | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ports = new Map<number, SimulatedPort>();
  readonly #links = new Map<string, LinkConditions>();
  readonly #blocked = new Set<string>();
  /** When each way has sent what was given to it. */
  readonly #busyUntil_ms = new Map<string, number>();
  readonly #clogged = new Map<string, (() => void)[]>();
  #defaults: LinkConditions;

  constructor(options: { readonly clock: Clock; readonly random: Random; readonly conditions?: LinkConditions }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#defaults = options.conditions ?? PERFECT_LINK;
  }

  /** Opens the port of a new incarnation of `nodeid`; an earlier one is closed. */
  port(nodeid: number, maxPayload = 8192): DatagramPort {
    this.#ports.get(nodeid)?.close();
    const port = new SimulatedPort(this, nodeid, maxPayload);
    this.#ports.set(nodeid, port);
    return port;
  }

  /** The node is gone without a word; datagrams on their way to or from it are lost. */
  crash(nodeid: number): void {
    this.#ports.get(nodeid)?.close();
    this.#ports.delete(nodeid);
  }

  /** Conditions of every direction that has none of its own. */
  setDefaults(conditions: LinkConditions): void {
    this.#defaults = conditions;
  }

  setLink(from: number, to: number, conditions: LinkConditions | undefined): void {
    if (conditions === undefined) this.#links.delete(direction(from, to));
    else this.#links.set(direction(from, to), conditions);
  }

  /** Blocks one direction. */
  block(from: number, to: number): void {
    this.#blocked.add(direction(from, to));
  }

  unblock(from: number, to: number): void {
    this.#blocked.delete(direction(from, to));
  }

  /** Blocks both ways between nodes of different parts; a node named in no part is untouched. Earlier blocks stay. */
  partition(parts: readonly (readonly number[])[]): void {
    for (const [index, part] of parts.entries()) {
      for (const other of parts.slice(index + 1)) {
        for (const a of part) {
          for (const b of other) {
            this.block(a, b);
            this.block(b, a);
          }
        }
      }
    }
  }

  /** Datagrams from `from` to `to` wait until `unclog`. */
  clog(from: number, to: number): void {
    const way = direction(from, to);
    if (!this.#clogged.has(way)) this.#clogged.set(way, []);
  }

  unclog(from: number, to: number): void {
    const waiting = this.#clogged.get(direction(from, to)) ?? [];
    this.#clogged.delete(direction(from, to));
    for (const resume of waiting) resume();
  }

  /** Ends every block and clog; link conditions stay. */
  heal(): void {
    this.#blocked.clear();
    const clogged = [...this.#clogged.values()];
    this.#clogged.clear();
    for (const waiting of clogged) for (const resume of waiting) resume();
  }

  transmit(from: SimulatedPort, to: number, payload: Buffer): void {
    this.counters.sent++;
    const way = direction(from.nodeid, to);
    if (this.#blocked.has(way)) {
      this.counters.blocked++;
      this.onLost?.(from.nodeid, to, payload, 'blocked');
      return;
    }
    const target = this.#ports.get(to);
    const link = this.#links.get(way) ?? this.#defaults;
    if (target === undefined || (link.loss > 0 && this.#random.unit() < link.loss)) {
      this.counters.lost++;
      this.onLost?.(from.nodeid, to, payload, target === undefined ? 'down' : 'loss');
      return;
    }
    this.#schedule(way, from, target, payload, link);
    if (link.duplication > 0 && this.#random.unit() < link.duplication) {
      this.counters.duplicated++;
      this.#schedule(way, from, target, payload, link);
    }
  }

  #schedule(way: string, from: SimulatedPort, target: SimulatedPort, payload: Buffer, link: LinkConditions): void {
    const spread_ms = link.latency_max_ms - link.latency_min_ms;
    const latency_ms = link.latency_min_ms + (spread_ms > 0 ? this.#random.unit() * spread_ms : 0);
    const waiting_ms = link.bandwidth_kbps === undefined ? 0 : this.#transmission_ms(way, payload, link.bandwidth_kbps);
    if (waiting_ms > BUFFER_MS) {
      this.counters.lost++;
      this.onLost?.(from.nodeid, target.nodeid, payload, 'full');
      return;
    }
    const { companion } = this;
    this.#clock.setTimeout(() => this.#arrive(way, from, target, payload, companion), latency_ms + waiting_ms);
  }

  /** Until the datagram has left; one that finds the buffer full takes no time of the way. */
  #transmission_ms(way: string, payload: Buffer, bandwidth_kbps: number): number {
    const now_ms = this.#clock.monotonic_ms();
    const free_ms = Math.max(now_ms, this.#busyUntil_ms.get(way) ?? 0);
    const left_ms = free_ms + ((payload.length + HEADERS_BYTES) * 8) / bandwidth_kbps;
    if (left_ms - now_ms <= BUFFER_MS) this.#busyUntil_ms.set(way, left_ms);
    return left_ms - now_ms;
  }

  #arrive(way: string, from: SimulatedPort, target: SimulatedPort, payload: Buffer, companion: number): void {
    const waiting = this.#clogged.get(way);
    if (waiting !== undefined) {
      waiting.push(() => this.#arrive(way, from, target, payload, companion));
      return;
    }
    this.companion = companion;
    const isDown = from.closed || target.closed;
    if (isDown || this.#blocked.has(way)) {
      this.counters.lost++;
      this.onLost?.(from.nodeid, target.nodeid, payload, isDown ? 'down' : 'blocked');
      return;
    }
    this.counters.delivered++;
    target.receiver?.(from.nodeid, payload);
  }
}

function direction(from: number, to: number): string {
  return `${from}>${to}`;
}
