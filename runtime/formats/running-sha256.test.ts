import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from './digest.ts';
import { RunningSha256 } from './running-sha256.ts';

test('parts one after another give the digest of their concatenation', () => {
  const hash = new RunningSha256();
  for (const part of ['abc', '', 'def']) hash.update(Buffer.from(part));
  assert.ok(hash.digest().equals(sha256(Buffer.from('abcdef'))));
});

test.run();
