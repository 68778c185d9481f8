import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  groupsText,
  localTime,
  motionText,
  resourcesText,
  ruleConfigRows,
  statusText,
  verboseStatusText,
} from './reports.ts';

test('resources and groups: options sorted, nothing that is no option', () => {
  const digest = 'abc';
  assert.is(
    resourcesText([
      { sid: 'ct:200', type: 'ct', max_restart: 2, comment: 'two words', digest, errors: { sid: 'gone' } },
      { sid: 'vm:100', type: 'vm', group: 'web', digest },
    ] as never),
    'ct:200\n\tcomment two words\n\tmax_restart 2\n\nvm:100\n\tgroup web\n\n',
  );
  assert.is(
    groupsText([{ group: 'web', type: 'group', nodes: 'n1:2,n2', restricted: 1, digest }] as never),
    'group: web\n\tnodes n1:2,n2\n\trestricted 1\n\n',
  );
});

test('status', () => {
  assert.is(
    statusText([
      { id: 'quorum', type: 'quorum', node: 'n1', status: 'OK' },
      { id: 'service:vm:100', type: 'service', node: 'n1', status: 'vm:100 (n1, started)' },
    ]),
    'quorum OK\nservice vm:100 (n1, started)\n',
  );
  assert.is(verboseStatusText({ b: 1, a: {} }), 'full cluster state:\n{\n   "a" : {},\n   "b" : 1\n}\n');
});

test('what goes along, and what blocks', () => {
  const answer = { sid: 'vm:100', 'requested-node': 'n2' };
  assert.is(motionText('migrate', answer), '');
  assert.is(
    motionText('relocate', { ...answer, 'comigrated-resources': ['ct:1', 'vm:2'] }),
    "also relocate resource 'ct:1' in positive affinity with resource 'vm:100' to target node 'n2'\n" +
      "also relocate resource 'vm:2' in positive affinity with resource 'vm:100' to target node 'n2'\n",
  );
  const blocked = { ...answer, 'blocking-resources': [{ sid: 'vm:2', cause: 'resource-affinity' as const }] };
  assert.throws(
    () => motionText('migrate', blocked),
    (error: Error) =>
      error.message ===
      "cannot migrate resource 'vm:100' to node 'n2':\n\n- resource 'vm:2' on target node 'n2' in negative affinity with resource 'vm:100'",
  );
});

test('rules: enabled or not, in use or not', () => {
  const rule = { type: 'node-affinity', resources: 'vm:1', nodes: 'n1', order: 1, digest: 'x' } as const;
  const rows = ruleConfigRows([
    { ...rule, rule: 'aa' },
    { ...rule, rule: 'bb', disable: 1 },
    { ...rule, rule: 'cc', errors: { resources: ['no'] } },
  ]);
  assert.equal(
    rows.map(({ enabled, state }) => [enabled, state]),
    [
      [1, 'in use'],
      [0, 'in use'],
      [1, 'ignored (conflicts)'],
    ],
  );
});

test('time as C writes it', () => {
  const time = localTime(new Date(2016, 10, 3, 1, 7, 9).getTime() / 1000);
  assert.is(time, 'Thu Nov  3 01:07:09 2016');
});

test.run();
