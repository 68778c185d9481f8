/** Runs in the build of a mutant: one run after the other until a named checker has spoken. One order, one report, then it ends. */
import { runSeed } from '../cluster/run.ts';
import type { PlannedRun, RunOutcome, TrialOrder, TrialReport } from './worker.ts';

const SHOWN_VIOLATIONS = 3;

function outcomeOf({ seed, options }: PlannedRun): RunOutcome {
  const start_ms = performance.now();
  const { violations, crash } = runSeed(seed, { options });
  const rules = new Set(violations.map(({ rule }) => rule));
  const messages = violations.slice(0, SHOWN_VIOLATIONS).map(({ rule, message }) => `${rule}: ${message}`);
  if (crash !== undefined) {
    rules.add('crash');
    messages.push(`crash: ${crash.split('\n', 2).join(' ')}`);
  }
  return { seed, rules: [...rules], messages, wall_ms: performance.now() - start_ms };
}

process.once('message', (message) => {
  const { runs, until } = message as TrialOrder;
  const outcomes: RunOutcome[] = [];
  for (const run of runs) {
    const outcome = outcomeOf(run);
    outcomes.push(outcome);
    if (outcome.rules.some((rule) => until.includes(rule))) break;
  }
  const report: TrialReport = { outcomes };
  process.send?.(report, () => process.disconnect());
});
