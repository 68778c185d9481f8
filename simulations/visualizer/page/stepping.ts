/** Where the keys and buttons lead: from one position to the next by event, by actor, by state, by message. */
import type { Run } from '../run/run.ts';
import { countUpTo } from '../run/run.ts';
import type { EventFilter } from './event-filter.ts';

export type Step =
  | 'first'
  | 'last'
  | 'next'
  | 'previous'
  | 'actor-next'
  | 'actor-previous'
  | 'state-next'
  | 'state-previous'
  | 'cause'
  | 'effect'
  | 'violation';

/** The position that the step leads to; `at` itself where there is none. */
export function stepped(run: Run, filter: EventFilter, at: number, step: Step): number {
  const track = run.tracks[at];
  const scan = (direction: 1 | -1, isMeant: (at: number) => boolean): number => {
    for (let to = at + direction; to >= 0 && to < run.count; to += direction) if (isMeant(to)) return to;
    return at;
  };
  switch (step) {
    case 'first':
      return 0;
    case 'last':
      return run.count - 1;
    case 'next':
      return scan(1, filter.shows);
    case 'previous':
      return scan(-1, filter.shows);
    case 'actor-next':
      return scan(1, (to) => run.tracks[to] === track);
    case 'actor-previous':
      return scan(-1, (to) => run.tracks[to] === track);
    case 'state-next':
      return scan(1, (to) => run.kinds[to] === 0 && run.before[to] !== run.after[to] && filter.shows(to));
    case 'state-previous':
      return scan(-1, (to) => run.kinds[to] === 0 && run.before[to] !== run.after[to] && filter.shows(to));
    case 'cause':
      return run.cause(at) < 0 ? at : run.cause(at);
    case 'effect':
      return run.effects(at)[0] ?? at;
    case 'violation':
      return nextViolation(run, at);
  }
}

/** The next one after `at`, or the first of all. */
function nextViolation(run: Run, at: number): number {
  const all = run.head.invariants.flatMap(({ violations }) => violations.map((one) => one.at)).sort((a, b) => a - b);
  return all[countUpTo(all, at)] ?? all[0] ?? at;
}
