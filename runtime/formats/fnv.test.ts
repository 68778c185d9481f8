import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fnv1a64 } from './fnv.ts';

test('§6.4: the digest covers the terminating NUL', () => {
  assert.is(fnv1a64('node1'), 0xe6f5e3c220c8fefcn);
  assert.is(fnv1a64('root@pam'), 0x0bf69a5dbf95bb61n);
});

test('FNV-1a of the single byte 0', () => {
  // (basis xor 0) * prime modulo 2^64
  assert.is(fnv1a64(''), 0xaf63bd4c8601b7dfn);
});

test.run();
