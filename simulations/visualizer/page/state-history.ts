/** What a machine has done up to a position: dwell times, visits, the last transition, and the guards that refused. */
import type { TransitionDescription } from '../charts/machine-description.ts';
import { definitionName, type Head } from '../run/layout.ts';
import { countUpTo, type Run } from '../run/run.ts';

export interface StateVisits {
  readonly state: string;
  readonly visits: number;
  readonly dwell_ms: number;
}

export function visitsUpTo(run: Run, track: number, at: number): readonly StateVisits[] {
  const changes = run.changes(track);
  const count = countUpTo(changes, at);
  const found = new Map<string, { state: string; visits: number; dwell_ms: number }>();
  for (let number = 0; number < count; number += 1) {
    const position = changes[number]!;
    const state = run.head.states[run.after[position]!] ?? '';
    const until = number + 1 < count ? changes[number + 1]! : at;
    const visit = found.get(state) ?? { state, visits: 0, dwell_ms: 0 };
    visit.visits += 1;
    visit.dwell_ms += Math.max(0, run.times[until]! - run.times[position]!);
    found.set(state, visit);
  }
  return [...found.values()];
}

/** Position of the last record of this track up to `at`; -1 for none. */
export function lastOfTrack(run: Run, track: number, at: number): number {
  for (let to = at; to >= 0; to -= 1) if (run.tracks[to] === track) return to;
  return -1;
}

export function machineOf(head: Head, track: number): Head['machines'][number] | undefined {
  const name = definitionName(head.tracks[track]?.machine ?? '');
  return head.machines.find((machine) => machine.name === name);
}

export interface Taken {
  /** Positions in the machine's transitions that the record can have taken. */
  readonly taken: readonly number[];
  /** Guarded ones that were asked before it and said no. */
  readonly refused: readonly number[];
}

/**
 * Which transition an event took, from the states around it. A trace doesn't name transitions: where several lead to the same
 * state, all of them are named.
 */
export function transitionTaken(
  transitions: readonly TransitionDescription[],
  { before, event, after }: { readonly before: string; readonly event: string; readonly after: string },
): Taken {
  for (const source of [...ancestors(before), 'root']) {
    const candidates = [...transitions.entries()].filter(([, one]) => one.source === source && one.event === event);
    if (candidates.length === 0) continue;
    const fitting = candidates.filter(([, { targets }]) => leadsTo(targets, before, after));
    const first = fitting[0]?.[0] ?? Number.POSITIVE_INFINITY;
    const refused = candidates.filter(([number, { guard }]) => guard !== undefined && number < first);
    return { taken: fitting.map(([number]) => number), refused: refused.map(([number]) => number) };
  }
  return { taken: [], refused: [] };
}

/** `a.b.c`, `a.b`, `a`. */
function ancestors(state: string): readonly string[] {
  const parts = state.split('.');
  return parts.map((_, at) => parts.slice(0, parts.length - at).join('.'));
}

function leadsTo(targets: readonly string[], before: string, after: string): boolean {
  if (targets.length === 0) return before === after;
  return targets.some((target) => after === target || after.startsWith(`${target}.`));
}
