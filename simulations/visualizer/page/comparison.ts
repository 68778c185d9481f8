/** Two futures of one run: where they part, and how they differ at a moment. */
import { factAt, type Run } from '../run/run.ts';
import { trackTitle } from './lanes.ts';

/** Position of the first record that the other run hasn't in the same place; -1 where they are alike. */
export function firstDifference(run: Run, other: Run): number {
  const tracks = run.head.tracks.map((track) => nameOf(run, track));
  const otherTracks = other.head.tracks.map((track) => nameOf(other, track));
  const end = Math.min(run.count, other.count);
  for (let at = 0; at < end; at += 1) {
    const isAlike =
      run.times[at] === other.times[at] &&
      run.kinds[at] === other.kinds[at] &&
      tracks[run.tracks[at]!] === otherTracks[other.tracks[at]!] &&
      run.label(at) === other.label(at) &&
      run.head.states[run.after[at]!] === other.head.states[other.after[at]!];
    if (!isAlike) return at;
  }
  return run.count === other.count ? -1 : end;
}

function nameOf(run: Run, track: Run['head']['tracks'][number]): string {
  return `${run.head.nodes[track.node] ?? ''} ${trackTitle(track)} ${track.machine}`;
}

export interface FactDifference {
  readonly node: string;
  readonly key: string;
  readonly here: string;
  readonly there: string;
}

/** Facts of nodes that differ at this time. */
export function factDifferences(run: Run, other: Run, time_ms: number): readonly FactDifference[] {
  const [here, there] = [factsAt(run, time_ms), factsAt(other, time_ms)];
  const keys = [...new Set([...here.keys(), ...there.keys()])];
  return keys.flatMap((name) => {
    const [node = '', key = ''] = name.split('\n');
    const [left, right] = [here.get(name) ?? '–', there.get(name) ?? '–'];
    return left === right ? [] : [{ node, key, here: left, there: right }];
  });
}

function factsAt(run: Run, time_ms: number): ReadonlyMap<string, string> {
  const at = lastUpTo(run, time_ms);
  const found = new Map<string, string>();
  for (const series of run.head.facts) {
    const value = factAt(series, at);
    if (value !== undefined) found.set(`${run.head.nodes[series.node] ?? ''}\n${series.key}`, value);
  }
  return found;
}

/** The last position whose time isn't after `time_ms`. */
export function lastUpTo(run: Run, time_ms: number): number {
  const after = run.positionAt(time_ms + 1e-6);
  return Math.max(0, after - 1);
}

export function violationCount({ head }: Run): number {
  return head.invariants.reduce((sum, { violations }) => sum + violations.length, 0);
}
