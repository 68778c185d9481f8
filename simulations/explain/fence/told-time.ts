/** Instants and spans as people read them. */

const day_ms = 86_400_000;

export class ToldTime {
  readonly #zone_ms: number;

  constructor(zone_minutes: number) {
    this.#zone_ms = zone_minutes * 60_000;
  }

  /** `10:02:11`. */
  clock(at_ms: number): string {
    return new Date(at_ms + this.#zone_ms).toISOString().slice(11, 19);
  }

  /** `2026-11-22 10:02:11`. */
  day(at_ms: number): string {
    return new Date(at_ms + this.#zone_ms).toISOString().slice(0, 19).replace('T', ' ');
  }

  /** The clock, with its day where that is another than that of `of_ms`. */
  near(at_ms: number, of_ms: number): string {
    const dayOf = (instant_ms: number): number => Math.floor((instant_ms + this.#zone_ms) / day_ms);
    return dayOf(at_ms) === dayOf(of_ms) ? this.clock(at_ms) : this.day(at_ms);
  }
}

/** `1.4 s`, `37 s`, `2 min 5 s`, `1 h 3 min`. */
export function span(ms: number): string {
  const s = Math.abs(ms) / 1000;
  if (s < 10) return `${Math.round(s * 10) / 10} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `n1`, `n1 and n2`, `n1, n2 and n3`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
