import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recoveryDigest } from '../formats/access/recovery-digest.ts';
import { createSystemRandom } from '../random/system.ts';
import { consolePassword, randomUuid, recoveryCodes, recoverySecret } from './fresh-secrets.ts';
import { isSameSecret } from './secret-compare.ts';

const random = createSystemRandom();

test('secrets have their forms', () => {
  assert.match(randomUuid(random), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(recoverySecret(random), /^[0-9a-f]{16}$/);
  assert.match(consolePassword(random), /^[!-`]{8}$/);
  const codes = recoveryCodes(random);
  assert.is(new Set(codes).size, 10);
  for (const code of codes) assert.match(code, /^[0-9a-f]{4}(?:-[0-9a-f]{4}){3}$/);
});

test('a recovery code is stored as an HMAC with the textual secret as key', () => {
  assert.is(
    recoveryDigest('what do ya want for nothing?', 'Jefe'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    'RFC 4231, case 2',
  );
});

test('comparing secrets', () => {
  assert.ok(isSameSecret('abc', 'abc'));
  assert.not(isSameSecret('abc', 'abd'));
  assert.not(isSameSecret('abc', 'abcd'));
});

test.run();
