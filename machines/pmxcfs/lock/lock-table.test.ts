import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LockTable } from './lock-table.ts';

const A = Buffer.alloc(32, 1);
const B = Buffer.alloc(32, 2);
const PATH = 'priv/lock/x';

test('I1: a lock expires when its age is strictly greater than 120 s', () => {
  const locks = new LockTable();
  locks.note(PATH, A, 1000);
  assert.equal(locks.testExpiry(PATH, A, 1120), { expired: false });
  assert.equal(locks.testExpiry(PATH, A, 1120.001), { expired: true });
  assert.equal(locks.testExpiry(PATH, A, 900), { expired: false });
});

test('I1: tests may set another lifetime', () => {
  const locks = new LockTable();
  locks.lifetime_s = 12;
  locks.note(PATH, A, 1000);
  assert.equal(locks.testExpiry(PATH, A, 1012), { expired: false });
  assert.equal(locks.testExpiry(PATH, A, 1012.1), { expired: true });
});

test('I1: a lock that is not in the table starts its life at the test', () => {
  const locks = new LockTable();
  assert.equal(locks.testExpiry(PATH, A, 5000), { expired: false });
  assert.equal(locks.testExpiry(PATH, A, 5120), { expired: false });
  assert.equal(locks.testExpiry(PATH, A, 5121), { expired: true });
});

test('I1: another checksum starts its life anew and is logged', () => {
  const locks = new LockTable();
  locks.note(PATH, A, 0);
  assert.equal(locks.testExpiry(PATH, B, 500), { expired: false, log: 'wrong lock csum - reset timeout' });
  assert.equal(locks.testExpiry(PATH, B, 620), { expired: false });
  assert.equal(locks.testExpiry(PATH, B, 621), { expired: true });
});

test('I2: a rebuild starts all ages now [Q8] and forgets what is gone', () => {
  const locks = new LockTable();
  locks.note(PATH, A, 0);
  locks.note('priv/lock/gone', A, 0);
  locks.rebuild([{ path: PATH, checksum: A }], 1000);
  assert.is(locks.size, 1);
  assert.is(locks.age_s(PATH, 1001), 1);
  assert.is(locks.age_s('priv/lock/gone', 1001), undefined);
});

test('a forgotten lock starts its life anew', () => {
  const locks = new LockTable();
  locks.note(PATH, A, 0);
  locks.forget(PATH);
  assert.equal(locks.testExpiry(PATH, A, 1000), { expired: false });
});

test('law: a lock that is looked into and one that is not have the same life', () => {
  const step = fc.tuple(fc.nat({ max: 4 }), fc.constantFrom(A, B), fc.nat({ max: 200 }), fc.constantFrom(1, 2));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [plain, inspected] = [new LockTable(), new LockTable()];
      inspected.inspect = () => () => {};
      let now_s = 0;
      for (const [kind, checksum, passed_s, node] of steps) {
        now_s += passed_s;
        const [one, other] = [plain, inspected].map((locks) => [
          kind === 0 && locks.note(PATH, checksum, now_s, node),
          kind === 1 && locks.mayRenew(PATH, node, now_s, { writer: 1, mtime: 100 }),
          kind === 2 && locks.renewed(PATH, checksum, now_s, node),
          kind === 3 && locks.testExpiry(PATH, checksum, now_s),
          kind === 4 && locks.forget(PATH),
          locks.stateOf(PATH),
          locks.age_s(PATH, now_s),
          locks.size,
        ]);
        assert.equal(one, other);
      }
    }),
  );
});

test.run();
