import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import type { NodeTransition } from './cluster-node.ts';
import { startLocalTestNode } from './local-test-node.ts';

test('§9.7: the life of a lock is in the trace', () => {
  const clock = new VirtualClock();
  const transitions: NodeTransition[] = [];
  const { node } = startLocalTestNode(clock, { trace: (transition) => transitions.push(transition) });
  const files = node.fileSystem;
  const results: number[] = [];
  const done = (result: number) => void results.push(result);
  for (const path of ['/priv', '/priv/lock', '/priv/lock/l']) files.mkdir(path, done);
  files.utimens('/priv/lock/l', 0, done);
  clock.advance(121_000);
  files.utimens('/priv/lock/l', 0, done);
  // The answer of a lock's zero time: refused while it lives, 0 when it is gone (§2.6).
  assert.equal(results, [0, 0, 0, -13, 0]);
  const lives = transitions.filter(({ machine }) => machine === 'lock');
  assert.equal(
    lives.map(({ event, detail }) => [event, ...Object.values(detail as object).slice(2)].join(' ').trim()),
    [
      'TAKEN free held',
      'EXPIRY_TEST held held alive',
      'RENEWAL held held renewal refused',
      'EXPIRY_TEST held expired expired',
      'GONE expired free',
    ],
  );
  assert.equal(lives[0]?.detail, { path: 'priv/lock/l', holder: 0, before: 'free', after: 'held', verdict: undefined });
});

test.run();
