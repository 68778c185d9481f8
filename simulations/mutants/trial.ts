/** Puts mutants to the test: runs their seeds and judges what the checkers said. */
import type { Mutant } from './mutant.ts';
import { type PlannedRun, type RunOutcome, runPatched } from './worker.ts';

export type Verdict = 'caught' | 'caught by another' | 'survived' | 'broken';

export interface Trial {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  /** Where it was noticed. */
  readonly seed: number | undefined;
  /** Rules that were violated there, those of the named checkers first. */
  readonly rules: readonly string[];
  readonly wall_ms: number;
  /** Sentences for people: violations, or why there was no trial. */
  readonly notes: readonly string[];
  readonly outcomes: readonly RunOutcome[];
}

/** `first`: until a named checker has noticed it; `all`: every seed, to learn which of them do. */
export type Depth = 'first' | 'all';

export async function tryMutant(mutant: Mutant, depth: Depth = 'first'): Promise<Trial> {
  const start_ms = performance.now();
  const { seeds, options = {}, checkers, patches } = mutant;
  const runs = seeds.map((seed) => ({ seed, options }));
  const report = await runPatched(patches, { runs, until: depth === 'first' ? checkers : [] });
  const wall_ms = performance.now() - start_ms;
  if ('problem' in report) {
    return { mutant, verdict: 'broken', seed: undefined, rules: [], wall_ms, notes: [report.problem], outcomes: [] };
  }
  return { mutant, wall_ms, outcomes: report.outcomes, ...judge(mutant, report.outcomes) };
}

function judge(
  { checkers }: Mutant,
  outcomes: readonly RunOutcome[],
): Pick<Trial, 'verdict' | 'seed' | 'rules' | 'notes'> {
  const isNamed = (rule: string): boolean => checkers.includes(rule);
  const catching = outcomes.find(({ rules }) => rules.some(isNamed));
  const noticed = catching ?? outcomes.find(({ rules }) => rules.length > 0);
  if (noticed === undefined) return { verdict: 'survived', seed: undefined, rules: [], notes: [] };
  const { seed, rules, messages } = noticed;
  const sorted = [...rules.filter(isNamed), ...rules.filter((rule) => !isNamed(rule))];
  return { verdict: catching === undefined ? 'caught by another' : 'caught', seed, rules: sorted, notes: messages };
}

/** Tries all mutants, `jobs` at a time; `done` gets each as it comes. */
export async function tryMutants(
  mutants: readonly Mutant[],
  jobs: number,
  done: (trial: Trial) => void,
  depth: Depth = 'first',
): Promise<void> {
  await inParallel(mutants, jobs, async (mutant) => done(await tryMutant(mutant, depth)));
}

/** Repeats the runs that caught mutants with the product as it is: a run that fails anyhow proves nothing. What went wrong, as sentences. */
export async function unpatchedProblems(trials: readonly Trial[], jobs: number): Promise<readonly string[]> {
  const runs = new Map<string, PlannedRun>();
  for (const { seed, mutant } of trials) {
    if (seed === undefined) continue;
    const run = { seed, options: mutant.options ?? {} };
    runs.set(JSON.stringify(run), run);
  }
  const shares = Array.from({ length: jobs }, (_, job) => [...runs.values()].filter((_run, at) => at % jobs === job));
  const problems: string[] = [];
  await inParallel(
    shares.filter((share) => share.length > 0),
    jobs,
    async (share) => {
      problems.push(...(await problemsOf(share)));
    },
  );
  return problems;
}

async function problemsOf(runs: readonly PlannedRun[]): Promise<readonly string[]> {
  const report = await runPatched([], { runs, until: [] });
  if ('problem' in report) return [report.problem];
  return report.outcomes.flatMap(({ rules, messages }, at) => {
    if (rules.length === 0) return [];
    return [`${JSON.stringify(runs[at])} fails without the mutant too: ${messages.join('; ')}`];
  });
}

async function inParallel<T>(items: readonly T[], jobs: number, run: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const work = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, work));
}
