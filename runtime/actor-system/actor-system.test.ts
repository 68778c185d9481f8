/** The actor system on the deterministic host: routing between nodes, clusters of one actor, the trace of machines. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AnyStateMachine, setup } from 'xstate';
import type { Clock } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import { moduleUrl } from '../comedy/actor-module.ts';
import { TraceWriter } from '../trace/writer.ts';
import { type ActorError, actorError, type Reply } from './actor-error.ts';
import { ActorSystem, type Remote } from './actor-system.ts';
import { address } from './address.ts';
import { isMessage } from './definition.ts';
import { createDeterministicHost } from './deterministic-host.ts';
import type { Envelope } from './envelope.ts';
import { defineActor } from './machine-actor.ts';
import { type DoorProtocol, actor as door } from './probes/machine.ts';
import { type ProbeProtocol, probe, roomy } from './probes/probe.ts';
import { actor as single } from './probes/single.ts';
import type { ChildSpec } from './supervision.ts';

const { childLife } = (await import(moduleUrl('machines/daemons/child-life.ts'))) as { childLife: AnyStateMachine };

const log = { write: () => {} };

function node(name: string, clock: Clock, options: { remote?: Remote; trace?: TraceWriter } = {}): ActorSystem {
  const { remote, trace } = options;
  const traced = trace === undefined ? {} : { trace };
  return new ActorSystem({
    node: name,
    clock,
    log,
    host: createDeterministicHost({ clock, log, ...traced }),
    supervision: { life: childLife, restarts: { ask: () => ({ allowed: true, delay_ms: 10 }) } },
    onFailure: (reason) => assert.unreachable(reason),
    ...(remote === undefined ? {} : { remote }),
    ...traced,
  });
}

const byValue = (definition: ChildSpec['source'] & { definition: unknown }): ChildSpec['source'] => definition;

function child(definition: typeof single | typeof door, more: Partial<ChildSpec> = {}): ChildSpec {
  return { name: definition.name, mode: 'in-memory', source: byValue({ definition, ports: {} }), ...more };
}

test('tells and asks reach actors of other nodes by the remote, and replies find their way back', () => {
  const clock = new VirtualClock();
  const systems = new Map<string, ActorSystem>();
  const lines: Envelope[] = [];
  const remoteOf = (from: string): Remote => ({
    send: (to, envelope): ActorError | undefined => {
      const system = systems.get(to);
      if (system === undefined) return actorError('refused', `no route to node ${to}`);
      lines.push(envelope);
      clock.setTimeout(() => system.receiveRemote(from, envelope), 3);
      return undefined;
    },
  });
  for (const name of ['n1', 'n2']) {
    const system = node(name, clock, { remote: remoteOf(name) });
    system.add(child(single));
    system.start(() => {});
    systems.set(name, system);
  }
  clock.advance(1);
  const n1 = systems.get('n1')!;
  const there = address<ProbeProtocol>('n2', 'probe');
  const replies: Reply<unknown>[] = [];
  for (const n of [1, 2, 3]) n1.tell(there, { type: 'note', n });
  n1.ask(there, { type: 'notes' }, 1000, (reply) => void replies.push(reply));
  // An actor of n1 asks one of n2, on behalf of somebody on n1.
  n1.ask(
    address<ProbeProtocol>('n1', 'probe'),
    { type: 'relay', to: there, value: 'é', deadline_ms: 500 },
    1000,
    (reply) => replies.push(reply),
  );
  n1.ask(address<ProbeProtocol>('n2', 'nobody'), { type: 'notes' }, 1000, (reply) => void replies.push(reply));
  n1.ask(address<ProbeProtocol>('n3', 'probe'), { type: 'notes' }, 1000, (reply) => void replies.push(reply));
  n1.ask(there, { type: 'silence' }, 20, (reply) => void replies.push(reply));
  clock.advance(100);
  assert.equal(replies, [
    { ok: false, error: { code: 'refused', sentence: 'no route to node n3' } },
    { ok: false, error: { code: 'no-such-actor', sentence: 'there is no actor n2/nobody' } },
    { ok: true, value: [1, 2, 3] },
    { ok: true, value: 'é' },
    { ok: false, error: { code: 'deadline', sentence: 'no reply from n2/probe within 20 ms' } },
  ]);
  assert.ok(
    lines.every((envelope) => JSON.stringify(JSON.parse(JSON.stringify(envelope))) === JSON.stringify(envelope)),
  );
});

test('a cluster of one actor takes messages in turn, and leaves out those that are away', () => {
  const clock = new VirtualClock();
  const system = node('n1', clock);
  system.add(child(single, { clusterSize: 3 }));
  system.start(() => {});
  clock.advance(1);
  const all = address<ProbeProtocol>('n1', 'probe');
  for (const n of [1, 2, 3, 4]) assert.is(system.tell(all, { type: 'note', n }), undefined);
  clock.advance(1);
  const notes: unknown[] = [];
  const collect = (reply: Reply<readonly number[]>): void => void notes.push(reply.ok ? reply.value : reply.error.code);
  for (const _ of [1, 2, 3]) system.ask(all, { type: 'notes' }, 100, collect);
  clock.advance(1);
  assert.equal(notes, [[2], [3], [1, 4]]);
  system.tell(all, { type: 'throw', sentence: 'one of three' });
  clock.advance(1);
  assert.equal(
    system.status().map(({ name, state }) => [name, state]),
    [
      ['probe', 'running'],
      ['probe', 'backing-off'],
      ['probe', 'running'],
    ].map(([name, state], at) => [`${name}#${at + 1}`, state]),
  );
  for (const n of [5, 6, 7]) assert.is(system.tell(all, { type: 'note', n }), undefined, 'two are still there');
});

test('a mailbox is bounded also while its actor starts', () => {
  const clock = new VirtualClock();
  const system = node('n1', clock);
  system.add(child(single));
  system.start(() => {});
  const to = address<ProbeProtocol>('n1', 'probe');
  const codes = Array.from({ length: 100 }, (_, n) => system.tell(to, { type: 'note', n })?.code);
  assert.is(codes.filter((code) => code === 'mailbox-full').length, 36);
  let notes: readonly number[] = [];
  clock.advance(1);
  system.ask(to, { type: 'notes' }, 100, (reply) => {
    if (reply.ok) notes = reply.value;
  });
  clock.advance(1);
  assert.is(notes.length, 64, 'those that were taken are handled');
});

test('an actor that ends without being asked to has crashed', () => {
  const clock = new VirtualClock();
  const system = node('n1', clock);
  system.add({
    ...child(single),
    name: 'early',
    source: byValue({
      definition: {
        ...probe('early', roomy),
        start: (scope: { finished(): void }) => {
          scope.finished();
          return { receive: () => {} };
        },
      },
      ports: {},
    } as never),
  });
  system.start(() => {});
  clock.advance(1);
  assert.is(system.status()[0]?.lastEnd, 'early ended without being asked to');
});

test('a core handles its messages in its mode, control goes to the machine, and a codec guards the door', () => {
  const clock = new VirtualClock();
  const system = node('n1', clock);
  system.add({ name: 'counter', mode: 'in-memory', source: byValue({ definition: counter, ports: {} } as never) });
  system.start(() => {});
  clock.advance(1);
  const to = address<CounterProtocol>('n1', 'counter');
  const replies: Reply<unknown>[] = [];
  const add = (by: unknown): void =>
    system.ask(to, { type: 'add', by: by as number }, 100, (reply) => void replies.push(reply));
  add(1);
  system.tell(to, { type: 'open' });
  add(2);
  add('three');
  clock.advance(1);
  assert.equal(replies, [
    { ok: false, error: { code: 'remote-error', sentence: 'closed' } },
    { ok: true, value: 2 },
    { ok: false, error: { code: 'refused', sentence: 'n1/counter was sent a value that is none of its messages' } },
  ]);
});

type CounterProtocol = {
  open: { fields: object };
  add: { fields: { readonly by: number }; reply: number };
};

class CounterCore {
  isOpen = false;
  #sum = 0;

  add(by: number): number {
    this.#sum += by;
    return this.#sum;
  }
}

const counter = defineActor<unknown, CounterProtocol>()({
  name: 'counter',
  mailbox: roomy,
  machine: setup({
    types: { events: {} as { type: 'open'; ask: number } },
    actions: { openCore: () => {} },
  }).createMachine({
    initial: 'closed',
    states: { closed: { on: { open: 'open' } }, open: { entry: 'openCore' } },
  }),
  codec: {
    decode: (value) => {
      if (!isMessage(value)) return undefined;
      if (value.type === 'open') return { type: 'open' };
      const { by } = value as { by?: unknown };
      return value.type === 'add' && typeof by === 'number' ? { type: 'add', by } : undefined;
    },
  },
  core: () => new CounterCore(),
  effects: (_, core) => ({
    openCore: () => {
      core.isOpen = true;
    },
  }),
  receive: (message, ask, scope, core) => {
    if (message.type === 'open') return { ...message, ask };
    if (core.isOpen) scope.reply(ask, core.add(message.by));
    else scope.fail(ask, 'closed');
    return undefined;
  },
});

function tracedRun(): TraceWriter {
  const clock = new VirtualClock();
  const trace = new TraceWriter({ clock, capacity: 1000, hashed: true });
  const system = node('n1', clock, { trace });
  system.add(child(door));
  system.start(() => {});
  clock.advance(1);
  const to = address<DoorProtocol>('n1', 'door');
  system.tell(to, { type: 'push' });
  clock.advance(100);
  system.ask(to, { type: 'state' }, 100, () => {});
  system.tell(to, { type: 'break' });
  clock.advance(100);
  system.stop(() => {});
  clock.advance(1);
  return trace;
}

test('every event of a machine is one record, with its cause', () => {
  const records = tracedRun().records();
  const machine = records.filter((record) => record.kind === 'machine');
  const seen = machine.map((record) => [
    (record.event as { type: string }).type,
    record.before,
    record.after,
    record.cause,
  ]);
  assert.equal(seen.slice(0, 5), [
    ['xstate.init', null, 'closed', null],
    ['push', 'closed', 'open', null],
    ['creaked', 'open', 'creaking', seen[1] === undefined ? 0 : machine[1]!.sequence],
    ['xstate.after.closing_ms.door.creaking', 'creaking', 'closed', machine[2]!.sequence],
    ['state', 'closed', 'closed', null],
  ]);
  assert.equal(machine[1]!.changed, { pushes: 1 });
  assert.equal(machine[1]!.effects, [{ type: 'creak', params: undefined }]);
  assert.equal(machine[4]!.effects, [{ type: 'tellState', params: { ask: 1, state: 'closed 1' } }]);
  assert.is(machine[3]!.time_ms - machine[2]!.time_ms, 20);
});

test('two runs have one trace', () => {
  const digests = [tracedRun().digest(), tracedRun().digest()];
  assert.match(digests[0] ?? '', /^[0-9a-f]{64}$/);
  assert.is(digests[0], digests[1]);
});

test.run();
