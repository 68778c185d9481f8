/** A stretch of a run as a log for ShiViz: a line with the host and its vector clock, then one with what happened. */
import type { Run } from '../run/run.ts';

/** The expression that ShiViz needs to parse it. */
export const SHIVIZ_EXPRESSION = '(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)';

export function shivizLog(run: Run, from: number, to: number): string {
  const names = [...run.head.nodes, 'world'];
  const clocks = names.map(() => new Map<number, number>());
  const clockOf = new Map<number, ReadonlyMap<number, number>>();
  const lines: string[] = [SHIVIZ_EXPRESSION, ''];
  for (let at = from; at < to; at += 1) {
    const node = run.node(at) < 0 ? names.length - 1 : run.node(at);
    const clock = clocks[node]!;
    const cause = run.cause(at);
    for (const [other, count] of clockOf.get(cause) ?? []) clock.set(other, Math.max(clock.get(other) ?? 0, count));
    clock.set(node, (clock.get(node) ?? 0) + 1);
    clockOf.set(at, new Map(clock));
    const entries = [...clock].map(([other, count]) => `"${names[other]}":${count}`);
    lines.push(`${names[node]} {${entries.join(',')}}`, `${run.kind(at)} ${run.label(at)} #${run.sequences[at]}`);
  }
  return lines.join('\n');
}
