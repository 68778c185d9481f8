import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CompiledRules, nodeAffinityOf, noRules, resourceAffinityOf } from '../rules/compile.ts';
import { type Selection, selectNode } from './select-node.ts';
import { createUsage } from './usage.ts';
import type { PlacedService } from './used-nodes.ts';

interface Wanted extends Partial<Selection> {
  readonly online?: readonly string[];
  readonly priorities?: Readonly<Record<string, number>>;
  readonly together?: readonly string[];
  readonly apart?: readonly string[];
  readonly others?: Readonly<Record<string, PlacedService>>;
}

/** Selects for vm:1, which is started on n1. */
function select(wanted: Wanted = {}) {
  const { online = ['n1', 'n2', 'n3'], priorities, together = [], apart = [], others = {} } = wanted;
  const service = wanted.service ?? { state: 'started', node: 'n1' };
  const services = { 'vm:1': service, ...others };
  const { usage } = createUsage('basic', online, { nodes: {}, services: {} });
  for (const [sid, one] of Object.entries(services)) usage.add(sid, one);
  const compiled: CompiledRules = {
    nodeAffinity: priorities === undefined ? new Map() : new Map([['vm:1', new Map(Object.entries(priorities))]]),
    positive: new Map([['vm:1', new Set(together)]]),
    negative: new Map([['vm:1', new Set(apart)]]),
  };
  const selection = { compiled, usage, sid: 'vm:1', failback: true, services, preference: 'none' as const };
  const { node, reasons } = selectNode({ ...selection, ...wanted, service });
  return { node, because: reasons.because, excluded: reasons.excluded, scores: reasons.scores };
}

const started = (node: string): PlacedService => ({ state: 'started', node });

test('no rule: it stays', () => {
  assert.equal(select(), { node: 'n1', because: 'stays', excluded: {}, scores: undefined });
});

test('best score: the least used, the first by name among equals', () => {
  assert.equal(select({ preference: 'best-score' }), {
    node: 'n2',
    because: 'best-score',
    excluded: {},
    scores: { n1: 1, n2: 0, n3: 0 },
  });
  assert.is(select({ preference: 'best-score', others: { 'vm:2': started('n2') } }).node, 'n3');
});

test('priorities: it moves up, unless it has no failback', () => {
  const priorities = { n1: 1, n2: 2 };
  assert.is(select({ priorities }).node, 'n2');
  assert.is(select({ priorities, failback: false }).because, 'no-failback');
  assert.is(select({ priorities, failback: false, preference: 'best-score' }).node, 'n2');
  assert.is(select({ priorities: { n2: 1, n3: 1 }, failback: false }).node, 'n2', 'its node is not allowed at all');
});

test('no allowed node is online', () => {
  assert.equal(select({ priorities: { n9: 1 } }), {
    node: undefined,
    because: 'no-allowed-node',
    excluded: {},
    scores: undefined,
  });
});

test('try-next: failed nodes are out; from the current node to the next, else the first', () => {
  const service = { ...started('n1'), failed_nodes: ['n1'] };
  assert.equal(select({ preference: 'try-next', service }).node, 'n2');
  assert.equal(select({ preference: 'try-next', service }).excluded, { n1: { why: 'failed-before' } });
  const all = { ...started('n1'), failed_nodes: ['n1', 'n2', 'n3'] };
  assert.equal(select({ preference: 'try-next' }).node, 'n2', 'n1 is the last, so the first');
  assert.equal(select({ preference: 'try-next', service: all }).because, 'no-node-left');
  const others = { 'vm:2': started('n2'), 'vm:3': started('n3'), 'vm:4': started('n3'), 'vm:5': started('n3') };
  assert.equal(select({ preference: 'try-next', others }).because, 'next-in-list');
  assert.equal(select({ preference: 'try-next', others }).node, 'n2', 'n1 and n2 are equal, n1 comes first');
});

test('kept separate: the nodes of the others are out', () => {
  const others = { 'vm:2': started('n1'), 'vm:3': { state: 'migrate', node: 'n2', target: 'n1' } };
  const found = select({ apart: ['vm:2', 'vm:3'], others });
  assert.is(found.node, 'n3');
  assert.equal(found.excluded, {
    n1: { why: 'kept-separate', from: ['vm:2', 'vm:3'] },
    n2: { why: 'kept-separate', from: ['vm:3'] },
  });
  assert.is(select({ apart: ['vm:2'], others, failback: false }).node, 'n3', 'no failback does not keep it there');
});

