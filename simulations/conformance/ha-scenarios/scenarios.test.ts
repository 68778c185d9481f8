// test-timeout: 300
/** Every scenario of the corpora, in one process: logs byte for byte, and the invariants of spec/ha.md §16. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipWithout } from '../../../runtime/test-support/shared-corpus.ts';
import { watchInvariants } from '../../reference/invariants/watch.ts';
import { firstDifference } from '../../reference/judge-scenario.ts';
import { runScenario } from '../../reference/run-scenario.ts';
import { findScenarios, readExpectedLog, readScenarioFiles } from '../../reference/scenario-directory.ts';

for (const corpus of ['ha', 'ha-random', 'ha-targeted']) {
  test(
    `${corpus}: every log byte for byte, every invariant kept`,
    skipWithout([corpus], corpus, (path) => {
      const scenarios = findScenarios(path);
      assert.ok(scenarios.length > 0, 'no scenario was found');
      for (const directory of scenarios) {
        const { observer, violations } = watchInvariants();
        const { log } = runScenario(readScenarioFiles(directory), observer);
        const expected = readExpectedLog(directory)!;
        assert.ok(log === expected, log === expected ? '' : `${directory}: ${firstDifference(log, expected)}`);
        assert.equal(violations, [], directory);
      }
    }),
  );
}

test.run();
