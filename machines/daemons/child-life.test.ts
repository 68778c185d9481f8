import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { type ChildLifeEvent, type ChildTimer, childLife } from './child-life.ts';

const bounds = {
  start_timeout_ms: 1000,
  shutdown_ms: 500,
  kill_timeout_ms: 200,
  heartbeat: { interval_ms: 50, timeout_ms: 100 },
};

/** A life with everything it asks for written down. */
function live(heartbeat: typeof bounds.heartbeat | null = bounds.heartbeat) {
  const asked: string[] = [];
  const armed = new Map<ChildTimer, number>();
  const note = (what: string) => () => void asked.push(what);
  const actor = createActor(
    childLife.provide({
      actions: {
        launch: note('launch'),
        askToStop: note('askToStop'),
        kill: note('kill'),
        ping: note('ping'),
        arm: (_, { timer, delay_ms }) => {
          if (delay_ms !== null) armed.set(timer, delay_ms);
        },
        disarm: (_, { timer }) => void armed.delete(timer),
        askRestart: (_, { reason }) => void asked.push(`askRestart ${reason}`),
        escalate: (_, { reason }) => void asked.push(`escalate ${reason}`),
      },
    }),
    { input: { ...bounds, heartbeat } },
  ).start();
  const send = (...events: readonly ChildLifeEvent[]): void => {
    for (const event of events) actor.send(event);
  };
  const fire = (timer: ChildTimer, late_ms = 0): void => {
    armed.delete(timer);
    actor.send({ type: 'timer', timer, late_ms });
  };
  return { asked, armed, send, fire, state: () => actor.getSnapshot().value };
}

const start = { type: 'start' } as const;
const started = { type: 'started' } as const;
const stop = { type: 'stop' } as const;
const exited = { type: 'exited', reason: 'exited with code 1' } as const;
const crashed = { type: 'crashed', reason: 'it threw' } as const;

test('a life without trouble', () => {
  const life = live();
  life.send(start, started, stop, exited);
  assert.is(life.state(), 'stopped');
  assert.equal(life.asked, ['launch', 'askToStop']);
  assert.is(life.armed.size, 0);
});

test('I1 I4 a crash is followed by its end, the question, the wait, and the next launch', () => {
  const life = live();
  life.send(start, started, crashed);
  assert.is(life.state(), 'ending');
  life.send(exited);
  assert.is(life.state(), 'deciding');
  life.send({ type: 'restart-allowed', delay_ms: 70 });
  assert.is(life.armed.get('back-off'), 70);
  life.fire('back-off');
  assert.is(life.state(), 'starting');
  assert.equal(life.asked, ['launch', 'kill', 'askRestart it threw', 'launch']);
});

test('an exit without a crash is decided at once', () => {
  const life = live();
  life.send(start, started, exited, { type: 'restart-refused', reason: 'too often' });
  assert.is(life.state(), 'failed');
  assert.equal(life.asked, ['launch', 'askRestart exited with code 1', 'escalate too often']);
});

test('I2 a start, a drain and a kill are bounded', () => {
  const slow = live();
  slow.send(start);
  assert.is(slow.armed.get('start'), 1000);
  slow.fire('start');
  assert.is(slow.state(), 'ending');
  slow.send(exited);
  assert.equal(slow.asked, ['launch', 'kill', 'askRestart did not start within 1000 ms']);

  const stubborn = live();
  stubborn.send(start, started, stop);
  assert.is(stubborn.armed.get('shutdown'), 500);
  stubborn.fire('shutdown');
  assert.is(stubborn.state(), 'killing');
  assert.is(stubborn.armed.get('end'), 200);
  stubborn.fire('end');
  assert.is(stubborn.state(), 'failed');
  assert.equal(stubborn.asked, ['launch', 'askToStop', 'kill', 'escalate did not end within 200 ms of a kill']);
});

test('a heartbeat goes round, and its absence is a crash', () => {
  const life = live();
  life.send(start, started);
  for (let round = 0; round < 3; round += 1) {
    assert.is(life.armed.get('heartbeat'), 50);
    life.fire('heartbeat');
    assert.is(life.armed.get('heartbeat'), 100);
    life.send({ type: 'pong' });
  }
  life.fire('heartbeat');
  life.fire('heartbeat');
  assert.is(life.state(), 'ending');
  life.send(exited);
  assert.is(life.asked.at(-1), 'askRestart no sign of life for 100 ms');
});

test('I5 a heartbeat timer that fires late gives the child one more timeout', () => {
  const life = live();
  life.send(start, started);
  life.fire('heartbeat');
  life.fire('heartbeat', 4000);
  assert.is(life.state(), 'running');
  assert.is(life.armed.get('heartbeat'), 100);
  life.fire('heartbeat');
  assert.is(life.state(), 'ending');
});

test('a child beside its supervisor has no heartbeat', () => {
  const life = live(null);
  life.send(start, started);
  assert.is(life.armed.size, 0);
});

const anyEvent: fc.Arbitrary<ChildLifeEvent> = fc.oneof(
  fc.constantFrom<ChildLifeEvent>(start, stop, started, crashed, { type: 'pong' }),
  fc.constantFrom<ChildLifeEvent>(
    exited,
    { type: 'restart-allowed', delay_ms: 10 },
    { type: 'restart-refused', reason: 'no' },
  ),
);

test('I1 I2 I3 I4 hold in every course of events', () => {
  const step = fc.oneof(
    anyEvent.map((event) => ({ event })),
    fc.record({ late_ms: fc.constantFrom(0, 1000), pick: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const life = live();
      let alive = 0;
      let allowed = true;
      let stopped = false;
      for (const move of steps) {
        const asked_before = life.asked.length;
        if ('event' in move) {
          const { type } = move.event;
          // An incarnation can only report while there is one.
          if (['started', 'crashed', 'exited', 'pong'].includes(type) && alive === 0) continue;
          if (type.startsWith('restart-') && life.state() !== 'deciding') continue;
          if (type === 'exited') alive -= 1;
          if (type === 'stop') stopped = true;
          if (type === 'start' && life.state() === 'stopped') {
            stopped = false;
            allowed = true;
          }
          if (type === 'restart-allowed') allowed = true;
          life.send(move.event);
        } else {
          const timers = [...life.armed.keys()];
          const timer = timers[move.pick % Math.max(1, timers.length)];
          if (timer !== undefined) life.fire(timer, move.late_ms);
        }
        for (const what of life.asked.slice(asked_before)) {
          if (what !== 'launch') continue;
          alive += 1;
          assert.ok(allowed, 'I4: a launch that nobody allowed');
          assert.not(stopped, 'I3: a launch after a stop');
          allowed = false;
        }
        assert.ok(alive <= 1, 'I1: two incarnations');
        const waiting = ['starting', 'running', 'draining', 'killing', 'ending', 'backing-off'];
        assert.is(life.armed.size, waiting.includes(String(life.state())) ? 1 : 0, `I2: timers in ${life.state()}`);
      }
    }),
    { numRuns: 1000 },
  );
});

test.run();
