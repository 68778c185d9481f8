// test-timeout: 240
/** Random scenarios have no log to compare with: what must hold in each of them are the invariants (spec/ha.md §16). */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { watchInvariants } from './invariants/watch.ts';
import { runScenario } from './run-scenario.ts';
import type { ScenarioFiles } from './scenario.ts';

const NODES = ['node1', 'node2', 'node3', 'node4', 'node5'];
const SIDS = ['vm:101', 'vm:102', 'ct:103', 'vm:104', 'fa:1101', 'fa:12001', 'fa:130103'];

const node = (count: number) => fc.constantFrom(...NODES.slice(0, count));
const sid = fc.constantFrom(...SIDS);
const onOff = fc.constantFrom('on', 'off');
const state = fc.constantFrom('started', 'stopped', 'disabled', 'ignored');

function words(...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((list) => list.join(' '));
}

function is(text: string): fc.Arbitrary<string> {
  return fc.constant(text);
}

function command(nodes: number): fc.Arbitrary<string> {
  const n = node(nodes);
  return fc.oneof(
    words(is('power'), n, onOff),
    words(is('network'), n, onOff),
    words(fc.constantFrom('reboot', 'shutdown', 'restart-lrm'), n),
    words(is('cfs'), n, fc.constantFrom('rw', 'update'), fc.constantFrom('work', 'fail')),
    words(is('crm'), n, fc.constantFrom('stop', 'start', 'enable-node-maintenance', 'disable-node-maintenance')),
    words(is('crm'), n, fc.constantFrom('arm-ha', 'disarm-ha freeze', 'disarm-ha ignore')),
    words(is('service'), sid, state),
    words(is('service'), sid, fc.constantFrom('migrate', 'relocate'), n),
    words(is('service'), sid, is('stop'), fc.constantFrom('0', '10')),
    words(is('service'), sid, fc.constantFrom('lock', 'lock create', 'unlock')),
    words(is('delay'), fc.constantFrom('10', '50', '130')),
    words(is('skip-round'), fc.constantFrom('crm', 'lrm'), fc.constantFrom('1', '5')),
  );
}

const rules = fc.constantFrom(
  '',
  'node-affinity: a\n\tresources vm:101,vm:102\n\tnodes node1:2,node2:1\n',
  'node-affinity: a\n\tresources vm:101\n\tnodes node2,node3\n\tstrict 1\n',
  'resource-affinity: a\n\tresources vm:101,vm:102\n\taffinity positive\n',
  'resource-affinity: a\n\tresources vm:101,vm:104\n\taffinity negative\n',
);

const crs = fc.constantFrom(
  {},
  { ha: 'static', 'ha-rebalance-on-start': 1 },
  { ha: 'dynamic', 'ha-auto-rebalance': 1 },
  { ha: 'static', 'ha-auto-rebalance': 1, 'ha-auto-rebalance-method': 'topsis' },
);
const policy = fc.constantFrom('conditional', 'failover', 'freeze', 'migrate', 'bogus');

const scenario: fc.Arbitrary<ScenarioFiles> = fc.integer({ min: 3, max: 5 }).chain((count) => {
  const names = NODES.slice(0, count);
  const off = { power: 'off', network: 'off', maxcpu: 16, maxmem: 68719476736 };
  const service = fc.record({
    node: node(count),
    state,
    failback: fc.constantFrom(0, 1),
    max_restart: fc.constantFrom(0, 1, '2'),
    max_relocate: fc.constantFrom(0, 1, 2),
  });
  return fc
    .record({
      batches: fc.array(fc.array(command(count), { maxLength: 3 }), { maxLength: 14 }),
      services: fc.dictionary(sid, service, { maxKeys: 6 }),
      rules,
      crs,
      policy,
    })
    .map(({ batches, services, rules: text, crs: settings, policy: shutdown_policy }) => ({
      cmdlist: JSON.stringify([names.map((name) => `power ${name} on`), ...batches]),
      hardware_status: JSON.stringify(Object.fromEntries(names.map((name) => [name, off]))),
      manager_status: '{}',
      service_config: JSON.stringify(services),
      'datacenter.cfg': JSON.stringify({ ha: { shutdown_policy }, crs: settings }),
      ...(text !== '' && { rules_config: text }),
    }));
});

test('random scenarios keep every invariant', () => {
  fc.assert(
    fc.property(scenario, (files) => {
      const { observer, violations } = watchInvariants();
      runScenario(files, observer);
      assert.equal(violations, []);
    }),
    { numRuns: 120 },
  );
});

test('a scenario has one log', () => {
  fc.assert(
    fc.property(scenario, (files) => {
      assert.is(runScenario(files).log, runScenario(files).log);
    }),
    { numRuns: 20 },
  );
});

test.run();
