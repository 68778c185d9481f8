/** The last lines in memory, for whoever asks what happened lately, or wants to follow. */
import type { Clock } from '../clock/clock.ts';
import type { Log, LogLevel } from './log.ts';

export interface LogEntry {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly wall_ms: number;
  readonly domain: string;
  readonly level: LogLevel;
  readonly message: string;
}

export class MemoryLog implements Log {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #ring: LogEntry[] = [];
  readonly #followers = new Set<(entry: LogEntry) => void>();
  #sequence = 0;

  /** Keeps the last `capacity` lines (at least one). */
  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#capacity = Math.max(1, capacity);
  }

  write(domain: string, level: LogLevel, message: string): void {
    this.#sequence += 1;
    const entry = { sequence: this.#sequence, wall_ms: this.#clock.wall_ms(), domain, level, message };
    this.#ring[(this.#sequence - 1) % this.#capacity] = entry;
    for (const follower of [...this.#followers]) follower(entry);
  }

  /** The lines still kept, oldest first; only those after the sequence number `after`. */
  entries(after = 0): readonly LogEntry[] {
    const oldest = Math.max(after + 1, this.#sequence - this.#ring.length + 1);
    const kept: LogEntry[] = [];
    for (let sequence = oldest; sequence <= this.#sequence; sequence += 1) {
      const entry = this.#ring[(sequence - 1) % this.#capacity];
      if (entry !== undefined) kept.push(entry);
    }
    return kept;
  }

  /** Calls `follower` for every new line until the returned function is called. */
  follow(follower: (entry: LogEntry) => void): () => void {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }
}
