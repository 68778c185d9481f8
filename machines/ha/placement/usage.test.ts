import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { criteriaOf, criteriaWeights } from './node-load.ts';
import { closenesses } from './topsis.ts';
import { createUsage, type Usage, type UsageStatistics } from './usage.ts';
import { type PlacedService, usedNodes } from './used-nodes.ts';

const nodes = ['n1', 'n2', 'n3'];
const capacity = { maxcpu: 10, maxmem: 100 };
const statistics: UsageStatistics = {
  nodes: { n1: { ...capacity, cpu: 4, mem: 10 }, n2: { ...capacity, cpu: 1, mem: 10 }, n3: capacity },
  services: {
    'vm:1': { maxcpu: 2, maxmem: 20, cpu: 1, mem: 8 },
    'vm:2': { maxcpu: 0, maxmem: 30, cpu: 0.5, mem: 9 },
    'vm:3': { maxcpu: 1.3, maxmem: 10, cpu: 0.1, mem: 7 },
    'vm:4': { maxcpu: 2.7, maxmem: 5, cpu: 0.2, mem: 1 },
  },
};

function usageOf(mode: string, services: Readonly<Record<string, PlacedService>> = {}): Usage {
  const { usage, messages } = createUsage(mode, [...nodes].reverse(), statistics);
  assert.equal(messages, []);
  for (const [sid, service] of Object.entries(services)) assert.equal(usage.add(sid, service), []);
  return usage;
}

const loadsOf = (usage: Usage) => usage.balance!.loads().map(({ cpu, mem }) => [cpu, mem]);

test('used nodes: what each state uses, online nodes only', () => {
  const online = new Set(['n1', 'n2']);
  const used = (state: string, node = 'n1', target: string | null = 'n2') => usedNodes({ state, node, target }, online);
  for (const state of ['started', 'request_stop', 'fence', 'freeze', 'error', 'recovery']) {
    assert.equal(used(state), { current: 'n1' }, state);
  }
  for (const state of ['stopped', 'request_start', 'ignored', 'disabled']) assert.equal(used(state), {}, state);
  for (const state of ['migrate', 'relocate']) assert.equal(used(state), { current: 'n1', target: 'n2' }, state);
  assert.equal(used('request_start_balance'), { target: 'n2' });
  assert.equal(used('request_start_balance', 'n1', null), {});
  assert.equal(used('migrate', 'n3', 'n4'), {});
});

test('basic: the number of services that use a node', () => {
  const usage = usageOf('basic', {
    'vm:1': { state: 'started', node: 'n1' },
    'vm:2': { state: 'migrate', node: 'n1', target: 'n2' },
    'vm:3': { state: 'stopped', node: 'n3' },
  });
  assert.equal(
    [...usage.scores('vm:9').scores],
    [
      ['n1', 2],
      ['n2', 1],
      ['n3', 0],
    ],
  );
  assert.is(usage.imbalance(), 0);
  assert.is(usage.balance, undefined);
});

test('I3 what cannot be built is basic, with the reason', () => {
  const made = (mode: string, nodeStatistics: UsageStatistics['nodes']) => {
    const { usage, messages } = createUsage(mode, ['n2', 'n1'], { nodes: nodeStatistics, services: {} });
    return [usage.kind, ...messages.map(({ level, text }) => `${level} ${text}`)];
  };
  const fallback = (mode: string, why: string) => [
    'basic',
    `warning fallback to 'basic' scheduler mode, init for '${mode}' failed - ${why}`,
  ];
  assert.equal(made('basic', {}), ['basic']);
  assert.equal(made('smart', {}), ['basic', "warning got unknown scheduler mode 'smart', using 'basic'"]);
  assert.equal(made('static', {}), fallback('static', "did not get static node usage information for 'n1'"));
  assert.equal(
    made('dynamic', { n1: capacity, n2: { maxmem: 1 } }),
    fallback('dynamic', "dynamic node usage information for 'n2' missing cpu count"),
  );
  assert.equal(
    made('static', { n1: { maxcpu: 1 }, n2: {} }),
    fallback('static', "static node usage information for 'n1' missing memory"),
  );
  assert.equal(made('static', { n1: capacity, n2: capacity }), ['static']);
});

test('static: started load on each node that a service uses; no CPU limit is all of the node', () => {
  const usage = usageOf('static', {
    'vm:1': { state: 'migrate', node: 'n1', target: 'n2' },
    'vm:2': { state: 'started', node: 'n3' },
    'vm:3': { state: 'request_start_balance', node: 'n1', target: 'n2' },
  });
  assert.equal(loadsOf(usage), [
    [2, 20],
    [3.3, 30],
    [10, 30],
  ]);
  assert.equal(usage.balance!.runningLoadOf('vm:2'), { cpu: 0, mem: 30 });
});

