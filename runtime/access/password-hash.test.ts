import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SeededRandom } from '../random/seeded.ts';
import { reportSkip } from '../test-support/shared-corpus.ts';
import { canHashPasswords, hashPassword, isPassword } from './password-hash.ts';

/** By `openssl passwd` and, for yescrypt, by perl's `crypt`. */
const known = [
  ['päss', '$5$./Az09xy$nPXiSUZ069l4Z1IQ37dDY9fO4Ah4GAd21taueRSFZU7'],
  [
    'Hello world!',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  ['correct horse', '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79'],
  ['correct horse', '$1$abcdefgh$y6iHhJNbuC0xpbk0w9pm80'],
] as const;

if (!canHashPasswords()) reportSkip('password hashes', 'there is no libcrypt here');
else {
  test('passwords are verified by any scheme', async () => {
    for (const [password, hash] of known) {
      assert.ok(await isPassword(password, hash), hash);
      assert.not(await isPassword(`${password} `, hash), hash);
      assert.not(await isPassword('', hash), hash);
    }
  });

  test('an empty, locked or unknown hash lets nobody in', async () => {
    for (const hash of ['', '*', '!', '!!', '*0', '*1', 'x', '$9$abc$def', '$5$']) {
      assert.not(await isPassword('x', hash), hash);
      assert.not(await isPassword('', hash), hash);
      assert.not(await isPassword(hash, hash), hash);
    }
  });

  test('what follows a NUL counts: it is refused', async () => {
    assert.not(await isPassword('päss\0x', known[0][1]));
    try {
      await hashPassword('a\0b', new SeededRandom(1));
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, 'NUL');
    }
  });

  test('a new hash is SHA-256 with a salt of 8 characters and the default rounds', async () => {
    const hash = await hashPassword('geheim', new SeededRandom(1));
    assert.match(hash, /^\$5\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{43}$/);
    assert.ok(await isPassword('geheim', hash));
    assert.is.not(hash, await hashPassword('geheim', new SeededRandom(2)));
  });
}

test.run();
