import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileRules } from './compile.ts';
import { infeasibleRules } from './feasibility.ts';
import { mergedGroups } from './positive-groups.ts';
import { parseRules, type Rule, type RuleSet } from './rule-set.ts';
import { transformRules } from './transform.ts';

const nodes = ['n1', 'n2', 'n3'];

/** `id: n1:2,n2 | vm:1 vm:2` and `id: + vm:1 vm:2` or `id: - …`; a `!` before the id disables. */
function rulesOf(...lines: readonly string[]): RuleSet {
  const ids = new Map<string, Rule>();
  for (const line of lines) {
    const [, off, id, kind, list] = /^(!?)([\w-]+): (?:([+-]) |(?=.*\|))(.*)$/.exec(line)!;
    const disable = off === '!' ? { disable: 1 } : {};
    if (kind !== undefined) {
      const affinity = kind === '+' ? 'positive' : 'negative';
      ids.set(id!, { type: 'resource-affinity', affinity, resources: new Set(list!.split(' ')), ...disable });
      continue;
    }
    const [places, sids] = list!.split(' | ');
    const priorities = places!.split(',').map((place): [string, number] => {
      const [node, priority = '0'] = place.split(':');
      return [node!, Number(priority)];
    });
    ids.set(id!, {
      type: 'node-affinity',
      nodes: new Map(priorities),
      resources: new Set(sids!.split(' ')),
      ...disable,
    });
  }
  return { digest: '', ids, invalid: new Set(), order: new Map([...ids.keys()].map((id, i) => [id, i + 1])) };
}

