import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { groupsToRules, parseGroups } from './groups.ts';
import { parseRules, writeRules } from './rules/rule-set.ts';

const { groups, warnings } = parseGroups(
  'group: web\n\tnodes n1:2,n2\n\trestricted 1\n\tnofailback\n\n' +
    'group: db\n\tnodes n3\n\tcomment big ones\n\n' +
    'group: unused\n\tnodes n1\n\n' +
    'group: broken\n\trestricted 1\n',
);
const services = {
  'vm:2': { group: 'web' },
  'vm:10': { group: 'web' },
  'ct:1': { group: 'db' },
  'ct:2': { group: 'broken' },
  'ct:3': { group: 'gone' },
  'ct:4': {},
};

test('a group without nodes does not exist', () => {
  assert.equal([...groups.ids.keys()], ['web', 'db', 'unused']);
  assert.is(warnings.length, 1);
  assert.is(groups.ids.get('web')?.nofailback, 1);
});

test('without rules the first group gets 1 and the others 2; unused and missing groups give no rule', () => {
  const rules = groupsToRules(groups, services, parseRules('').rules);
  assert.equal(
    [...rules.order],
    [
      ['ha-group-db', 1],
      ['ha-group-web', 2],
    ],
  );
  assert.is(
    writeRules(rules),
    'node-affinity: ha-group-db\n\tcomment big ones\n\tnodes n3\n\tresources ct:1\n\n' +
      "node-affinity: ha-group-web\n\tcomment Generated from HA group 'web'.\n\tnodes n1:2,n2\n\tresources vm:10,vm:2\n\tstrict 1\n\n",
  );
});

test('with rules all get 2, and the digest stays that of the rules', () => {
  const { rules } = parseRules('node-affinity: aa\n\tnodes n1\n\tresources vm:9\n');
  const converted = groupsToRules(groups, services, rules);
  assert.is(converted.order.get('ha-group-db'), 2);
  assert.is(converted.order.get('ha-group-web'), 2);
  assert.is(converted.digest, rules.digest);
});

test.run();
