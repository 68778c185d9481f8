import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isAtLeast } from './package-version.ts';

test('versions of pve-manager (spec/ha.md §6.3)', () => {
  for (const enough of ['9.0.0', '9.0.0~16', '9.0.0~17', '9.0.1~1', '9.1', '10.0.0', '9.0-1']) {
    assert.ok(isAtLeast(enough, '9.0.0~16'), enough);
  }
  for (const old of ['9.0.0~2', '8.4.9', '9.0.0~15', '', 'nonsense']) assert.not(isAtLeast(old, '9.0.0~16'), old);
});

test.run();
