/**
 * A conformance corpus: a folder of real cases under `../shared/conformance` and the code that runs them.
 * `bin/dev/conformance.ts` finds the corpora of a folder, runs each and prints the totals.
 */
export interface CorpusCase {
  /** File and position, e.g. `memdb-ops.jsonl 12 rename`. */
  readonly name: string;
  /** `not-run` needs a part that this machine lacks, and doesn't count as passed. */
  readonly outcome: 'passed' | 'failed' | 'not-run';
  /** The first difference, or why it was not run. One line or a few. */
  readonly detail?: string;
}

export interface Corpus {
  /** Folder name of the corpus. */
  readonly name: string;
  /** Runs every case that the folder holds; a malformed file is a failed case with the reason, never an exception. */
  run(directory: string): Promise<readonly CorpusCase[]>;
}

/** A case judged by comparing: passed iff `difference` is undefined. */
export function judged(name: string, difference: string | undefined): CorpusCase {
  return difference === undefined ? { name, outcome: 'passed' } : { name, outcome: 'failed', detail: difference };
}

/** First difference of two values by their JSON text, or undefined when equal. */
export function differenceOf(actual: unknown, expected: unknown): string | undefined {
  const a = JSON.stringify(actual);
  const e = JSON.stringify(expected);
  if (a === e) return undefined;
  return `expected ${clip(e)}, got ${clip(a)}`;
}

function clip(text: string | undefined): string {
  if (text === undefined) return 'undefined';
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}