test('dynamic: balance is measured; for a start the services that are not running yet are added', () => {
  const services = {
    'vm:1': { state: 'started', node: 'n1', running: 1 },
    'vm:3': { state: 'started', node: 'n3' },
    'vm:4': { state: 'request_stop', node: 'n2' },
  };
  const usage = usageOf('dynamic', services);
  const measured = [
    [4, 10],
    [1, 10],
    [0, 0],
  ];
  assert.equal(loadsOf(usage), measured);
  assert.equal(usage.balance!.runningLoadOf('vm:1'), { cpu: 1, mem: 8 });
  const load = (cpu: number, mem: number) => ({ ...capacity, cpu, mem });
  const alternatives = [
    [load(4 + 2.7, 15), load(1, 10), load(1.3, 10)],
    [load(4, 10), load(1 + 2.7, 15), load(1.3, 10)],
    [load(4, 10), load(1, 10), load(1.3 + 2.7, 15)],
  ];
  const expected = closenesses(alternatives.map(criteriaOf), criteriaWeights).map((value) => -value);
  assert.equal([...usage.scores('vm:4').scores.values()], expected);
});

test('a service without figures is left out with a warning, and cannot be scored', () => {
  const usage = usageOf('static');
  assert.equal(usage.add('vm:9', { state: 'started', node: 'n1' }), [
    {
      level: 'warning',
      text: "unable to add service 'vm:9' - did not get static service usage information for 'vm:9'",
    },
  ]);
  assert.equal(usage.add('vm:9', { state: 'stopped', node: 'n1' }), [], 'what uses nothing needs no figures');
  assert.equal(usage.scores('vm:9'), {
    scores: new Map(),
    failure:
      "unable to score nodes according to static usage for service 'vm:9' - did not get static service usage information for 'vm:9'",
  });
  const { usage: lacking } = createUsage('static', nodes, { ...statistics, services: { 'vm:1': { maxcpu: 1 } } });
  assert.match(lacking.add('vm:1', { state: 'started', node: 'n1' })[0]!.text, /missing field `maxmem`$/);
});

/** CPU limits whose sum depends on the order of adding. */
const fractions: UsageStatistics = {
  nodes: statistics.nodes,
  services: Object.fromEntries(
    [0.1, 0.2, 0.3, 0.7].map((maxcpu, i) => [`vm:${i + 1}`, { maxcpu, maxmem: 10, cpu: maxcpu, mem: 5 }]),
  ),
};

test('I2 sums go by sid, whatever came first', () => {
  const sum = (...sids: readonly string[]) => {
    const { usage } = createUsage('static', nodes, fractions);
    for (const sid of sids) usage.add(sid, { state: 'started', node: 'n1' });
    return loadsOf(usage)[0]![0];
  };
  assert.is(sum('vm:1', 'vm:2', 'vm:3'), 0.1 + 0.2 + 0.3);
  assert.is(sum('vm:3', 'vm:2', 'vm:1'), 0.1 + 0.2 + 0.3);
});

test('I1 I2 only what is recorded counts, not how it came there', () => {
  const sid = fc.constantFrom('vm:1', 'vm:2', 'vm:3', 'vm:4');
  const service = fc.record({
    state: fc.constantFrom('started', 'migrate', 'stopped', 'request_start_balance'),
    node: fc.constantFrom(...nodes),
    target: fc.constantFrom(...nodes),
    running: fc.constantFrom(0, 1, '0'),
  });
  const steps = fc.array(fc.tuple(sid, fc.option(service)), { maxLength: 20 });
  fc.assert(
    fc.property(fc.constantFrom('basic', 'static', 'dynamic'), steps, (mode, list) => {
      const { usage: used } = createUsage(mode, nodes, fractions);
      const left = new Map<string, PlacedService>();
      for (const [one, placed] of list) {
        used.remove(one);
        used.scores(one);
        left.delete(one);
        if (placed === null) continue;
        used.add(one, placed);
        left.set(one, placed);
      }
      const { usage: fresh } = createUsage(mode, nodes, fractions);
      for (const [one, placed] of [...left].sort(([a], [b]) => (a < b ? 1 : -1))) fresh.add(one, placed);
      for (const one of ['vm:1', 'vm:2']) assert.equal(used.scores(one), fresh.scores(one));
      assert.is(used.imbalance(), fresh.imbalance());
    }),
  );
});

test.run();
