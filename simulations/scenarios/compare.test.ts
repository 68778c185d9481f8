/** Some milliseconds make no other history; another text, a missing line or another second do. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { historyDifference } from './compare.ts';

const HISTORY = '1.0s n1: a\n1.0s n2: b\n12.1s - crash n1\n';

test('alike: the same, other instants nearby, another order at one time', () => {
  assert.equal(historyDifference(HISTORY, HISTORY), []);
  assert.equal(historyDifference(HISTORY, '1.1s n2: b\n1.2s n1: a\n12.5s - crash n1\n'), []);
});

test('not alike: what is missing, new, twice or much later', () => {
  assert.equal(historyDifference(HISTORY, '1.0s n1: a\n12.1s - crash n1\n'), ['- 1.0s n2: b']);
  assert.equal(historyDifference(HISTORY, `${HISTORY}13.0s n1: a\n`), ['+ 13.0s n1: a']);
  assert.equal(historyDifference(HISTORY, `1.0s n1: a\n${HISTORY}`), ['+ 1.0s n1: a']);
  assert.equal(historyDifference('1.0s n1: a\n', '2.0s n1: a\n'), ['- 1.0s n1: a', '+ 2.0s n1: a']);
});

test.run();
