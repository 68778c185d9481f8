/** The world itself: main loop, commands, locks, watchdogs, agents (spec/ha.md §1). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ClusterLocks } from './cluster-locks.ts';
import type { WorldTransition } from './round-robin.ts';
import { runScenario } from './run-scenario.ts';
import type { ScenarioFiles } from './scenario.ts';
import { SimulationLog } from './simulation-log.ts';
import { Watchdogs } from './watchdogs.ts';

const off = { power: 'off', network: 'off' };

function files(batches: readonly (readonly string[])[], more: Record<string, unknown> = {}): ScenarioFiles {
  const texts = {
    cmdlist: batches,
    hardware_status: { node1: off, node2: off, node3: off },
    manager_status: {},
    service_config: {},
    ...more,
  };
  return Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, JSON.stringify(value)]));
}

function logOf(batches: readonly (readonly string[])[], more: Record<string, unknown> = {}): string[] {
  return runScenario(files(batches, more)).log.split('\n');
}

const on = ['power node1 on', 'power node2 on', 'power node3 on'];

test('without commands the world ends after 500 s, on the next hundred', () => {
  assert.equal(logOf([]), [
    'info      0     hardware: starting simulation',
    'info    520     hardware: exit simulation - done',
    '',
  ]);
});

test('batches come every five rounds, a delay stops the count', () => {
  const lines = logOf([['delay 130'], ['network node1 on']]);
  assert.is(lines[1], 'info     20      cmdlist: execute delay 130');
  assert.is(lines[2], 'info    240      cmdlist: execute network node1 on');
});

test('skipped rounds are said once per round', () => {
  const lines = logOf([[...on, 'skip-round crm 2', 'skip-round lrm']]);
  assert.is(lines.filter((line) => line.endsWith('run-loop: skipping CRM round')).length, 2);
  assert.is(lines.filter((line) => line.endsWith('run-loop: skipping LRM round')).length, 1);
});

test('an error ends the run with a line of its own, and a blank behind it', () => {
  const cases: Record<string, string> = {
    'power node9 on': "sim_hardware_cmd: no such node 'node9'",
    'power node1 odd': "sim_hardware_cmd: unknown action 'odd'",
    'crm node1 disarm-ha odd': "sim_hardware_cmd: unknown resource mode 'odd'",
    'service vm:1 add node1': "resource ID 'vm:1' already defined",
    'service vm:9 lock': "no such service 'vm:9'",
    'service vm:9 manual-migrate node1': "sim_hardware_cmd: service 'vm:9' not configured",
    'service vm:1 manual-migrate node1':
      "sim_hardware_cmd: manual-migrate requires service in 'ignored' state or disarm-ha ignore mode",
    'network node1 odd': "sim_hardware_cmd: unknown command 'network node1 odd'",
  };
  for (const [command, error] of Object.entries(cases)) {
    const lines = logOf([[command]], { service_config: { 'vm:1': { node: 'node1' } } });
    assert.equal(lines.slice(-3), [`err      20     hardware: exit simulation - ${error}`, ' ', ''], command);
  }
});

test('thirty nodes are too many for a round', () => {
  const nodes = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`node${i}`, off]));
  assert.match(logOf([], { hardware_status: nodes })[1]!, /unable to simulate so many nodes/);
});

test('an endless scenario is stopped', () => {
  assert.match(logOf([['delay 20000']]).at(-3)!, /simulation exceeded maximum time \(10000\) - force end$/);
});

test('malformed files are a sentence', () => {
  assert.throws(() => runScenario({ cmdlist: '{}' }), 'cmdlist is not a list');
  assert.throws(() => runScenario({}), 'there is no cmdlist');
  assert.throws(() => runScenario({ cmdlist: '[]', hardware_status: '[]' }), 'hardware_status is not an object');
});

test('a lock belongs to a node for 120 s, renewed or not', () => {
  const locks = new ClusterLocks();
  assert.is(locks.acquire('l', 'a', 0), 'got');
  assert.is(locks.acquire('l', 'a', 100), 'renewed');
  assert.is(locks.acquire('l', 'b', 220), 'refused');
  assert.is(locks.release('l', 'b', 220), false);
  assert.is(locks.acquire('l', 'b', 221), 'got');
  assert.is(locks.release('l', 'b', 300), true);
  assert.is(locks.release('l', 'b', 300), false);
  assert.is(locks.acquire('l', 'a', 300), 'got');
  assert.is(locks.release('l', 'a', 421), true);
  assert.is(locks.get('l')?.owner, 'a');
});

test('a watchdog that is not fed for more than 60 s resets its node', () => {
  const watchdogs = new Watchdogs();
  const id = watchdogs.open('a', 0);
  const other = watchdogs.open('b', 50);
  assert.is(watchdogs.feed(id, 10), true);
  assert.equal([...watchdogs.sweep(70)], []);
  assert.is(watchdogs.feed(id, 71), false);
  assert.equal([...watchdogs.sweep(71)], ['a']);
  watchdogs.removeAll('b');
  assert.is(watchdogs.isOpen(other), false);
});

test('levels of daemons are cut, those of the hardware are not', () => {
  const log = new SimulationLog();
  log.daemon('warning', 7, 'node1/lrm', 'a\n');
  log.hardware('warning', 7, 'hardware', 'b');
  log.daemon('\n\t    info', 12, 'node1/lrm', 'c');
  assert.is(log.text, 'warn      7    node1/lrm: a\nwarning     7     hardware: b\n\n\t       12    node1/lrm: c\n');
});

test('agents of type fa fail as often as their name says', () => {
  const config = { service_config: { 'fa:1201': { node: 'node1', state: 'started', max_restart: 3 } } };
  const tries = logOf([on], config).filter((line) => line.includes('unable to start service fa:1201'));
  assert.is(tries.length, 2);
});

test('a locked service is not started', () => {
  const config = { service_config: { 'vm:1': { node: 'node1', state: 'started', lock: 'backup' } } };
  assert.ok(
    logOf([on], config).some((line) => line.endsWith("node1/lrm: service 'vm:1' locked (backup), unable to start!")),
  );
});

test('overcommitted loads are said in each round', () => {
  const lines = logOf([on], {
    service_config: { 'vm:1': { node: 'node1', state: 'started' } },
    'datacenter.cfg': { crs: { ha: 'dynamic' } },
    static_service_stats: { 'vm:1': { maxcpu: 1, maxmem: 1024 } },
    dynamic_service_stats: { 'vm:1': { cpu: 2, mem: 512 } },
  });
  assert.ok(lines.includes("warning    20     hardware: overcommitted cpu on 'vm:1'"));
});

test('whoever watches sees each event of each machine', () => {
  const seen = new Map<string, WorldTransition[]>();
  const config = { service_config: { 'vm:1': { node: 'node1', state: 'started' } } };
  runScenario(files([on], config), {
    onTransition: (transition) => {
      const key = `${transition.node}/${transition.actor} ${transition.machine}`;
      seen.set(key, [...(seen.get(key) ?? []), transition]);
    },
  });
  const changes = seen.get('node1/crm ha-resource vm:1')!.map(({ step }) => [step.before, step.event.type, step.after]);
  assert.ok(changes.some((change) => change.join(' ') === 'request_start PLACED started'));
  assert.ok(seen.has('node1/lrm lrm-worker vm:1'));
  assert.ok(seen.has('node1/crm ha-node node1'));
});

test.run();
