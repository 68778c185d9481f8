/** Instants and durations for people. */

/** `12.345678 s`. */
export function instantText(time_ms: number): string {
  return `${(time_ms / 1000).toFixed(6)} s`;
}

/** With as many digits as say something: `340 µs`, `12.3 ms`, `4.21 s`, `3 min 20 s`. */
export function durationText(duration_ms: number): string {
  if (duration_ms < 1) return `${Math.round(duration_ms * 1000)} µs`;
  if (duration_ms < 1000) return `${Number(duration_ms.toPrecision(3))} ms`;
  if (duration_ms < 120_000) return `${Number((duration_ms / 1000).toPrecision(3))} s`;
  const seconds = Math.round(duration_ms / 1000);
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** Of an axis whose lines are `step_ms` apart: so many digits that no two are alike. */
export function tickText(time_ms: number, step_ms: number): string {
  const [unit, factor] = step_ms < 0.5 && time_ms < 100 ? (['ms', 1] as const) : (['s', 1000] as const);
  const digits = Math.max(0, -Math.floor(Math.log10(step_ms / factor) + 1e-9));
  return `${(time_ms / factor).toFixed(digits)} ${unit}`;
}

/** Round numbers that divide a stretch into at most `most` parts. */
export function ticks(from: number, to: number, most: number): readonly number[] {
  const raw = (to - from) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw) ?? 10 * power;
  const found: number[] = [];
  for (let at = Math.ceil(from / step); at * step <= to; at += 1) found.push(at * step);
  return found;
}
