/**
 * Whether a schedule harms no more than the promise allows: between two moments at which all is healed and settled, all harm has to
 * do with one minority of the nodes. A shrunk schedule that harms more would fail for another reason.
 */
import { type ActName, HARMLESS_ACTS, type Way } from '../cluster/act.ts';
import type { Schedule } from './schedule.ts';
import type { ActStep, Step } from './step.ts';

export function isWithinPromise({ options, steps }: Schedule): boolean {
  if (options.profile !== 'promise') return true;
  const most = Math.floor((options.nodeCount - 1) / 2);
  return roundsOf(steps).every((harms) => isCovered(harms, most));
}

/** Nodes of which one at least is a victim. */
type Harm = readonly number[];

function roundsOf(steps: readonly Step[]): readonly (readonly Harm[])[] {
  const rounds: Harm[][] = [[]];
  let isHealed = false;
  for (const step of steps) {
    if ('expect' in step && step.expect.is === 'settled' && step.expect.nodes === undefined) {
      if (isHealed) rounds.push([]);
    } else if ('act' in step) {
      const harms = harmsOf(step);
      if (step.act === 'heal') isHealed = true;
      else if (harms.length > 0) isHealed = false;
      rounds.at(-1)!.push(...harms);
    }
  }
  return rounds;
}

function harmsOf(step: ActStep): readonly Harm[] {
  if (HARMLESS_ACTS.has(step.act as ActName)) return [];
  const { node, ways = [] } = step as { readonly node?: number; readonly ways?: readonly Way[] };
  return [...(node === undefined ? [] : [[node]]), ...ways];
}

/** `most` nodes can be chosen so that each harm has one of them. */
function isCovered(harms: readonly Harm[], most: number): boolean {
  const [first] = harms;
  if (first === undefined) return true;
  if (most === 0) return false;
  return first.some((victim) =>
    isCovered(
      harms.filter((harm) => !harm.includes(victim)),
      most - 1,
    ),
  );
}
