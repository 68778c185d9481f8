import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipWithout } from '../../../runtime/test-support/shared-corpus.ts';
import type { CorpusCase } from '../corpus.ts';
import { clusterConfImport, haFence, haRules, sectionConfig } from '../ha-planning.ts';

for (const corpus of [haRules, haFence, clusterConfImport, sectionConfig]) {
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

test.run();
