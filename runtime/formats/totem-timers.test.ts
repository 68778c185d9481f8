import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipWithout } from '../test-support/shared-corpus.ts';
import { embeddedTotemTimers, MINIMUM_TIMER_MS, totemTimers } from './totem-timers.ts';

interface Row {
  nodes: number;
  token: number;
  coefficient: number;
  effective_token: number;
  token_retransmit: number;
  hold: number;
  consensus: number;
  join: number;
  merge: number;
}

test(
  'the table of timers',
  skipWithout(['pmxcfs', 'totem-timeouts.json'], 'the table of timers', (path) => {
    const rows = JSON.parse(readFileSync(path, 'utf8')) as Row[];
    assert.ok(rows.length > 0);
    for (const row of rows) {
      const timers = totemTimers({ token: row.token, token_coefficient: row.coefficient }, row.nodes);
      assert.equal(timers.token_ms, row.effective_token);
      assert.equal(timers.token_retransmit_ms, row.token_retransmit);
      assert.equal(timers.hold_ms, row.hold);
      assert.equal(timers.consensus_ms, row.consensus);
      assert.equal(timers.join_ms, row.join);
      assert.equal(timers.merge_ms, row.merge);
    }
  }),
);

test('without options: the group engine waits 3650 ms with three nodes', () => {
  const timers = totemTimers({}, 3);
  assert.is(timers.token_ms, 3650);
  assert.is(timers.consensus_ms, 4380);
});

test('embedded defaults find a silent death of one of three nodes within 2.5 s', () => {
  const timers = embeddedTotemTimers({}, 3);
  assert.is(timers.token_ms, 1025);
  assert.is(timers.consensus_ms, 1230);
  assert.ok(timers.token_ms + timers.consensus_ms + timers.join_ms < 2500);
});

test('embedded: a given coefficient counts, and a given token is obeyed as by the group engine', () => {
  assert.is(embeddedTotemTimers({ token_coefficient: 200 }, 4).token_ms, 1300);
  const timers = { ...totemTimers({ token: 900 }, 4), seqno_unchanged_const: 1 };
  assert.equal(embeddedTotemTimers({ token: 900 }, 4), timers);
});

test('embedded: an idle token is held after one rotation, or after as many as are given', () => {
  assert.is(embeddedTotemTimers({}, 3).seqno_unchanged_const, 1);
  for (const token of [undefined, 900]) {
    assert.is(embeddedTotemTimers({ token, seqno_unchanged_const: 30 }, 3).seqno_unchanged_const, 30);
  }
});

test('given timers win over formulas, and hold follows a given token_retransmit', () => {
  const timers = totemTimers({ token_retransmit: 100, consensus: 5000 }, 2);
  assert.is(timers.token_retransmit_ms, 100);
  assert.is(timers.hold_ms, 70);
  assert.is(timers.consensus_ms, 5000);
});

test('no timer is below the minimum, whatever the options', () => {
  const anyOption = fc.nat({ max: 100_000 });
  fc.assert(
    fc.property(anyOption, anyOption, fc.integer({ min: 1, max: 64 }), (token, token_coefficient, nodes) => {
      const timers = totemTimers({ token, token_coefficient }, nodes);
      const { token_ms, token_retransmit_ms, hold_ms, consensus_ms } = timers;
      for (const value of [token_ms, token_retransmit_ms, hold_ms, consensus_ms]) {
        assert.ok(Number.isInteger(value) && value >= MINIMUM_TIMER_MS);
      }
      assert.ok(consensus_ms >= token_ms);
    }),
  );
});

test.run();
