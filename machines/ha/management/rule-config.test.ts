import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRule, listRules, readRule, removeRule, updateRule } from './rule-config.ts';
import { changesOf, refusalOf, resultOf, stateWith } from './test-state.ts';

const BAD = 'Parameter verification failed.';
const rules =
  'node-affinity: home\n\tcomment sch%C3%B6n\n\tnodes n1:2,n2\n\tresources vm:100\n\tstrict 1\n\n' +
  'resource-affinity: pair\n\tdisable\n\taffinity positive\n\tresources ct:200,vm:101\n\n';
const state = stateWith({ rules });
const empty = stateWith();

test('the list: in the order of the file, by type, by resource', () => {
  const { digest } = state.rules;
  assert.equal(resultOf(listRules(state, {})), [
    {
      rule: 'home',
      type: 'node-affinity',
      nodes: 'n1:2,n2',
      strict: 1,
      comment: 'schön',
      resources: 'vm:100',
      order: 1,
      digest,
    },
    {
      rule: 'pair',
      type: 'resource-affinity',
      disable: 1,
      affinity: 'positive',
      resources: 'ct:200,vm:101',
      order: 2,
      digest,
    },
  ]);
  const ids = (given: object) => resultOf(listRules(state, { ...given })).map(({ rule }) => rule);
  assert.equal(ids({ type: 'resource-affinity' }), ['pair']);
  assert.equal(ids({ resource: 'vm:100' }), ['home']);
  assert.is(resultOf(readRule(state, { rule: 'pair' })).affinity, 'positive');
  assert.equal(refusalOf(readRule(state, { rule: 'nix' })), [500, "HA rule 'nix' does not exist"]);
});

test('the list says which rules are dropped, and why', () => {
  const lonely = stateWith({ rules: 'resource-affinity: one\n\taffinity positive\n\tresources vm:100\n\n' });
  assert.equal(resultOf(listRules(lonely, {}))[0]!.errors, {
    resources: ['rule is ineffective as there are less than two resources'],
  });
});

test('a new rule comes last', () => {
  const [files] = changesOf(
    createRule(state, {
      rule: 'apart',
      type: 'resource-affinity',
      affinity: 'negative',
      resources: 'vm:101 ct:200',
      disable: false,
    }),
  );
  assert.equal(files, {
    'ha/rules.cfg': `${rules}resource-affinity: apart\n\taffinity negative\n\tresources ct:200,vm:101\n\n`,
  });
});

test('sentences of a refused creation', () => {
  const rule = { rule: 'new', type: 'node-affinity', resources: 'vm:101', nodes: 'n1' };
  const legacy = stateWith({ groups: 'group: web\n\tnodes n1\n\n' });
  assert.equal(refusalOf(createRule(legacy, rule)), [
    500,
    'cannot create ha rule: ha groups have not been migrated yet',
  ]);
  assert.equal(refusalOf(updateRule(legacy, rule)), [
    500,
    'cannot update ha rule: ha groups have not been migrated yet',
  ]);
  assert.equal(refusalOf(createRule(state, { ...rule, rule: 'home' })), [500, "HA rule 'home' already defined"]);
  assert.equal(refusalOf(createRule(state, { ...rule, resources: '' })), [500, 'no resources were specified']);
  assert.equal(refusalOf(createRule(state, { ...rule, nodes: ' ' })), [500, 'no nodes were specified']);
  assert.equal(refusalOf(createRule(state, { ...rule, resources: 'vm:103,vm:100,vm:102' })), [
    500,
    'cannot use unmanaged resource(s) vm:102, vm:103.',
  ]);
  assert.equal(refusalOf(createRule(state, { ...rule, nodes: 'n9,n1:3,n8' })), [
    500,
    'cannot use non-existent node(s) n8, n9.',
  ]);
  assert.equal(refusalOf(updateRule(state, { ...rule, rule: 'nix' })), [500, "HA rule 'nix' does not exist"]);
  assert.equal(refusalOf(removeRule(state, { rule: 'nix' })), [500, "HA rule 'nix' does not exist"]);
});

test('the type chooses the parameters', () => {
  assert.equal(refusalOf(createRule(empty, { rule: 'r1', type: 'node-affinity', affinity: 'positive' })), [
    400,
    BAD,
    {
      'oneOf[node-affinity].resources': 'property is missing and it is not optional',
      'oneOf[node-affinity].nodes': 'property is missing and it is not optional',
      affinity: 'property is not defined in schema and the schema does not allow additional properties',
    },
  ]);
  assert.equal(
    refusalOf(createRule(empty, { rule: 'r1', type: 'resource-affinity', affinity: 'close', resources: 'vm100' })),
    [
      400,
      BAD,
      {
        'oneOf[resource-affinity].resources': "invalid format - invalid resource id 'vm100'",
        'oneOf[resource-affinity].affinity':
          "value 'close' does not have a value in the enumeration 'positive, negative'",
      },
    ],
  );
  assert.equal(refusalOf(createRule(empty, { rule: '1', resources: 'vm:100' })), [
    400,
    BAD,
    {
      rule: "invalid format - invalid configuration ID '1'",
      type: 'property is missing and it is not optional',
      resources: 'property is not defined in schema and the schema does not allow additional properties',
    },
  ]);
});

