/**
 * Runs the corpora of a folder and words the report that `../shared/conformance/README.md` asks for: a line
 * `NAME: passed P of N` per corpus, the first differences, what was not run and why.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Corpus, CorpusCase } from './corpus.ts';

export interface CorporaOptions {
  /** Holds a folder per corpus. */
  readonly directory: string;
  readonly corpora: readonly Corpus[];
  /** Only the corpus of this name. */
  readonly only: string | undefined;
  /** Leaves out folders without a corpus instead of counting each as failed. */
  readonly builtOnly: boolean;
  readonly print: (line: string) => void;
}

export interface CorporaTotals {
  readonly passed: number;
  readonly failed: number;
}

const differencesShown = 5;

/** Totals over all cases; cases that were not run are in neither number. An unusable request is a sentence. */
export async function runCorpora(options: CorporaOptions): Promise<CorporaTotals | { readonly refusal: string }> {
  const names = corpusNames(options.directory);
  if (names === undefined) return { refusal: `there is no folder ${options.directory}` };
  const { only } = options;
  if (only !== undefined && !names.includes(only))
    return { refusal: `there is no corpus ${only} in ${options.directory}` };
  const wanted = only === undefined ? names : [only];
  if (wanted.length === 0) return { refusal: `there is no corpus in ${options.directory}` };

  let passed = 0;
  let failed = 0;
  for (const name of wanted) {
    const corpus = options.corpora.find((candidate) => candidate.name === name);
    if (corpus === undefined) {
      if (options.builtOnly) continue;
      options.print(`${name}: not implemented`);
      failed++;
      continue;
    }
    const cases = await runCorpus(corpus, join(options.directory, name));
    report(name, cases, options.print);
    passed += count(cases, 'passed');
    failed += count(cases, 'failed');
  }
  return { passed, failed };
}

function corpusNames(directory: string): readonly string[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch {
    return undefined;
  }
}

/** A corpus must not throw, and one without a case has failed. */
async function runCorpus(corpus: Corpus, directory: string): Promise<readonly CorpusCase[]> {
  try {
    const cases = await corpus.run(directory);
    return cases.length > 0 ? cases : [{ name: corpus.name, outcome: 'failed', detail: 'no case was found' }];
  } catch (error) {
    const detail = `its runner failed: ${error instanceof Error ? error.message : String(error)}`;
    return [{ name: corpus.name, outcome: 'failed', detail }];
  }
}

function count(cases: readonly CorpusCase[], outcome: CorpusCase['outcome']): number {
  return cases.filter((one) => one.outcome === outcome).length;
}

function report(name: string, cases: readonly CorpusCase[], print: (line: string) => void): void {
  print(`${name}: passed ${count(cases, 'passed')} of ${cases.length}`);
  const failures = cases.filter(({ outcome }) => outcome === 'failed');
  for (const failure of failures.slice(0, differencesShown)) {
    print(`  ${failure.name}: ${(failure.detail ?? 'failed').replaceAll('\n', '\n    ')}`);
  }
  if (failures.length > differencesShown) print(`  … and ${failures.length - differencesShown} more failures`);
  for (const line of notRunLines(cases)) print(`  ${line}`);
}

/** A line per reason, with the names: hundreds of cases may lack the same thing. */
function notRunLines(cases: readonly CorpusCase[]): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, outcome, detail } of cases) {
    if (outcome !== 'not-run') continue;
    const reason = detail ?? 'no reason given';
    byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  }
  return [...byReason].map(([reason, names]) => `not run (${names.length}), ${reason}: ${names.join('; ')}`);
}
