import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { quoteArgument, quoteShellWord, splitShellWords } from './shell-words.ts';

test('quotes and backslashes as in a POSIX shell', () => {
  assert.equal(splitShellWords('  a  b\tc '), ['a', 'b', 'c']);
  assert.equal(splitShellWords(`ip="192.0.2.8" p='a b'"c d"e`), ['ip=192.0.2.8', 'p=a bc de']);
  assert.equal(splitShellWords(`"12\\"3\\4" '\\' \\'x \\ y`), ['12"3\\4', '\\', "'x", ' y']);
  assert.equal(splitShellWords(`'' ""`), ['', '']);
  assert.equal(splitShellWords(''), []);
});

test('an open quote is no words', () => {
  assert.is(splitShellWords(`a "b`), undefined);
  assert.is(splitShellWords(`a 'b\\'c'`), undefined);
});

test('quoted only where needed; = is harmless in an argument', () => {
  assert.is(quoteShellWord('a_B9!%+,.:/@^-'), 'a_B9!%+,.:/@^-');
  assert.is(quoteShellWord('a=b'), "'a=b'");
  assert.is(quoteArgument('a=b'), 'a=b');
  assert.is(quoteArgument("passwd=it's"), "'passwd=it'\\''s'");
  assert.is(quoteShellWord('\xe4'), "'\xe4'");
  assert.is(quoteShellWord(''), "''");
});

test('splitting is the inverse of quoting', () => {
  const words = fc.array(fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '=', '$', '\t') }));
  fc.assert(
    fc.property(words, (list) => {
      assert.equal(splitShellWords(list.map(quoteShellWord).join(' ')), list);
      assert.equal(splitShellWords(list.map(quoteArgument).join(' ')), list);
    }),
  );
});

test.run();
