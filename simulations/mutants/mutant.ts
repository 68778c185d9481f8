/**
 * A mutant: the product with one rule broken on purpose, by a patch of its source in a temporary build. The simulator must notice
 * each of them; one that survives is a weakness of its checkers, workload or faults (rule 8 of deterministic simulation).
 */
import type { GivenOptions } from '../cluster/options.ts';

export interface Patch {
  /** Relative to the repository's root. */
  readonly file: string;
  /** Source text that stands in the file exactly once, so that a mutant can't outlive the rule that it breaks. */
  readonly from: string;
  readonly to: string;
}

export interface Mutant {
  /** kebab-case, unique. */
  readonly name: string;
  /** What the mutant does wrong, a sentence. */
  readonly breaks: string;
  /** Nearly always one. A check that guards against another defect can be missed only where that defect is there too. */
  readonly patches: readonly Patch[];
  /** Rules of the checkers of which one must notice it (`Checker.rule`), or a verdict of the run itself (`RUN_RULES`). */
  readonly checkers: readonly string[];
  /** Tried in this order; at most `MOST_SEEDS`. */
  readonly seeds: readonly number[];
  /** Instead of what the seeds draw. */
  readonly options?: GivenOptions;
}

export const MOST_SEEDS = 20;

/** What a run reports without a checker. */
export const RUN_RULES: readonly string[] = ['liveness', 'crash', 'boot', 'I7', 'directories', 'readable'];

/** What is wrong with a list of mutants, as sentences. */
export function mutantProblems(mutants: readonly Mutant[], rules: readonly string[]): readonly string[] {
  const names = new Set<string>();
  return mutants.flatMap(({ name, checkers, seeds, patches }) => {
    const problems: string[] = [];
    if (names.has(name)) problems.push(`two mutants are called ${name}`);
    names.add(name);
    for (const rule of checkers) {
      if (!rules.includes(rule) && !RUN_RULES.includes(rule)) problems.push(`${name} names no checker by '${rule}'`);
    }
    if (checkers.length === 0) problems.push(`${name} names no checker`);
    if (patches.length === 0) problems.push(`${name} has no patch`);
    if (seeds.length === 0 || seeds.length > MOST_SEEDS) problems.push(`${name} has ${seeds.length} seeds`);
    return problems;
  });
}

/** The text with the patch applied; a sentence where its source isn't found exactly once. */
export function patched(
  text: string,
  { file, from, to }: Patch,
): { readonly text: string } | { readonly problem: string } {
  const parts = text.split(from);
  if (parts.length === 2) return { text: parts.join(to) };
  const times = parts.length === 1 ? 'not' : `${parts.length - 1} times`;
  return { problem: `${file} holds this text ${times}, where once is wanted: ${JSON.stringify(from)}` };
}
