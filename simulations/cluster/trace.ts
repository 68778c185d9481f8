/**
 * The trace of a simulated cluster (runtime/trace): who writes what, and what causes what. Every record counts in the digest;
 * lines are made only where somebody takes them.
 *
 * A course begins with a datagram that a process takes, a timer, a client's call or an act of the world. What happens in it is
 * caused by the record that began it, or by the last machine or tree record of it; a timer by the record that armed it.
 */
import { KIND, kindOf } from '../../machines/cluster/totem/messages.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import { causingClock } from '../../runtime/trace/causing-clock.ts';
import { type Inspector, machineSteps, tracedSteps } from '../../runtime/trace/machine-steps.ts';
import { trace_version, type UnstampedRecord } from '../../runtime/trace/trace.ts';
import { TraceWriter } from '../../runtime/trace/writer.ts';
import type { TreeChange, TreeReplacement } from '../checkers/observation.ts';
import { Coverage } from '../coverage/coverage.ts';
import { coverageName } from '../coverage/hosted-machines.ts';
import type { RunOptions } from './options.ts';

/** Machines that ask for nothing: what happens after their steps isn't caused by them. */
const LEAVES: ReadonlySet<string> = new Set(['lock']);
const MESSAGE_NAMES = new Map(Object.entries(KIND).map(([name, kind]) => [kind as number, name]));

export class RunTrace {
  /** What the machines of this run have been through. */
  readonly coverage = new Coverage();
  readonly #writer: TraceWriter;
  readonly #names = [''];
  readonly #lists: (readonly string[])[] = [];

  constructor(clock: Clock, options: RunOptions, sink?: (line: string) => void) {
    const nodes = Array.from({ length: options.nodeCount }, (_, at) => this.#name(at + 1));
    this.#writer = new TraceWriter({
      clock,
      capacity: 0,
      hashed: true,
      header: { trace: trace_version, source: 'simulator', nodes, options },
      sink: sink && ((line) => taken(sink, line)),
    });
  }

  /** Records up to now. */
  get records(): number {
    return this.#writer.count;
  }

  /** SHA-256 over all records, hexadecimal. */
  digest(): string {
    return this.#writer.digest() ?? '';
  }

  get current(): number {
    return this.#writer.current;
  }

  /** Runs `body` as caused by the record `cause`. */
  within(cause: number, body: () => void): void {
    this.#writer.within(cause, body);
  }

  /** `node` 0 is the world; `source` is a part of it, or of the node. Returns the record's sequence. */
  write(node: number, source: string, event: string, detail?: unknown): number {
    const name = this.#name(node);
    if (source === 'act') return this.#put({ kind: 'fault', node: name, actor: 'world', fault: event, detail });
    return this.#put({ kind: 'note', node: name, actor: source, event, detail });
  }

  request(node: number, request: string, detail: object): number {
    return this.#put({ kind: 'request', node: this.#name(node), actor: 'client', request, detail });
  }

  log(node: number, domain: string, level: string, message: string): number {
    return this.#put({ kind: 'log', node: this.#name(node), actor: 'log', domain, level, message });
  }

  violation(rule: string, message: string): void {
    this.#put({ kind: 'violation', node: '', actor: 'checker', rule, message });
  }

  /** What follows in the course is caused by it. */
  treeChange(node: number, { kind, path, detail, result, versionAfter }: TreeChange): void {
    const input = `${kind} ${path}${detail === '' ? '' : ` ${detail}`}`;
    const outcome = `${result}, version ${versionAfter}`;
    const record = { node: this.#name(node), actor: 'dcdb', core: 'tree', input, bytes: undefined, result: outcome };
    this.#writer.follow(this.#put({ kind: 'core', ...record }));
  }

  /** Another tree took the place of the one before. */
  treeReplaced(node: number, { cause, before, isGood }: TreeReplacement): void {
    const input = `${cause === 'transfer' ? 'adopt a plan' : 'load'} over version ${before.version}`;
    const record = { node: this.#name(node), actor: 'dcdb', core: 'tree', input, bytes: undefined };
    this.#writer.follow(this.#put({ kind: 'core', ...record, result: isGood ? 'done' : 'refused' }));
  }

  /** A process hands a datagram to the network. */
  sent(node: number, peers: readonly number[], payload: Buffer): number {
    const to = peers.length === 1 ? this.#alone(peers[0]!) : peers.map((peer) => this.#name(peer));
    return this.#put({
      kind: 'send',
      node: this.#name(node),
      actor: 'ring',
      message: messageName(payload),
      to,
      bytes: payload,
    });
  }

  /** A process takes the datagram of the record `send`; `body` is what it does with it. */
  received(node: number, sender: number, payload: Buffer, send: number, body: () => void): void {
    const from = this.#name(sender);
    const message = messageName(payload);
    const record = { node: this.#name(node), actor: 'ring', message, from, bytes: payload };
    this.#writer.within(this.#writer.put({ kind: 'receive', ...record }, send), body);
  }

  /** The datagram of the record `send` is lost. */
  dropped(from: number, to: number, payload: Buffer, reason: string, send: number): void {
    const record = {
      node: this.#name(from),
      actor: 'network',
      message: messageName(payload),
      to: this.#name(to),
      reason,
    };
    this.#writer.put({ kind: 'drop', ...record }, send);
  }

  /** A port of `ClusterNode`: the steps of its machines. */
  inspector(node: number): (actor: string, machine: string) => Inspector {
    const name = this.#name(node);
    return (actor, machine) => {
      const covers = this.coverage.of(coverageName(actor, machine));
      return machineSteps(
        tracedSteps(this.#writer, { node: name, actor, machine }, (step, sequence) => {
          covers(step);
          if (!LEAVES.has(machine)) this.#writer.follow(sequence);
        }),
      );
    };
  }

  /** The clock of a node's process: what a timer does is caused by the record that armed it. */
  causing(clock: Clock): Clock {
    return causingClock(this.#writer, clock);
  }

  #put(record: UnstampedRecord): number {
    return this.#writer.put(record);
  }

  /** The list of one name. */
  #alone(node: number): readonly string[] {
    this.#lists[node] ??= [this.#name(node)];
    return this.#lists[node];
  }

  #name(node: number): string {
    for (let at = this.#names.length; at <= node; at += 1) this.#names.push(`n${at}`);
    return this.#names[node]!;
  }
}

function taken(sink: (line: string) => void, line: string): true {
  sink(line);
  return true;
}

function messageName(payload: Buffer): string {
  return MESSAGE_NAMES.get(kindOf(payload) ?? -1) ?? 'unknown';
}