test('an infeasible rule is refused for its own conflicts only', () => {
  const pair = { rule: 'pp', type: 'resource-affinity', affinity: 'positive' };
  assert.equal(refusalOf(createRule(empty, { ...pair, resources: 'vm:100' })), [
    400,
    "Rule 'pp' is invalid.",
    { resources: 'rule is ineffective as there are less than two resources' },
  ]);
  assert.ok(
    createRule(empty, { ...pair, resources: 'vm:100', disable: 1 }).ok,
    'a disabled rule conflicts with nothing',
  );
  const broken = stateWith({ rules: 'resource-affinity: one\n\taffinity positive\n\tresources vm:100\n\n' });
  assert.ok(
    createRule(broken, { ...pair, resources: 'vm:100,vm:101' }).ok,
    'the other rule is infeasible, not this one',
  );
  const apart = stateWith({ rules: 'resource-affinity: apart\n\taffinity negative\n\tresources ct:200,vm:100\n\n' });
  assert.equal(refusalOf(createRule(apart, { ...pair, resources: 'vm:100,ct:200' }))[2], {
    resources: 'rule shares two or more resources with a negative resource affinity rule',
  });
  const both = stateWith({
    rules: 'node-affinity: aa\n\tnodes n1\n\tresources vm:100\n\nnode-affinity: bb\n\tnodes n2\n\tresources vm:101\n\n',
  });
  assert.equal(refusalOf(updateRule(both, { rule: 'bb', type: 'node-affinity', resources: 'vm:101,vm:100' }))[2], {
    resources: "resource 'vm:100' is already used in another node affinity rule",
  });
});

test('updates', () => {
  const [files] = changesOf(
    updateRule(state, {
      rule: 'home',
      type: 'node-affinity',
      nodes: 'n3',
      delete: 'strict,comment',
      digest: state.rules.digest,
    }),
  );
  assert.is(
    files['ha/rules.cfg'],
    `node-affinity: home\n\tnodes n3\n\tresources vm:100\n\n${rules.slice(rules.indexOf('resource-affinity'))}`,
  );
  const enabled = changesOf(updateRule(state, { rule: 'pair', type: 'resource-affinity', disable: 0 }))[0];
  assert.not.match(enabled['ha/rules.cfg']!, 'disable');
  assert.equal(
    enabled,
    changesOf(updateRule(state, { rule: 'pair', type: 'resource-affinity', delete: 'disable' }))[0],
  );
  const home = { rule: 'home', type: 'node-affinity' };
  assert.equal(refusalOf(updateRule(state, { ...home, delete: 'nodes' })), [
    500,
    "unable to delete required option 'nodes'",
  ]);
  assert.equal(refusalOf(updateRule(state, { ...home, delete: 'affinity' })), [500, "no such option 'affinity'"]);
  assert.equal(refusalOf(updateRule(state, { ...home, strict: 1, delete: 'strict' })), [
    500,
    "cannot set and delete property 'strict' at the same time!",
  ]);
  assert.equal(refusalOf(updateRule(state, { ...home, digest: 'x' })), [
    500,
    'detected modified configuration - file changed by other user? Try again.',
  ]);
  assert.equal(refusalOf(updateRule(state, { rule: 'pair', type: 'node-affinity' })), [
    400,
    BAD,
    { type: "HA rule 'pair' is of type 'resource-affinity'" },
  ]);
});

test('resources and nodes that are gone are in nobody else\u2019s way', () => {
  const stale = stateWith({ rules: 'node-affinity: old\n\tnodes n1,n7\n\tresources vm:100,vm:777\n\n' });
  assert.ok(updateRule(stale, { rule: 'old', type: 'node-affinity', comment: 'x' }).ok);
  assert.not.ok(updateRule(stale, { rule: 'old', type: 'node-affinity', nodes: 'n1,n7' }).ok);
});

const sids = fc.uniqueArray(fc.constantFrom('vm:100', 'vm:101', 'ct:200'), { minLength: 1 });
const nodeList = fc
  .uniqueArray(fc.tuple(fc.constantFrom('n1', 'n2', 'n3'), fc.nat(3)), { minLength: 1, selector: ([name]) => name })
  .map((list) => list.map(([name, priority]) => `${name}:${priority}`).join(','));

test('adding and removing a rule gives the text back', () => {
  fc.assert(
    fc.property(sids, nodeList, fc.boolean(), (resources, nodes, strict) => {
      const given = {
        rule: 'new',
        type: 'node-affinity',
        resources: resources.join(';'),
        nodes,
        strict,
        disable: true,
      };
      const changed = changesOf(createRule(state, given))[0]['ha/rules.cfg']!;
      const after = stateWith({ rules: changed });
      assert.equal([...after.rules.ids.get('new')!.resources], [...resources].sort());
      assert.equal(changesOf(removeRule(after, { rule: 'new' }))[0], { 'ha/rules.cfg': rules });
    }),
  );
});

test.run();
