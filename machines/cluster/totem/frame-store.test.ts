import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameStore } from './frame-store.ts';

test('holds what was put above the base, and counts the prefix (I1, I2)', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), seq: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('collect' as const), seq: fc.integer({ min: 0, max: 40 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const store = new FrameStore(16);
      const accepted = new Set<number>();
      let base = 0;
      for (const { kind, seq } of steps) {
        if (kind === 'put' && store.wants(seq)) {
          store.put(seq, Buffer.from([seq]));
          accepted.add(seq);
        }
        let received = 0;
        while (accepted.has(received + 1)) received++;
        if (kind === 'collect') {
          store.collect(seq);
          base = Math.max(base, Math.min(seq, received));
        }
        assert.is(store.received, received);
        assert.is(store.base, base);
        for (let n = 1; n <= 40; n++) {
          assert.is(store.get(n)?.[0], n > base && accepted.has(n) ? n : undefined);
          assert.is(store.has(n), accepted.has(n));
          assert.is(store.wants(n), !accepted.has(n) && n <= base + 16);
        }
      }
    }),
  );
});

test.run();
