/**
 * Tries the mutants:
 *
 *     node --import tsx simulations/mutants/run.ts [NAME…] [--jobs 2] [--search 1..20]
 *
 * `--search` runs all the named seeds instead of a mutant's own and says which of them notice it: for choosing seeds. Exit codes: 0 all
 * are caught by a checker that they name, in runs that go well without the mutant; 1 not so; 5 bad usage.
 */
import { parseArgs } from 'node:util';
import { MUTANTS } from './all.ts';
import type { Mutant } from './mutant.ts';
import { formatSearch, formatTrial, formatVerdict } from './report.ts';
import { type Trial, tryMutants, unpatchedProblems } from './trial.ts';

const USAGE = 5;
const COMMAND = 'node --import tsx simulations/mutants/run.ts';

interface Arguments {
  readonly mutants: readonly Mutant[];
  readonly jobs: number;
  readonly search: readonly number[] | undefined;
}

function readArguments(): Arguments | { readonly complaint: string } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        jobs: { type: 'string', default: '2' },
        search: { type: 'string' },
      },
    });
    const jobs = Number(values.jobs);
    if (!Number.isInteger(jobs) || jobs < 1) return { complaint: `--jobs wants a number from 1, not '${values.jobs}'` };
    const unknown = positionals.find((name) => !MUTANTS.some((mutant) => mutant.name === name));
    if (unknown !== undefined) return { complaint: `there is no mutant '${unknown}'` };
    const mutants = positionals.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => positionals.includes(name));
    const search = values.search === undefined ? undefined : seedsIn(values.search);
    if (search?.length === 0) return { complaint: `--search wants N or N..M, not '${values.search}'` };
    return { mutants, jobs, search };
  } catch (error) {
    return { complaint: (error as Error).message };
  }
}

function seedsIn(text: string): readonly number[] {
  const range = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  if (range === null) return [];
  const first = Number(range[1]);
  const last = Number(range[2] ?? range[1]);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
}

async function main(): Promise<number> {
  const given = readArguments();
  if ('complaint' in given) {
    console.error(`${given.complaint}\nusage: ${COMMAND} [NAME…] [--jobs 2] [--search 1..20]`);
    return USAGE;
  }
  const { mutants, jobs, search } = given;
  if (search !== undefined) {
    const searched = mutants.map((mutant) => ({ ...mutant, seeds: search }));
    await tryMutants(searched, jobs, (trial) => console.log(formatSearch(trial)), 'all');
    return 0;
  }
  const trials: Trial[] = [];
  await tryMutants(mutants, jobs, (trial) => {
    trials.push(trial);
    console.log(formatTrial(trial));
  });
  const problems = await unpatchedProblems(trials, jobs);
  for (const problem of problems) console.log(problem);
  console.log(formatVerdict(trials));
  return problems.length === 0 && trials.every(({ verdict }) => verdict === 'caught') ? 0 : 1;
}

process.exitCode = await main();
