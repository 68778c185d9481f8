/**
 * The black box of a node: what its control path has decided, on disk, for the time after the node was fenced. Membership, quorum,
 * synchronisation and locks as machine records, and notes of what the process noticed of itself: an event loop that stood still,
 * a wall clock that was set.
 *
 * I1 never more than `max_bytes` on disk, the newest records last; each file begins with a header, so each can be read alone
 * I2 records survive the end of the process at once, and that of the machine after `sync_ms`
 * I3 a disk that is full or slow costs records, never the node
 */
import type { Clock, TimerHandle } from '../clock/clock.ts';
import { RotatingFile } from '../log/rotating-file.ts';
import { type Trace, type TraceHeader, type TraceRecord, trace_version } from './trace.ts';

export interface BlackBoxOptions {
  readonly path: string;
  readonly node: string;
  readonly clock: Clock;
  /** Of all its files together. */
  readonly max_bytes?: number;
}

const default_bytes = 64 * 1_048_576;
const files = 8;
const watch_ms = 500;
/** An event loop that is later than this stood still. */
const stall_ms = 1000;
/** A wall clock that differs by more from what has passed was set. */
const step_ms = 1000;

export class BlackBox {
  readonly #options: BlackBoxOptions;
  readonly #file: RotatingFile;
  #watch: TimerHandle | undefined;
  #isDirty = false;
  #firstLine = '';

  constructor(options: BlackBoxOptions) {
    this.#options = options;
    const { path, max_bytes = default_bytes } = options;
    this.#file = new RotatingFile({
      path,
      max_bytes: Math.floor(max_bytes / files),
      keep: files - 1,
      firstLine: () => {
        this.#firstLine = `${JSON.stringify(this.#header())}\n`;
        return this.#firstLine;
      },
    });
  }

  /** The sink of a `TraceWriter`. */
  readonly take = (line: string, record?: TraceRecord): boolean => {
    if (record !== undefined && !isKept(record)) return true;
    // The header of this process; a new file has one.
    if (record === undefined && this.#isFresh()) return true;
    const { lost } = this.#file;
    this.#file.write(`${line}\n`);
    this.#isDirty = true;
    return this.#file.lost === lost;
  };

  /** Notes stalls and steps of the clock as records of `trace`, and brings what was written to the disk. */
  watch(trace: Trace): void {
    const { clock, node } = this.#options;
    const note = (event: string, detail: object): void => {
      trace.put({ kind: 'note', node, actor: 'process', event, detail });
    };
    const arm = (due_ms: number, wallAhead_ms: number): void => {
      this.#watch = clock.setTimeout(() => {
        const now_ms = clock.monotonic_ms();
        const ahead_ms = clock.wall_ms() - now_ms;
        if (now_ms - due_ms > stall_ms) note('stalled', { late_ms: Math.round(now_ms - due_ms) });
        const by_ms = ahead_ms - wallAhead_ms;
        if (Math.abs(by_ms) > step_ms) note('wall clock set', { by_ms: Math.round(by_ms) });
        if (this.#isDirty) this.#file.sync();
        this.#isDirty = false;
        arm(now_ms + watch_ms, ahead_ms);
      }, watch_ms);
    };
    note('opened', { wall_ms: Math.round(clock.wall_ms()) });
    arm(clock.monotonic_ms() + watch_ms, clock.wall_ms() - clock.monotonic_ms());
  }

  close(): void {
    if (this.#watch !== undefined) this.#options.clock.clearTimeout(this.#watch);
    this.#file.close();
  }

  #isFresh(): boolean {
    return this.#file.size_bytes === this.#firstLine.length;
  }

  #header(): TraceHeader {
    const { node, clock } = this.#options;
    const origin_wall_ms = Math.round(clock.wall_ms() - clock.monotonic_ms());
    return { trace: trace_version, source: 'node', nodes: [node], origin_wall_ms };
  }
}

/** Steps that changed nothing and asked for nothing, and what only repeats itself, would push out what matters. */
function isKept(record: TraceRecord): boolean {
  if (record.kind === 'note') return true;
  if (record.kind !== 'machine' || record.machine === 'supervisor') return false;
  const { type } = record.event as { readonly type: string };
  if (type === 'JOIN_TIMER') return false;
  const hasChanged = record.before !== record.after || Object.keys(record.changed).length > 0;
  return hasChanged || record.effects.length > 0;
}
