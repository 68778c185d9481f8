import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configVersionOf } from './config-version.ts';

const rows: readonly [text: string, version: bigint][] = [
  ['totem {\n config_version: 12\n}', 12n],
  ['config_version :3', 3n],
  ['config_version\t\n:\n 4', 4n],
  ['xconfig_version:5 config_version: 6', 5n],
  ['config_version: x config_version: 7', 7n],
  ['config_version:0x5', 0n],
  ['no version', 0n],
  ['', 0n],
  ['config_version: 18446744073709551615', 18_446_744_073_709_551_615n],
  ['config_version: 18446744073709551616', 18_446_744_073_709_551_615n],
];

for (const [text, version] of rows) {
  test(`§5.8: ${JSON.stringify(text)}`, () => assert.is(configVersionOf(text), version));
}

test.run();
