/** Corpora of one file `cases.json`, whose vectors are judged one by one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Corpus, differenceOf, judged } from './corpus.ts';

/** The file: its vectors, and what they share. */
export interface VectorFile<Vector> {
  readonly cases: readonly Vector[];
}

/**
 * @param differenceIn undefined where the vector passes. It may throw; that is a failed case. Its folder is for vectors that
 * need files.
 */
export function vectorCorpus<Vector extends { readonly id: string }, File extends VectorFile<Vector>>(
  name: string,
  differenceIn: (vector: Vector, file: File) => string | undefined | Promise<string | undefined>,
): Corpus {
  return {
    name,
    async run(directory) {
      const file = JSON.parse(readFileSync(join(directory, 'cases.json'), 'utf8')) as File;
      const results = [];
      for (const vector of file.cases) {
        try {
          results.push(judged(vector.id, await differenceIn(vector, file)));
        } catch (error) {
          results.push(judged(vector.id, (error as Error).message));
        }
      }
      return results;
    },
  };
}

/** Key order doesn't count, and 1 equals "1", as the original's language has it. Maps and sets count as objects. */
export function looseDifference(actual: unknown, expected: unknown): string | undefined {
  return differenceOf(plain(actual), plain(expected));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'number') return String(value);
  if (value instanceof Set) return plain(Object.fromEntries([...value].map((member) => [member, 1])));
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, plain(one)]));
}
