// test-timeout: 240
/**
 * One suite of semantics over every host and mode: what an actor may rely on is the same wherever it runs.
 * The deterministic world steps virtual time to the condition waited for; the real ones wait for it within a bound.
 */
import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyStateMachine } from 'xstate';
import type { Clock } from '../clock/clock.ts';
import { createRealClock } from '../clock/real.ts';
import { VirtualClock } from '../clock/virtual.ts';
import type { ActorModule } from '../comedy/actor-module.ts';
import { moduleUrl } from '../comedy/actor-module.ts';
import { createSystemRandom } from '../random/system.ts';
import { anyValue } from '../test-support/any-value.ts';
import type { ActorError, Reply } from './actor-error.ts';
import { ActorSystem } from './actor-system.ts';
import { type Address, type AskOf, type AskType, address, type Protocol, type ReplyOf } from './address.ts';
import { createComedyHost } from './comedy-host.ts';
import { createDeterministicHost } from './deterministic-host.ts';
import type { ActorMode } from './host.ts';
import type { DoorProtocol } from './probes/machine.ts';
import type { ProbeProtocol } from './probes/probe.ts';
import type { ChildBounds, RestartPolicy } from './supervision.ts';

// runtime/ may not import machines/: like a node's composition does, the suite brings the two from outside.
const { childLife } = (await import(moduleUrl('machines/daemons/child-life.ts'))) as { childLife: AnyStateMachine };
const { RestartIntensity } = (await import(moduleUrl('machines/daemons/restart-intensity.ts'))) as {
  RestartIntensity: new (limits: { intensity: number; period_ms: number }) => RestartPolicy;
};

type Mode = 'deterministic' | ActorMode;
const everyMode: readonly Mode[] = ['deterministic', 'in-memory', 'threaded', 'forked'];
const isolatedModes: readonly Mode[] = ['threaded', 'forked'];

interface World {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly states: string[];
  readonly failures: string[];
  readonly logged: string[];
  until(condition: () => boolean, what: string): Promise<void>;
  running(child: string, restarts?: number): Promise<void>;
  ask<P extends Protocol, T extends AskType<P>>(
    to: Address<P>,
    message: AskOf<P, T>,
    deadline_ms?: number,
  ): Promise<Reply<ReplyOf<P, T>>>;
}

interface WorldOptions {
  readonly probes: readonly string[];
  readonly intensity?: number;
  readonly bounds?: Partial<ChildBounds>;
}

const patience_ms = 60_000;
const fast: Partial<ChildBounds> = { backOff: { initial_ms: 10, max_ms: 50 } };

