import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseResources, writeResources } from './resources.ts';

test('a VM and a container with the same number are two resources', () => {
  const { resources, warnings } = parseResources(
    'vm: 501\n\tstate enabled\n\tmax_restart 3\n\nct: 501\n\tcomment a%3Ab\n\nvm: 0\n\nfa: 12\n',
  );
  assert.equal(
    [...resources.ids],
    [
      ['vm:501', { type: 'vm', state: 'enabled', max_restart: 3 }],
      ['ct:501', { type: 'ct', comment: 'a:b' }],
    ],
  );
  assert.equal(warnings, [
    "file ha/resources.cfg line 8 (skip section 'vm:0'): invalid guest id '0'",
    "file ha/resources.cfg line 10 (skip section 'fa:12'): unsupported type 'fa'",
  ]);
});

test('written with the bare number, options sorted', () => {
  const text = 'ct: 501\n\tcomment a%3Ab\n\nvm: 501\n\tfailback 0\n\tmax_restart 3\n\tstate enabled\n\n';
  assert.is(writeResources(parseResources(text).resources), text);
});

test.run();
