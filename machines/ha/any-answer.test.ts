/**
 * Whatever a world answers, each iteration of a daemon ends, and each in one way (P1, P2 of `port.ts`): on real nodes and in the
 * simulator any effect may be refused.
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Crm } from './crm/crm.ts';
import type { Daemon } from './daemon.ts';
import { Lrm } from './lrm/lrm.ts';
import type { Ask, Reply } from './port.ts';
import { type ServiceStatus, serviceStates } from './state-files.ts';
import { done, refused, TestWorld } from './test-daemon.ts';

const service: fc.Arbitrary<ServiceStatus> = fc
  .record({
    state: fc.constantFrom(...serviceStates),
    node: fc.constantFrom('n1', 'n2', 'n3'),
    uid: fc.constantFrom('a', 'b'),
  })
  .map((one) => ({ ...one, ...(/migrate|relocate|balance/.test(one.state) && { target: 'n2' }) }));

const situation = fc.record({
  services: fc.dictionary(fc.constantFrom('vm:1', 'ct:2', 'vm:3'), service),
  configured: fc.constantFrom('started', 'stopped', 'disabled', 'odd'),
  commands: fc.subarray(['migrate vm:1 n2', 'stop vm:1 0', 'disarm-ha ignore', 'arm-ha', 'enable-node-maintenance n2']),
  online: fc.record({ n1: fc.boolean(), n2: fc.boolean() }),
  marker: fc.constantFrom(undefined, '', 'shutdown' as const, 'reboot' as const),
  /** 0: the ordinary answer, 1: a refusal, 2: no. */
  answers: fc.array(fc.constantFrom(0, 0, 0, 0, 0, 1, 2), { maxLength: 200 }),
});

type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never;

function live(daemon: Daemon<string>, { answers, commands, configured, marker, online, services }: Situation): void {
  const world = new TestWorld(daemon);
  const config = { node: 'n1', state: configured, failback: true, max_restart: 1, max_relocate: 1 };
  world.files.members.online = online;
  world.files.resources = { 'vm:1': config, 'ct:2': config };
  world.files.manager_status = { node_status: { n1: 'online', n2: 'online', n3: 'fence' }, service_status: services };
  world.commands = [...commands];
  const left = [...answers];
  world.override = (ask) => odd(ask, left.shift() ?? 0);
  for (let round = 0; round < 6; round++) {
    world.tick(round * 70);
    assert.ok(world.end !== undefined, 'the iteration did not end');
    assert.equal(daemon.cursor, []);
    if (world.end?.out !== 'nextTickIn') return;
    if (round === 2 && marker !== undefined) world.give({ type: 'SHUTDOWN_REQUEST', marker, at: round * 70 + 1 });
  }
}

function odd(ask: Ask, answer: number): Reply | undefined {
  if (answer === 1) return refused('refused');
  const isYesOrNo = ask.op === 'lock' || ask.op === 'refresh';
  return answer === 2 && isYesOrNo ? done(false) : undefined;
}

test('a CRM ends each of its iterations', () => {
  fc.assert(
    fc.property(situation, (one) => live(new Crm('n1'), one)),
    { numRuns: 400 },
  );
});

test('an LRM ends each of its iterations, with its commands at once and beside it', () => {
  for (const maxWorkers of [0, 2]) {
    fc.assert(
      fc.property(situation, (one) => live(new Lrm('n1', { maxWorkers }), one)),
      { numRuns: 300 },
    );
  }
});

test.run();