test('kept together: where most partners are, the first by name among equals', () => {
  const others = { 'vm:2': started('n3'), 'vm:3': started('n2'), 'vm:4': started('n3') };
  assert.is(select({ together: ['vm:2', 'vm:3'], others }).node, 'n2');
  assert.is(select({ together: ['vm:2', 'vm:3', 'vm:4'], others }).node, 'n3');
  const away = { priorities: { n1: 1, n2: 1 }, together: ['vm:2'], others };
  assert.is(select(away).node, 'n1', 'a partner on a node that is not preferred counts for nothing');
});

test('without failback it stays with its partners, even beside one from which it is kept separate', () => {
  const others = { 'vm:2': started('n1'), 'vm:3': started('n1') };
  assert.is(select({ together: ['vm:2'], apart: ['vm:3'], others, failback: false }).node, 'n1');
  assert.is(select({ together: ['vm:2'], apart: ['vm:3'], others }).node, 'n2');
});

test('maintenance: back to the old node before all else, once that is preferred again', () => {
  const service = { ...started('n1'), maintenance_node: 'n3' };
  assert.is(select({ service }).because, 'back-from-maintenance');
  assert.is(select({ service }).node, 'n3');
  assert.is(select({ service, online: ['n1', 'n2'] }).because, 'stays');
  assert.is(select({ service, preference: 'best-score' }).node, 'n3');
});

test('a failing score is reported once, and then names decide', () => {
  const { usage } = createUsage('static', ['n1', 'n2'], {
    nodes: { n1: { maxcpu: 1, maxmem: 1 }, n2: { maxcpu: 1, maxmem: 1 } },
    services: {},
  });
  const service = started('n2');
  const selection = { compiled: noRules, usage, sid: 'vm:1', failback: true, service, services: { 'vm:1': service } };
  assert.equal(selectNode({ ...selection, preference: 'none' }).messages, [], 'I2 nothing is scored to stay');
  const { node, messages } = selectNode({ ...selection, preference: 'best-score' });
  assert.is(node, 'n1');
  assert.equal(
    messages.map(({ level }) => level),
    ['err'],
  );
});

const node = fc.constantFrom<string>('n1', 'n2', 'n3', 'n4');
const service = fc.record(
  {
    state: fc.constantFrom('started', 'migrate', 'stopped', 'recovery', 'request_start_balance'),
    node,
    target: node,
    failed_nodes: fc.array(node, { maxLength: 3 }),
    maintenance_node: node,
  },
  { requiredKeys: ['state', 'node'] },
);
const sids = fc.subarray(['vm:2', 'vm:3', 'vm:4']);

test('I1 I3 a preferred node that is kept separate from nobody, whatever the order of names in the input', () => {
  const input = fc.record({
    online: fc.subarray(['n1', 'n2', 'n3', 'n4'], { minLength: 1 }),
    priorities: fc.option(fc.dictionary(node, fc.nat(2)), { nil: undefined }),
    together: sids,
    apart: sids,
    services: fc.record({ 'vm:1': service, 'vm:2': service, 'vm:3': service, 'vm:4': service }),
    failback: fc.boolean(),
    preference: fc.constantFrom('none' as const, 'best-score' as const, 'try-next' as const),
  });
  fc.assert(
    fc.property(input, ({ online, priorities, together, apart, services, failback, preference }) => {
      const compiled: CompiledRules = {
        nodeAffinity: priorities === undefined ? new Map() : new Map([['vm:1', new Map(Object.entries(priorities))]]),
        positive: new Map([['vm:1', new Set(together)]]),
        negative: new Map([['vm:1', new Set(apart)]]),
      };
      const choose = (names: readonly string[], list: readonly [string, PlacedService][]) => {
        const { usage } = createUsage('basic', names, { nodes: {}, services: {} });
        for (const [sid, one] of list) usage.add(sid, one);
        const all = Object.fromEntries(list);
        return selectNode({ compiled, usage, sid: 'vm:1', failback, service: all['vm:1']!, services: all, preference });
      };
      const list = Object.entries(services) as [string, PlacedService][];
      const { node: chosen, reasons } = choose(online, list);
      assert.is(choose([...online].reverse(), [...list].reverse()).node, chosen);
      if (chosen === undefined) return;
      const { allowed, preferred } = nodeAffinityOf(compiled, 'vm:1', new Set(online));
      const { separate } = resourceAffinityOf(compiled, 'vm:1', services, new Set(online));
      if (reasons.because === 'no-failback') {
        assert.ok(allowed.has(chosen));
        assert.is(chosen, services['vm:1'].node);
        return;
      }
      assert.ok(preferred.has(chosen));
      assert.not(separate.has(chosen));
      if (preference === 'try-next') assert.not(services['vm:1'].failed_nodes?.includes(chosen));
    }),
  );
});

test.run();
