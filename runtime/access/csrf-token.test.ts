import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { csrfSecrets, isCsrfToken, makeCsrfToken } from './csrf-token.ts';

const secrets = csrfSecrets(Buffer.from('raw content of the key file\n'));
const window = { min_age_s: -300, max_age_s: 7200 };
const issued_s = 0x6a000000;
/** Known answers, by another implementation of HMAC. */
const token = '6A000000:7E7El8guQU2koHnq9tK1FeqnLzPKKWYYoMZXjqLlgkc';
const legacyToken = '6A000000:rXSkhmUXffmGnWQun7OJ0AiNWpE';

test('secrets and token have the values of the reference', () => {
  assert.equal(secrets, {
    current: 'GTiwjmUZ35Y6Q1CbpJlrgOnQFz8SA3+UH0ww5vEBdss',
    legacy: '+Hm8zSg6fGdjaqJaFdPMrKH4NLk',
  });
  assert.is(makeCsrfToken('root@pam', secrets, issued_s), token);
});

test('a token is right for its user and its time only', () => {
  const isRight = (text: string, userid: string, now_s: number) =>
    isCsrfToken(text, { userid, secrets, window }, now_s);
  for (const text of [token, legacyToken]) {
    assert.ok(isRight(text, 'root@pam', issued_s + 7199));
    assert.not(isRight(text, 'root@pam', issued_s + 7200));
    assert.not(isRight(text, 'root@pam', issued_s - 300));
    assert.not(isRight(text, 'admin@pve', issued_s));
    assert.not(isRight(text.replace('6A', '6B'), 'root@pam', issued_s));
  }
  assert.not(isRight('', 'root@pam', issued_s));
  assert.not(isRight('6A000000:', 'root@pam', issued_s));
});

test.run();
