/**
 * When a violation became inevitable (DEMi's question): the earliest act after which the same rule is violated though nothing harmful is
 * done any more. Before it something could still have been left undone; from it on the cluster was lost.
 *
 * Acts that heal stay: without them every violation of liveness would come at once. The search halves the acts, so it takes
 * the violation to stay once it can't be avoided; what it finds is tried out on both sides in any case.
 */
import { type ActName, HARMLESS_ACTS } from '../cluster/act.ts';
import type { RunResult } from '../cluster/run.ts';
import { withSteps } from '../schedule/reductions.ts';
import { replay, type Schedule } from '../schedule/schedule.ts';
import { ruleOf } from '../schedule/shrink.ts';
import type { ActStep, Step } from '../schedule/step.ts';
import { instant } from '../trace/words.ts';

export interface Inevitable {
  readonly rule: string;
  /** The act; undefined where the rule is violated without any. */
  readonly act: (ActStep & Step) | undefined;
  /** Its place among the harmful acts, from 1, and how many there were before the violation. */
  readonly number: number;
  readonly harmful: number;
  /** When the violation comes though nothing follows the act; milliseconds of virtual time. */
  readonly violated_ms: number | undefined;
  /** In the run itself. */
  readonly happened_ms: number | undefined;
  readonly runs: number;
}

export interface InevitableSettings {
  /** Instead of the usual run. */
  readonly run?: (schedule: Schedule) => RunResult;
  readonly progress?: (line: string) => void;
}

/** Undefined when the schedule violates nothing. */
export function whenInevitable(schedule: Schedule, settings: InevitableSettings = {}): Inevitable | undefined {
  const { run = (each) => replay(each, { endsAtViolation: true }), progress = () => {} } = settings;
  const whole = run(schedule);
  const rule = ruleOf(whole);
  if (rule === undefined) return undefined;
  const happened_ms = whole.violations[0]?.time_ms;
  const acts = schedule.steps.filter(
    (step): step is ActStep & Step => isHarmful(step) && (step.at_ms ?? 0) <= (happened_ms ?? Number.POSITIVE_INFINITY),
  );
  let runs = 1;
  const violatedAfter = (count: number): { readonly time_ms: number | undefined } | undefined => {
    runs += 1;
    const kept = new Set<Step>(acts.slice(0, count));
    const result = run(withSteps(schedule, (step) => !isHarmful(step) || kept.has(step)));
    progress(`${count} of ${acts.length} acts: ${ruleOf(result) === rule ? 'violated' : 'not violated'}`);
    return ruleOf(result) === rule ? { time_ms: result.violations[0]?.time_ms } : undefined;
  };
  // Not violated after the first, violated after the second.
  let [avoidable, inevitable] = [-1, acts.length];
  let found: { readonly time_ms: number | undefined } = { time_ms: happened_ms };
  while (inevitable - avoidable > 1) {
    const middle = avoidable < 0 ? 0 : (avoidable + inevitable) >> 1;
    const violated = violatedAfter(middle);
    if (violated === undefined) avoidable = middle;
    else {
      inevitable = middle;
      found = violated;
    }
  }
  return {
    rule,
    act: acts[inevitable - 1],
    number: inevitable,
    harmful: acts.length,
    violated_ms: found.time_ms,
    happened_ms,
    runs,
  };
}

function isHarmful(step: Step): boolean {
  return 'act' in step && !HARMLESS_ACTS.has(step.act as ActName);
}

export function inevitableText({ act, happened_ms, harmful, number, rule, violated_ms }: Inevitable): string {
  const when = violated_ms === undefined ? '' : ` at ${instant(violated_ms).trim()}`;
  if (act === undefined)
    return `inevitable from the beginning: '${rule}' is violated${when} though nothing harmful is done`;
  const { act: name, at_ms, by, ...detail } = act;
  const fault = by === undefined ? '' : ` of the fault '${by}'`;
  const lines = [
    `inevitable from ${instant(at_ms ?? 0).trim()} on, act ${number} of ${harmful}: ${name} ${JSON.stringify(detail)}${fault}`,
    `  with it and nothing harmful after it, '${rule}' is violated${when}; without it, it isn't`,
  ];
  if (number < harmful) {
    const happened = happened_ms === undefined ? '' : ` until ${instant(happened_ms).trim()}`;
    lines.push(`  what was done after it${happened} did not matter`);
  }
  return lines.join('\n');
}
