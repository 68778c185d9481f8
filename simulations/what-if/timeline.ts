/** What-if: many futures of one cluster, laid upon each other: what happens in all of them, from when to when, and where they part. */
import { type Future, type Happening, type ServiceEnd, sameness } from './happening.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface Row {
  readonly happening: Happening;
  /** Seconds after the first act. */
  readonly at_s: Range;
  /** Futures in which it happens. */
  readonly futures: number;
}

export interface ServiceForecast {
  readonly sid: string;
  readonly wanted: string;
  readonly began: string | undefined;
  /** Where it runs at the end, and in how many futures; none is the empty text. */
  readonly ends: ReadonlyMap<string, number>;
  /** The manager's words at the end. */
  readonly states: readonly string[];
  /** Without service until it runs again for good; undefined where it never fails to run. */
  readonly down_s: Range | undefined;
  /** When it runs again for good. */
  readonly back_s: Range | undefined;
  readonly isLeftDown: boolean;
}

export interface Forecast {
  readonly futures: number;
  readonly rows: readonly Row[];
  readonly services: readonly ServiceForecast[];
  /** Futures per outcome, the most frequent first. */
  readonly outcomes: readonly { readonly futures: number; readonly outcome: Outcome }[];
  readonly isSettled: boolean;
  /** At the end of each future some nodes are quorate. */
  readonly hasQuorum: boolean;
}

export interface Outcome {
  /** Nodes that were reset or fenced: which of both comes first is no difference. */
  readonly lost: readonly string[];
  /** Services that end elsewhere than they began, or nowhere. */
  readonly placed: Readonly<Record<string, string>>;
  readonly unmanagedDown: readonly string[];
}

export const EXIT = { recovers: 0, badInput: 1, staysDown: 2, differs: 3 } as const;

export function forecast(futures: readonly Future[]): Forecast {
  return {
    futures: futures.length,
    rows: rowsOf(futures),
    services: servicesOf(futures),
    outcomes: outcomesOf(futures),
    isSettled: futures.every(({ isSettled }) => isSettled),
    hasQuorum: futures.every(({ quorateAtEnd }) => quorateAtEnd.length > 0),
  };
}

export function exitCode({ hasQuorum, outcomes, rows, services }: Forecast): number {
  if (outcomes.length > 1) return EXIT.differs;
  const isTwice = rows.some(({ happening }) => happening.what === 'twice');
  return !hasQuorum || isTwice || services.some(({ isLeftDown }) => isLeftDown) ? EXIT.staysDown : EXIT.recovers;
}

function rowsOf(futures: readonly Future[]): readonly Row[] {
  const found = new Map<string, { happening: Happening; times: number[]; places: number[] }>();
  for (const { happenings } of futures) {
    const seen = new Map<string, number>();
    happenings.forEach(({ at_s, happening }, place) => {
      const same = sameness(happening);
      const nth = seen.get(same) ?? 0;
      seen.set(same, nth + 1);
      const key = `${nth} ${same}`;
      const row = found.get(key) ?? { happening, times: [], places: [] };
      found.set(key, row);
      row.times.push(at_s);
      row.places.push(place / Math.max(1, happenings.length));
    });
  }
  return [...found.values()]
    .sort((a, b) => median(a.times) - median(b.times) || median(a.places) - median(b.places))
    .map(({ happening, times }) => ({ happening, at_s: rangeOf(times), futures: times.length }));
}

function servicesOf(futures: readonly Future[]): readonly ServiceForecast[] {
  const sids = new Set(futures.flatMap(({ services }) => services.map(({ sid }) => sid)));
  return [...sids].sort(bySid).map((sid) => {
    const ends = futures.flatMap(({ services }) => services.find((service) => service.sid === sid) ?? []);
    const backs = ends.flatMap(({ gaps }) => gaps.at(-1)?.to_s ?? []);
    const downs = ends.flatMap(({ gaps }) => {
      const spans = gaps.flatMap(({ from_s, to_s }) => (to_s === undefined ? [] : [to_s - from_s]));
      return spans.length === 0 ? [] : [spans.reduce((a, b) => a + b)];
    });
    const [first] = ends;
    return {
      sid,
      wanted: first!.wanted,
      began: first!.began,
      ends: countsOf(ends.map(({ runsOn }) => runsOn.join(' and '))),
      states: [...new Set(ends.map(({ state }) => state))].sort(),
      down_s: downs.length === 0 ? undefined : rangeOf(downs),
      back_s: backs.length === 0 ? undefined : rangeOf(backs),
      isLeftDown: ends.some(isLeftDown),
    };
  });
}

/** Wanted, and not at work without somebody's help. */
function isLeftDown({ runsOn, state, wanted }: ServiceEnd): boolean {
  if (wanted !== 'started') return false;
  return runsOn.length !== 1 || (state !== 'started' && state !== 'freeze');
}

function outcomesOf(futures: readonly Future[]): Forecast['outcomes'] {
  const found = new Map<string, { futures: number; outcome: Outcome }>();
  for (const { fenced, reset, services, unmanagedDown } of futures) {
    const placed: Record<string, string> = {};
    for (const service of services) {
      const { began, runsOn, sid } = service;
      const end = runsOn.join(' and ');
      if (end !== (began ?? '') || isLeftDown(service))
        placed[sid] = isLeftDown(service) ? `${end} (${service.state})` : end;
    }
    const outcome: Outcome = { lost: [...new Set([...reset, ...fenced])].sort(), placed, unmanagedDown };
    const key = JSON.stringify(outcome);
    const known = found.get(key) ?? { futures: 0, outcome };
    known.futures += 1;
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.futures - a.futures);
}

function countsOf(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}

export function rangeOf(values: readonly number[]): Range {
  return { from: Math.min(...values), to: Math.max(...values) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** `ct:9` before `vm:10`, `vm:9` before `vm:10`. */
export function bySid(a: string, b: string): number {
  const [typeA, idA] = a.split(':');
  const [typeB, idB] = b.split(':');
  return Number(idA) - Number(idB) || (typeA! < typeB! ? -1 : 1);
}