function messages(...lines: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries([...infeasibleRules(rulesOf(...lines), nodes)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('check 1: a resource in two node affinity rules, a message per resource', () => {
  assert.equal(messages('a: n1 | vm:1 vm:3 vm:2', 'b: n2 | vm:2 vm:1', 'c: n1 | vm:9', '!d: n1 | vm:9'), {
    a: [
      "resource 'vm:1' is already used in another node affinity rule",
      "resource 'vm:2' is already used in another node affinity rule",
    ],
    b: [
      "resource 'vm:1' is already used in another node affinity rule",
      "resource 'vm:2' is already used in another node affinity rule",
    ],
  });
});

test('checks 2 and 3: too few resources, too many', () => {
  assert.equal(
    messages('a: + vm:7', 'b: - vm:1 vm:2 vm:3 vm:4', 'c: + vm:1 vm:9 vm:3 vm:4', 'd: - vm:10 vm:11 vm:12'),
    {
      a: ['rule is ineffective as there are less than two resources'],
      b: [
        'rule defines more resources than available nodes',
        'rule shares two or more resources with a positive resource affinity rule',
      ],
      c: ['rule shares two or more resources with a negative resource affinity rule'],
    },
  );
});

test('check 4: every rule of a merged group, and once more per conflict', () => {
  const together = 'rule shares two or more resources with a negative resource affinity rule';
  assert.equal(messages('a: + vm:1 vm:2', 'b: + vm:2 vm:3', 'x: - vm:1 vm:3', 'y: - vm:3 vm:1'), {
    a: [together, together],
    b: [together, together],
    x: ['rule shares two or more resources with a positive resource affinity rule'],
    y: ['rule shares two or more resources with a positive resource affinity rule'],
  });
});

test('check 5: one rule with several priorities spoils all that touch the resources', () => {
  const inNodeRule =
    'resources are in a resource affinity rule and cannot be in a node affinity rule with multiple priorities';
  assert.equal(messages('a: n1:1,n2:2 | vm:1', 'b: n1,n3 | vm:2', 'x: - vm:1 vm:2', 'c: n1:1,n2:2 | vm:5'), {
    a: [inNodeRule],
    b: [inNodeRule],
    x: ['resources are in node affinity rules with multiple priorities'],
  });
});

test('check 6: together, but wanted in several places', () => {
  const found = messages('a: n1 | vm:1', 'b: n2 | vm:3', 'x: + vm:1 vm:2', 'y: + vm:2 vm:3');
  assert.equal(Object.keys(found), ['a', 'b', 'x', 'y']);
  assert.equal(found.x, ['resources are in multiple node affinity rules']);
  assert.equal(found.a, [
    'at least one resource is in a positive resource affinity rule and there are other resources in at least one other node affinity rule already',
  ]);
});

test('check 7: apart on fewer nodes than resources, whether strict or not', () => {
  assert.equal(messages('a: n1,n2 | vm:1 vm:2', 'x: - vm:1 vm:2'), {});
  const found = messages('a: n1 | vm:1', 'b: n1 | vm:2', 'x: - vm:1 vm:2');
  assert.equal(Object.keys(found), ['a', 'b', 'x']);
  assert.equal(found.x, ['two or more resources are restricted to less nodes than available to the resources']);
});

test('merged groups: one greedy pass by the lowest resource; a later link fuses nothing', () => {
  const of = (...lines: readonly string[]) => mergedGroups([...rulesOf(...lines).ids]).map(({ ids }) => ids.join(' '));
  assert.equal(of('a: + vm:5 vm:6', 'b: + vm:1 vm:2', 'c: + vm:2 vm:5'), ['b c a']);
  assert.equal(of('a: + vm:1 vm:4', 'b: + vm:2 vm:5', 'c: + vm:4 vm:5'), ['a c', 'b']);
});

test('merging takes the place of the first rule of the group', () => {
  const { rules } = transformRules(rulesOf('x: - vm:8 vm:9', 'b: + vm:3 vm:2', 'a: + vm:1 vm:2'), nodes);
  assert.equal([...rules.ids.keys()], ['x', '_merged-a-b']);
  assert.equal(rules.ids.get('_merged-a-b')!.resources, new Set(['vm:1', 'vm:2', 'vm:3']));
  assert.is(rules.order.get('_merged-a-b'), 3);
});

test('who must stay away from one must stay away from all; I2 added rules add nothing themselves', () => {
  const { rules } = transformRules(rulesOf('p: + vm:1 vm:2', 'q: + vm:3 vm:4', 'n: - vm:1 vm:3'), nodes);
  assert.equal([...rules.ids.keys()].slice(3), ['_implicit-negative-p-vm:2-vm:3', '_implicit-negative-q-vm:4-vm:1']);
  assert.is(rules.order.get('_implicit-negative-q-vm:4-vm:1'), 2);
});

test('a positive rule takes its resources into the node affinity rule of one of them', () => {
  const { rules } = transformRules(rulesOf('p: + vm:1 vm:2', 'a: n1 | vm:2 vm:9'), nodes);
  assert.equal(rules.ids.get('a')!.resources, new Set(['vm:2', 'vm:9', 'vm:1']));
});

test('messages: by rule, in the order in which they were found', () => {
  const { messages: lines } = transformRules(rulesOf('x: + vm:1', 'b: n1 | vm:1', 'a: n2 | vm:1'), nodes);
  const inTwo = "resource 'vm:1' is already used in another node affinity rule";
  const elsewhere =
    'at least one resource is in a positive resource affinity rule and there are other resources in at least one other node affinity rule already';
  assert.equal(lines, [
    `Drop rule 'a', because ${inTwo}.`,
    `Drop rule 'a', because ${elsewhere}.`,
    `Drop rule 'b', because ${inTwo}.`,
    `Drop rule 'b', because ${elsewhere}.`,
    "Drop rule 'x', because rule is ineffective as there are less than two resources.",
    "Drop rule 'x', because resources are in multiple node affinity rules.",
  ]);
});

const sid = fc.nat(5).map((n) => `vm:${n}`);
const resources = fc.uniqueArray(sid, { minLength: 1, maxLength: 4 });
const ruleLine = fc.oneof(
  fc.tuple(fc.constantFrom('+ ', '- '), resources).map(([kind, list]) => kind + list.join(' ')),
  fc
    .tuple(fc.uniqueArray(fc.constantFrom('n1', 'n2:1', 'n3'), { minLength: 1 }), resources)
    .map(([places, list]) => `${places.join(',')} | ${list.join(' ')}`),
);
const ruleLines = fc
  .array(fc.tuple(ruleLine, fc.boolean()), { maxLength: 7 })
  .map((list) => list.map(([line, on], i) => `${on ? '' : '!'}r${i}: ${line}`));

test('I1 disabled rules stay as they are and change nothing', () => {
  fc.assert(
    fc.property(ruleLines, (lines) => {
      const all = rulesOf(...lines);
      const { rules, messages: dropped } = transformRules(all, nodes);
      const enabled = transformRules(rulesOf(...lines.filter((line) => !line.startsWith('!'))), nodes);
      assert.equal(dropped, enabled.messages);
      assert.equal(compileRules(rules, nodes), compileRules(enabled.rules, nodes));
      for (const [id, rule] of all.ids) if (rule.disable !== undefined) assert.equal(rules.ids.get(id), rule);
    }),
  );
});

test('neither messages nor the compiled rules depend on the order in the file', () => {
  const shuffled = ruleLines.chain((lines) =>
    fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines, { minLength: lines.length, maxLength: lines.length })),
  );
  fc.assert(
    fc.property(shuffled, ([lines, others]) => {
      const one = transformRules(rulesOf(...lines), nodes);
      const other = transformRules(rulesOf(...others), nodes);
      assert.equal(one.messages, other.messages);
      assert.equal(compileRules(one.rules, nodes), compileRules(other.rules, nodes));
    }),
  );
});

test('ids and order numbers belong together, and what was named as dropped is gone', () => {
  fc.assert(
    fc.property(ruleLines, (lines) => {
      const all = rulesOf(...lines);
      const { rules, messages: dropped } = transformRules(all, nodes);
      assert.equal([...rules.ids.keys()].sort(), [...rules.order.keys()].sort());
      const named = new Set(dropped.map((line) => /^Drop rule '(.*?)'/.exec(line)![1]!));
      for (const id of named) assert.not(rules.ids.has(id));
      for (const [id, rule] of all.ids) {
        const isMerged = [...rules.ids.keys()].some((one) => one.startsWith('_merged-') && one.split('-').includes(id));
        assert.is(rules.ids.has(id), !named.has(id) && !(isMerged && rule.disable === undefined));
      }
    }),
  );
});

test('compiled relations are mutual and never with oneself; feasible pairs stay related', () => {
  fc.assert(
    fc.property(ruleLines, (lines) => {
      const all = rulesOf(...lines);
      const infeasible = infeasibleRules(all, nodes);
      const { positive, negative } = compileRules(transformRules(all, nodes).rules, nodes);
      for (const relation of [positive, negative]) {
        for (const [one, others] of relation) {
          assert.not(others.has(one));
          for (const other of others) assert.ok(relation.get(other)?.has(one));
        }
      }
      for (const [id, rule] of all.ids) {
        if (infeasible.has(id) || rule.disable !== undefined || rule.type === 'node-affinity') continue;
        const relation = rule.affinity === 'positive' ? positive : negative;
        for (const one of rule.resources) {
          for (const other of rule.resources) if (one !== other) assert.ok(relation.get(one)?.has(other));
        }
      }
    }),
  );
});

test('an invalid section is not in the way', () => {
  const { rules } = parseRules(
    'node-affinity: aa\n\tresources vm:1\n\nresource-affinity: bb\n\tresources vm:1,vm:2\n\taffinity positive\n',
  );
  assert.equal([...transformRules(rules, nodes).rules.ids.keys()], ['bb']);
});

test.run();
