// test-timeout: 600
/**
 * Every scenario keeps its promise and gives the history that its file says. Where a change of the product is meant to give another one:
 * `pve-actors sim replay FILE --rewrite`, then look at the difference.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProblems } from '../cluster/swarm-report.ts';
import { historyDifference } from './compare.ts';
import { runScenario } from './run-scenario.ts';
import { parseScenario } from './scenario.ts';

const FOLDERS = ['./', '../regressions/'].map((folder) => new URL(folder, import.meta.url));

for (const folder of FOLDERS) {
  for (const name of readdirSync(folder)
    .filter((each) => each.endsWith('.txt'))
    .sort()) {
    test(name, () => {
      const scenario = parseScenario(readFileSync(new URL(name, folder), 'utf8'), name);
      if ('complaint' in scenario) throw new Error(scenario.complaint);
      const { result, history } = runScenario(scenario);
      assert.equal(formatProblems(result), []);
      assert.equal(historyDifference(scenario.history, history), []);
    });
  }
}

test('there are scenarios', () => {
  assert.ok(readdirSync(FOLDERS[0]!).filter((name) => name.endsWith('.txt')).length >= 12);
});

test.run();
