/** What runs on a simulated machine, and what becomes of it on the way to another. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../../runtime/clock/virtual.ts';
import { SeededRandom } from '../../../runtime/random/seeded.ts';
import { Hypervisor, type MoveOutcome } from './hypervisor.ts';

function pair(outcome: MoveOutcome = 'moved', startFailures = 0) {
  const clock = new VirtualClock();
  const configured = { n1: new Set(['vm:1']), n2: new Set<string>() };
  const place = (name: 'n1' | 'n2', other: () => Hypervisor | undefined) => ({
    clock,
    random: new SeededRandom(1).split(name),
    startFailures,
    isConfigured: (sid: string) => configured[name].has(sid),
    moveConfig: (sid: string, _target: string, done: (outcome: MoveOutcome) => void) => {
      if (outcome === 'moved') {
        configured.n1.delete(sid);
        configured.n2.add(sid);
      }
      clock.setTimeout(() => done(outcome), 5);
    },
    reach: other,
    changed: () => {},
    mark: () => {},
  });
  const reachable: { other: Hypervisor | undefined } = { other: undefined };
  const there = new Hypervisor(place('n2', () => undefined));
  reachable.other = there;
  const here = new Hypervisor(place('n1', () => reachable.other));
  const call = (hypervisor: Hypervisor, sid: string, what: Parameters<Hypervisor['call']>[1]): boolean | undefined => {
    let answer: boolean | undefined;
    hypervisor.call(sid, what, (value) => {
      answer = value;
    });
    clock.advance(60_000);
    return answer;
  };
  return { clock, here, there, reachable, call };
}

const MIGRATE = { call: 'migrate', target: 'n2', isOnline: true } as const;

test('a guest starts where its configuration is, and nowhere else', () => {
  const { here, there, call } = pair();
  assert.is(call(there, 'vm:1', { call: 'start' }), false);
  assert.is(call(here, 'vm:1', { call: 'start' }), true);
  assert.is(call(here, 'vm:1', { call: 'check-running' }), true);
  assert.is(call(here, 'vm:1', { call: 'shutdown', timeout: undefined }), true);
  assert.is(here.running.size, 0);
});

test('a start that fails leaves nothing running', () => {
  const { here, call } = pair('moved', 1);
  assert.is(call(here, 'vm:1', { call: 'start' }), false);
  assert.is(here.running.size, 0);
});

test('a migrated guest runs on the other machine alone', () => {
  const { here, there, call } = pair();
  call(here, 'vm:1', { call: 'start' });
  assert.is(call(here, 'vm:1', MIGRATE), true);
  assert.equal([[...here.running], [...there.running]], [[], ['vm:1']]);
});

test('refused, it stays; where nobody knows whose it is, it runs nowhere', () => {
  const refused = pair('refused');
  refused.call(refused.here, 'vm:1', { call: 'start' });
  assert.is(refused.call(refused.here, 'vm:1', MIGRATE), false);
  assert.equal([...refused.here.running], ['vm:1']);
  const unknown = pair('unknown');
  unknown.call(unknown.here, 'vm:1', { call: 'start' });
  assert.is(unknown.call(unknown.here, 'vm:1', MIGRATE), false);
  assert.is(unknown.here.running.size + unknown.there.running.size, 0);
});

test('out of reach nothing moves, and a relocated guest is stopped first', () => {
  const { here, there, reachable, call } = pair();
  call(here, 'vm:1', { call: 'start' });
  const { other } = reachable;
  reachable.other = undefined;
  assert.is(call(here, 'vm:1', MIGRATE), false);
  assert.equal([...here.running], ['vm:1']);
  reachable.other = other;
  assert.is(call(here, 'vm:1', { ...MIGRATE, isOnline: false }), true);
  assert.is(here.running.size + there.running.size, 0);
});

test('a guest has one task at a time', () => {
  const { clock, here } = pair();
  const answers: boolean[] = [];
  here.call('vm:1', { call: 'start' }, (answer) => answers.push(answer));
  here.call('vm:1', { call: 'shutdown', timeout: '0' }, (answer) => answers.push(answer));
  clock.advance(10_000);
  assert.equal(answers, [false, true]);
});

test.run();
