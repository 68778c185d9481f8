import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor } from 'xstate';
import { LockTable, type LockTransition } from './lock-table.ts';
import { type LockEvent, type LockVerdict, lockMachine } from './machine.ts';

const A = { checksum: 'aa', holder: 1 };
const B = { checksum: 'bb', holder: 1 };
const CURRENT = { writer: 1, mtime: 500 };

function start() {
  let verdicts: LockVerdict[] = [];
  const actor = createActor(
    lockMachine.provide({ actions: { answer: (_, { verdict }) => void verdicts.push(verdict) } }),
  ).start();
  /** State and verdict after an event. */
  const tell = (event: LockEvent): string => {
    verdicts = [];
    actor.send(event);
    return [actor.getSnapshot().value, ...verdicts].join(': ');
  };
  return { tell, context: () => actor.getSnapshot().context };
}

test('the table of §9.7: taken, renewed, expired, gone', () => {
  const lock = start();
  assert.is(lock.tell({ type: 'TAKEN', lock: A, now_s: 1000 }), 'held');
  assert.equal(lock.context(), { ...A, since_s: 1000 });
  assert.is(lock.tell({ type: 'EXPIRY_TEST', lock: A, now_s: 1120 }), 'held: alive');
  assert.is(lock.tell({ type: 'RENEWED', lock: B, now_s: 1120 }), 'held');
  assert.is(lock.tell({ type: 'EXPIRY_TEST', lock: B, now_s: 1240 }), 'held: alive');
  assert.is(lock.tell({ type: 'EXPIRY_TEST', lock: B, now_s: 1240.5 }), 'expired: expired');
  assert.is(lock.tell({ type: 'GONE' }), 'free');
});

test('I1: an expired lock is asked about again as often as somebody wants it, and a renewal revives it', () => {
  const lock = start();
  lock.tell({ type: 'TAKEN', lock: A, now_s: 0 });
  for (const now_s of [121, 122]) {
    assert.is(lock.tell({ type: 'EXPIRY_TEST', lock: A, now_s }), 'expired: expired');
  }
  assert.is(lock.tell({ type: 'RENEWED', lock: B, now_s: 123 }), 'held');
  assert.is(lock.tell({ type: 'EXPIRY_TEST', lock: B, now_s: 200 }), 'held: alive');
});

test('I2: a lock that is found in a new tree starts its life there, also one that had expired [Q8]', () => {
  const lock = start();
  lock.tell({ type: 'TAKEN', lock: A, now_s: 0 });
  lock.tell({ type: 'EXPIRY_TEST', lock: A, now_s: 500 });
  assert.is(lock.tell({ type: 'FOUND', lock: A, now_s: 600 }), 'held');
  assert.is(lock.tell({ type: 'EXPIRY_TEST', lock: A, now_s: 720 }), 'held: alive');
});

test('I2: another checksum than the known one starts its life at the test', () => {
  const lock = start();
  lock.tell({ type: 'TAKEN', lock: A, now_s: 0 });
  assert.is(lock.tell({ type: 'EXPIRY_TEST', lock: B, now_s: 500 }), 'held: wrong checksum');
  assert.is(lock.tell({ type: 'EXPIRY_TEST', lock: B, now_s: 620 }), 'held: alive');
});

test('I3: only the holder renews, and not to an earlier time, in every state', () => {
  const held: LockEvent = { type: 'TAKEN', lock: A, now_s: 0 };
  const old: LockEvent = { type: 'EXPIRY_TEST', lock: A, now_s: 500 };
  for (const [state, events] of [
    ['free', []],
    ['held', [held]],
    ['expired', [held, old]],
  ] as const) {
    const lock = start();
    for (const event of events) lock.tell(event);
    const renewal = (by: number, mtime: number) => lock.tell({ type: 'RENEWAL', by, mtime, current: CURRENT });
    assert.is(renewal(1, 500), `${state}: renewal granted`);
    assert.is(renewal(1, 499), `${state}: renewal refused`);
    assert.is(renewal(2, 900), `${state}: renewal refused`);
  }
});

// --- the hosted machine against the table of §2.6 as plain code --------------------------------------------------------------

const PATHS = ['priv/lock/a', 'priv/lock/b'];
const SUMS = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

interface Model {
  readonly known: Map<string, { readonly sum: Buffer; readonly since_s: number }>;
}

function step(model: Model, table: LockTable, kind: string, path: string, sum: Buffer, now_s: number): void {
  const known = model.known.get(path);
  switch (kind) {
    case 'taken':
      table.note(path, sum, now_s, 1);
      model.known.set(path, { sum, since_s: now_s });
      return;
    case 'renewed':
      table.renewed(path, sum, now_s, 1);
      model.known.set(path, { sum, since_s: now_s });
      return;
    case 'gone':
      table.forget(path);
      model.known.delete(path);
      return;
    case 'rebuilt':
      table.rebuild([{ path, checksum: sum, holder: 1 }], now_s);
      model.known.clear();
      model.known.set(path, { sum, since_s: now_s });
      return;
    default: {
      const isSame = known?.sum.equals(sum) === true;
      const expired = isSame && now_s - (known?.since_s ?? 0) > 120;
      const log = known === undefined || isSame ? {} : { log: 'wrong lock csum - reset timeout' };
      assert.equal(table.testExpiry(path, sum, now_s), { expired, ...log });
      if (!isSame) model.known.set(path, { sum, since_s: now_s });
    }
  }
}

test('law: whatever happens, the table answers as §2.6 says, and a machine lives as long as its lock (L1)', () => {
  const kinds = fc.constantFrom('taken', 'renewed', 'gone', 'rebuilt', 'test', 'test', 'test');
  const happening = fc.tuple(kinds, fc.nat(1), fc.nat(1), fc.constantFrom(0, 1, 60, 119, 120, 121));
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const table = new LockTable();
      const model: Model = { known: new Map() };
      let now_s = 0;
      for (const [kind, path, sum, delay_s] of happenings) {
        now_s += delay_s;
        step(model, table, kind, PATHS[path] as string, SUMS[sum] as Buffer, now_s);
        assert.is(table.size, model.known.size);
        for (const name of PATHS) {
          const known = model.known.get(name);
          assert.is(table.age_s(name, now_s), known === undefined ? undefined : now_s - known.since_s);
        }
      }
    }),
  );
});

test('every event of a lock is told with the state before and after', () => {
  const table = new LockTable();
  const told: string[] = [];
  table.onTransition = ({ path, event, before, after, verdict }: LockTransition) => {
    told.push(`${path} ${event.type} ${before} ${after} ${verdict ?? '-'}`);
  };
  const [path, sum] = ['priv/lock/a', Buffer.alloc(32, 1)] as const;
  table.note(path, sum, 0, 3);
  assert.equal(table.stateOf(path), { state: 'held', holder: 3 });
  assert.is(table.mayRenew(path, 2, 10, { writer: 3, mtime: 5 }), false);
  table.testExpiry(path, sum, 121);
  table.forget(path);
  table.forget('some/folder');
  assert.equal(told, [
    'priv/lock/a TAKEN free held -',
    'priv/lock/a RENEWAL held held renewal refused',
    'priv/lock/a EXPIRY_TEST held expired expired',
    'priv/lock/a GONE expired free -',
  ]);
  assert.equal(table.stateOf(path), { state: 'free', holder: undefined });
});

test.run();
