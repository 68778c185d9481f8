import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { enabledRules, parseRules, type Rule, writeRules } from './rule-set.ts';

test('both kinds of rule, lists with any separator, a missing priority is 0', () => {
  const { rules, warnings } = parseRules(
    'node-affinity: keep\n\tnodes n1:2;n2\n\tresources vm:100 ct:300\n\tstrict 1\n\n' +
      'Resource-Affinity: apart\n\tresources vm:1,vm:2,\n\taffinity negative\n\tcomment 50%25 %C3%A0\n',
  );
  assert.equal(warnings, []);
  assert.equal(rules.ids.get('keep'), {
    type: 'node-affinity',
    nodes: new Map([
      ['n1', 2],
      ['n2', 0],
    ]),
    resources: new Set(['vm:100', 'ct:300']),
    strict: 1,
  });
  assert.equal(rules.ids.get('apart'), {
    type: 'resource-affinity',
    affinity: 'negative',
    resources: new Set(['vm:1', 'vm:2']),
    comment: '50% à',
  });
});

test('I1 a rule that lacks something is in no processing, but keeps its place', () => {
  const { rules, warnings } = parseRules('node-affinity: a1\n\tresources vm:1\n\nnode-affinity: 1a\n\tnodes n1\n');
  assert.equal([...rules.ids], []);
  assert.equal([...rules.invalid], ['a1']);
  assert.equal([...rules.order], [['a1', 1]]);
  assert.equal(warnings, [
    "file ha/rules.cfg line 2 (skip section 'a1'): missing value for required option 'nodes'",
    "file ha/rules.cfg line 4 (skip section '1a'): invalid configuration ID '1a'",
  ]);
});

test('the mere presence of `disable` disables', () => {
  const of = (line: string) =>
    enabledRules(parseRules(`node-affinity: aa\n\tnodes n1\n\tresources vm:1\n${line}`).rules).length;
  assert.is(of(''), 1);
  assert.is(of('\tdisable\n'), 0);
  assert.is(of('\tdisable 0\n'), 0);
  assert.is(of('\tdisable yes\n'), 1, 'a bad value is as if absent');
});

test('names of nodes and resources are checked', () => {
  const { warnings } = parseRules('node-affinity: aa\n\tnodes n1,-n2\n\tresources 100\n');
  assert.is(warnings.length, 3);
  assert.match(warnings[0]!, /unable to parse value of 'nodes': invalid format - /);
  assert.match(warnings[1]!, /unable to parse value of 'resources': invalid format - /);
});

test('I2 reading what was written gives the same rules in the same order', () => {
  const sids = fc.uniqueArray(
    fc.nat(20).map((n) => `vm:${n}`),
    { minLength: 1, maxLength: 4 },
  );
  const head = {
    resources: sids.map((list) => new Set(list.sort())),
    comment: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }).filter((text) => text.trim() === text),
    disable: fc.constant(1),
  };
  const nodes = fc.dictionary(fc.constantFrom('n1', 'n2', 'n-3'), fc.nat(9), { minKeys: 1 });
  const nodeRule = fc.record(
    { ...head, nodes: nodes.map((one) => new Map(Object.entries(one))), strict: fc.constantFrom(0, 1) },
    { requiredKeys: ['resources', 'nodes'] },
  );
  const resourceRule = fc.record(
    { ...head, affinity: fc.constantFrom('positive' as const, 'negative' as const) },
    { requiredKeys: ['resources', 'affinity'] },
  );
  const rule = fc.oneof(
    nodeRule.map((one): Rule => ({ type: 'node-affinity', ...one })),
    resourceRule.map((one): Rule => ({ type: 'resource-affinity', ...one })),
  );
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), (list) => {
      const ids = new Map(list.map((one, i) => [`rule-${i}`, one]));
      const order = new Map([...ids.keys()].map((id, i) => [id, i + 1]));
      const { rules, warnings } = parseRules(writeRules({ ids, order }));
      assert.equal(warnings, []);
      assert.equal([...rules.order], [...order]);
      for (const [id, one] of ids) assert.equal(sortedNodes(rules.ids.get(id)!), sortedNodes(one));
    }),
  );
});

function sortedNodes(rule: Rule): unknown {
  if (rule.type !== 'node-affinity') return rule;
  return { ...rule, nodes: [...rule.nodes].sort(([a], [b]) => (a < b ? -1 : 1)) };
}

test.run();
