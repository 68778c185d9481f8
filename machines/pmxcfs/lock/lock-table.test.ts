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

test.run();
