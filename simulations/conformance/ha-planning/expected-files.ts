/** Corpora whose cases are `<name>.cfg` and `<name>.cfg.expect`, compared byte for byte. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CorpusCase, judged } from '../corpus.ts';

/** @param outputOf from the text of a case, as a byte string, to what is compared */
export function runExpectedFiles(
  directory: string,
  outputOf: (text: string, fileName: string) => string,
): readonly CorpusCase[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.cfg'))
    .sort();
  return files.map((fileName) => {
    const expectation = join(directory, `${fileName}.expect`);
    if (!existsSync(expectation)) return judged(fileName, `${fileName}.expect is missing`);
    const text = readFileSync(join(directory, fileName), 'latin1');
    return judged(fileName, lineDifference(outputOf(text, fileName), readFileSync(expectation, 'latin1')));
  });
}

/** The first line in which two texts differ, or undefined when equal. */
export function lineDifference(actual: string, expected: string): string | undefined {
  if (actual === expected) return undefined;
  const ours = actual.split('\n');
  const theirs = expected.split('\n');
  let i = 0;
  while (ours[i] === theirs[i]) i++;
  const shown = (line: string | undefined) => (line === undefined ? 'the end' : JSON.stringify(line));
  return `line ${i + 1}: expected ${shown(theirs[i])}, got ${shown(ours[i])}`;
}