async function inWorld(mode: Mode, options: WorldOptions, body: (world: World) => Promise<void>): Promise<void> {
  const virtual = new VirtualClock();
  const clock: Clock = mode === 'deterministic' ? virtual : createRealClock();
  const states: string[] = [];
  const failures: string[] = [];
  const logged: string[] = [];
  const log = { write: (_domain: string, _level: string, message: string) => void logged.push(message) };
  const base = { node: 'n1', clock, random: createSystemRandom(), log };
  const system = new ActorSystem({
    node: 'n1',
    clock,
    log,
    host: mode === 'deterministic' ? createDeterministicHost({ clock, log }) : createComedyHost(base),
    supervision: {
      life: childLife,
      restarts: new RestartIntensity({ intensity: options.intensity ?? 100, period_ms: 60_000 }),
    },
    onFailure: (reason) => void failures.push(reason),
    onChildState: (child, state) => void states.push(`${child} ${state}`),
  });
  const until = async (condition: () => boolean, what: string): Promise<void> => {
    const bound_ms = performance.now() + patience_ms;
    while (!condition()) {
      if (mode === 'deterministic') {
        if (!virtual.step() && !condition()) throw new Error(`nothing is left to happen, and yet not: ${what}`);
        if (virtual.monotonic_ms() > patience_ms * 10) throw new Error(`never: ${what}`);
        continue;
      }
      if (performance.now() > bound_ms) throw new Error(`not within ${patience_ms} ms: ${what}; states ${states}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const world: World = {
    system,
    clock,
    states,
    failures,
    logged,
    until,
    running: (child, restarts = 0) =>
      until(() => {
        const status = system.status().find(({ name }) => name === child);
        return status?.state === 'running' && status.restarts >= restarts;
      }, `${child} runs after ${restarts} restarts`),
    ask: async (to, message, deadline_ms = 30_000) => {
      const replies: Reply<never>[] = [];
      system.ask(to, message, deadline_ms, (reply) => void replies.push(reply as Reply<never>));
      assert.is(replies.length, 0, 'a reply must not come from inside the ask');
      // Several asks may be sent before the first one is waited for: waiting is what moves virtual time.
      await null;
      await until(() => replies.length > 0, `reply to ${message.type}`);
      return replies[0]!;
    },
  };
  for (const probe of options.probes) {
    const module = `runtime/actor-system/probes/${probe}.ts`;
    const { actor } = (await import(moduleUrl(module))) as ActorModule;
    system.add({
      name: actor.name,
      mode: mode === 'deterministic' ? 'in-memory' : mode,
      source: mode === 'deterministic' ? { definition: actor, ports: base } : { module },
      bounds: { ...fast, ...options.bounds },
    });
  }
  let started: string | undefined | null = null;
  system.start((failure) => {
    started = failure;
  });
  try {
    await until(() => started !== null, 'the system starts');
    assert.is(started, undefined);
    await body(world);
  } finally {
    let stopped = false;
    system.stop(() => {
      stopped = true;
    });
    if (failures.length === 0) await until(() => stopped, 'the system stops');
  }
}

const probe = address<ProbeProtocol>('n1', 'probe');
const refusing = address<ProbeProtocol>('n1', 'refusing');
const dropping = address<ProbeProtocol>('n1', 'dropping');
const door = address<DoorProtocol>('n1', 'door');

function resultOf<T>(reply: Reply<T>): T {
  if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.sentence}`);
  return reply.value;
}

function errorOf(reply: Reply<unknown>): ActorError {
  if (reply.ok) throw new Error(`a reply where an error was due: ${String(reply.value)}`);
  return reply.error;
}

const test = suite('actor semantics');

/** One semantic in all the modes that promise it. */
function semantic(
  name: string,
  options: WorldOptions,
  body: (world: World, mode: Mode) => Promise<void>,
  modes: readonly Mode[] = everyMode,
): void {
  for (const mode of modes) test(`${name} [${mode}]`, () => inWorld(mode, options, (world) => body(world, mode)));
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

semantic('tells of one sender are handled in order', { probes: ['single'] }, async ({ system, ask }) => {
  for (const n of numbers(1, 2000)) assert.is(system.tell(probe, { type: 'note', n }), undefined);
  assert.equal(resultOf(await ask(probe, { type: 'notes' })), numbers(1, 2000));
});

semantic('an ask ends in its reply, or in the error of the actor', { probes: ['single'] }, async ({ ask }) => {
  assert.is(resultOf(await ask(probe, { type: 'echo', value: 'grüße 日本 😀' })), 'grüße 日本 😀');
  assert.is(resultOf(await ask(probe, { type: 'later', delay_ms: 5 })), 'late');
  assert.equal(errorOf(await ask(probe, { type: 'complain', sentence: 'kein Platz für é' })), {
    code: 'remote-error',
    sentence: 'kein Platz für é',
  });
});

semantic('an ask without a reply ends at its deadline', { probes: ['single'] }, async ({ ask, clock }, mode) => {
  const asked_ms = clock.monotonic_ms();
  const error = errorOf(await ask(probe, { type: 'silence' }, 50));
  assert.equal(error, { code: 'deadline', sentence: 'no reply from n1/probe within 50 ms' });
  if (mode === 'deterministic') assert.is(clock.monotonic_ms() - asked_ms, 50);
});

semantic('nobody there, no route, not sendable, not understood', { probes: ['single', 'machine'] }, async (world) => {
  const nobody = address<ProbeProtocol>('n1', 'nobody');
  assert.is(errorOf(await world.ask(nobody, { type: 'notes' })).code, 'no-such-actor');
  assert.is(world.system.tell(nobody, { type: 'note', n: 1 })?.code, 'no-such-actor');
  const elsewhere = address<ProbeProtocol>('n2', 'probe');
  assert.equal(errorOf(await world.ask(elsewhere, { type: 'notes' })), {
    code: 'refused',
    sentence: 'no route to node n2',
  });
  assert.is(errorOf(await world.ask(probe, { type: 'echo', value: () => {} })).code, 'refused');
  const misread = address<ProbeProtocol>('n1', 'door');
  assert.equal(errorOf(await world.ask(misread, { type: 'notes' })), {
    code: 'refused',
    sentence: 'door does not take the message "notes"',
  });
  await world.until(() => world.logged.some((line) => line.includes('"notes" (from n1/)')), 'a log line says so');
});

semantic('a throw ends the asks, and the actor comes back afresh', { probes: ['single'] }, async (world) => {
  world.system.tell(probe, { type: 'note', n: 1 });
  const silent = world.ask(probe, { type: 'silence' });
  const thrown = world.ask(probe, { type: 'throw', sentence: 'étrange' });
  assert.equal(errorOf(await thrown), { code: 'actor-crashed', sentence: 'n1/probe ended: étrange' });
  assert.is(errorOf(await silent).code, 'actor-crashed');
  await world.running('probe', 1);
  assert.equal(resultOf(await world.ask(probe, { type: 'notes' })), []);
  assert.is(world.system.status()[0]?.lastEnd, 'étrange');
});

semantic('a throw in a timer of the actor is its crash', { probes: ['single'] }, async (world) => {
  assert.is(resultOf(await world.ask(probe, { type: 'throwLater', sentence: 'too late' })), 'soon');
  await world.running('probe', 1);
  assert.is(world.system.status()[0]?.lastEnd, 'too late');
});

semantic('timers end with the incarnation that armed them', { probes: ['single'] }, async (world) => {
  const late = world.ask(probe, { type: 'later', delay_ms: 100 });
  await world.ask(probe, { type: 'throw', sentence: 'first' });
  assert.is(errorOf(await late).code, 'actor-crashed');
  await world.running('probe', 1);
  assert.is(resultOf(await world.ask(probe, { type: 'later', delay_ms: 200 })), 'late');
});

semantic(
  'while it is away, messages are refused at once',
  { probes: ['single'], bounds: { backOff: { initial_ms: 300, max_ms: 300 } } },
  async (world) => {
    await world.ask(probe, { type: 'throw', sentence: 'gone' });
    await world.until(() => world.system.status()[0]?.state === 'backing-off', 'it backs off');
    assert.is(world.system.tell(probe, { type: 'note', n: 1 })?.code, 'actor-crashed');
    assert.is(errorOf(await world.ask(probe, { type: 'notes' })).code, 'actor-crashed');
  },
);

semantic('a flood meets a mailbox that refuses', { probes: ['group'] }, async ({ system, ask, until }) => {
  const codes = numbers(1, 10).map((n) => system.tell(refusing, { type: 'note', n })?.code ?? 'taken');
  assert.equal(codes, [...Array(4).fill('taken'), ...Array(6).fill('mailbox-full')]);
  assert.is(errorOf(await ask(refusing, { type: 'notes' })).code, 'mailbox-full');
  await until(() => system.status()[0]?.mailboxes.refusing === 0, 'the mailbox empties');
  assert.equal(resultOf(await ask(refusing, { type: 'notes' })), numbers(1, 4));
});

semantic('a flood meets a mailbox that drops the oldest', { probes: ['group'] }, async ({ system, ask, until }) => {
  const oldest = ask(dropping, { type: 'notes' });
  for (const n of numbers(1, 10)) assert.is(system.tell(dropping, { type: 'note', n }), undefined);
  assert.is(errorOf(await oldest).code, 'mailbox-full');
  await until(() => system.status()[0]?.mailboxes.dropping === 0, 'the mailbox empties');
  assert.equal(resultOf(await ask(dropping, { type: 'notes' })), numbers(7, 10));
});

semantic('members of a group share one fate', { probes: ['group'] }, async (world) => {
  world.system.tell(refusing, { type: 'forward', to: dropping, n: 5 });
  const noted = async (): Promise<readonly number[]> => resultOf(await world.ask(dropping, { type: 'notes' }));
  while ((await noted()).length === 0);
  assert.equal(await noted(), [5]);
  await world.ask(refusing, { type: 'throw', sentence: 'both' });
  await world.running('group', 1);
  assert.equal(await noted(), []);
});

semantic(
  'actors ask each other, within a group, across children, and not themselves alone',
  { probes: ['single', 'group'] },
  async ({ ask }) => {
    const value = { 日本: [1, new Date(0)] };
    for (const [asker, to] of [
      [refusing, dropping],
      [refusing, probe],
      [probe, dropping],
      [probe, probe],
    ] as const) {
      const reply = await ask(asker, { type: 'relay', to, value, deadline_ms: 20_000 });
      assert.equal(resultOf(reply), value, `${asker} → ${to}`);
    }
    const lost = await ask(probe, { type: 'relay', to: 'n1/nobody', value, deadline_ms: 20_000 });
    assert.equal(errorOf(lost), { code: 'remote-error', sentence: 'no-such-actor' });
  },
);

semantic(
  'an actor hosts a machine: timers, effects that answer, a throw in an action',
  { probes: ['machine', 'single'] },
  async (world) => {
    const state = async (): Promise<string> => resultOf(await world.ask(door, { type: 'state' }));
    assert.is(await state(), 'closed 0');
    world.system.tell(door, { type: 'push' });
    while ((await state()) !== 'closed 1') await world.ask(probe, { type: 'later', delay_ms: 5 });
    world.system.tell(door, { type: 'break' });
    await world.running('door', 1);
    assert.is(await state(), 'closed 0');
    assert.is(world.system.status()[0]?.lastEnd, 'the door broke');
  },
);

semantic(
  'more restarts than the intensity allows: the supervisor fails',
  { probes: ['single', 'group'], intensity: 2 },
  async (world) => {
    for (const restarts of [1, 2]) {
      await world.ask(probe, { type: 'throw', sentence: `crash ${restarts}` });
      await world.running('probe', restarts);
    }
    await world.ask(probe, { type: 'throw', sentence: 'crash 3' });
    await world.until(() => world.failures.length > 0, 'the supervisor fails');
    assert.equal(world.failures, ['probe failed: probe: more than 2 restarts within 60000 ms, the last: crash 3']);
    assert.equal(
      world.system.status().map(({ state }) => state),
      ['failed', 'stopped'],
      'the other children are stopped first',
    );
  },
);

semantic(
  'a child that does not end in time is killed',
  { probes: ['single', 'stubborn'], bounds: { shutdown_ms: 100 } },
  async (world) => {
    let stopped = false;
    world.system.stop(() => {
      stopped = true;
    });
    await world.until(() => stopped, 'the system stops');
    const ends = world.states.filter((line) => /draining|killing|stopped/.test(line));
    assert.equal(
      ends,
      ['stubborn draining', 'stubborn killing', 'stubborn stopped', 'probe draining', 'probe stopped'].filter((line) =>
        ends.includes(line),
      ),
    );
    assert.ok(ends.includes('stubborn killing'));
    assert.is(world.system.tell(probe, { type: 'note', n: 1 })?.code, 'no-such-actor');
  },
);

semantic('values cross intact', { probes: ['single'] }, async ({ ask }) => {
  const samples = fc.sample(anyValue, 40);
  for (const value of samples) deepStrictEqual(resultOf(await ask(probe, { type: 'echo', value })), value);
});

semantic(
  'an exit is survived',
  { probes: ['single'] },
  async (world) => {
    world.system.tell(probe, { type: 'exit', code: 7 });
    assert.is(errorOf(await world.ask(probe, { type: 'silence' })).code, 'actor-crashed');
    await world.running('probe', 1);
    assert.is(world.system.status()[0]?.lastEnd, 'exited with code 7');
    assert.equal(resultOf(await world.ask(probe, { type: 'notes' })), []);
  },
  isolatedModes,
);

semantic(
  'an error that nothing catches is survived',
  { probes: ['single'] },
  async (world) => {
    world.system.tell(probe, { type: 'throwOutside', sentence: 'from nowhere' });
    await world.running('probe', 1);
    assert.is(world.system.status()[0]?.lastEnd, 'from nowhere');
  },
  isolatedModes,
);

semantic(
  'an endless loop is found by its heartbeat and killed',
  { probes: ['single'], bounds: { heartbeat: { interval_ms: 50, timeout_ms: 1000 } } },
  async (world) => {
    world.system.tell(probe, { type: 'loop' });
    assert.is(errorOf(await world.ask(probe, { type: 'notes' })).code, 'actor-crashed');
    await world.running('probe', 1);
    assert.is(world.system.status()[0]?.lastEnd, 'no sign of life for 1000 ms');
    assert.equal(resultOf(await world.ask(probe, { type: 'notes' })), []);
  },
  isolatedModes,
);

semantic(
  'a child killed from outside comes back',
  { probes: ['single'] },
  async (world) => {
    process.kill(world.system.status()[0]!.pid!, 'SIGKILL');
    await world.running('probe', 1);
    assert.is(world.system.status()[0]?.lastEnd, 'killed by SIGKILL');
  },
  ['forked'],
);

test.run();
