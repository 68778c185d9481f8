/** A test per corpus; a corpus that isn't there is skipped and said so. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipWithout } from '../../runtime/test-support/shared-corpus.ts';
import type { Corpus, CorpusCase } from './corpus.ts';

/** Declares the tests; the file that calls it runs them. */
export function declareCorpusTests(corpora: readonly Corpus[]): void {
  for (const corpus of corpora) {
    let cases: Promise<readonly CorpusCase[]> | undefined;
    const load = skipWithout([corpus.name], `corpus ${corpus.name}`, (directory) => {
      cases = corpus.run(directory);
    });
    test(`corpus ${corpus.name}`, async () => {
      load();
      if (cases === undefined) return;
      const found = await cases;
      assert.ok(found.length > 0);
      assert.equal(
        found.filter(({ outcome }) => outcome !== 'passed'),
        [],
      );
    });
  }
}
