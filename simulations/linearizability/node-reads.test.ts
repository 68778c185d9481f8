/** Reads against the definition: some rising positions of one history that fit all of them. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AgreedChange, NodeReads } from './node-reads.ts';

const KEYS = ['a', 'b'];
const VALUES = ['x', 'y', 'x', 'y', undefined];

const INITIAL = 'x';

type Event =
  | { readonly kind: 'agree'; readonly key: string; readonly value: string | undefined }
  | { readonly kind: 'read'; readonly session: string; readonly key: string; readonly value: string }
  | { readonly kind: 'acknowledge'; readonly session: string };

const key = fc.constantFrom(...KEYS);
const session = fc.constantFrom('n1', 'n2');
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('agree' as const), key, value: fc.constantFrom(...VALUES) }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('read' as const), session, key, value: fc.constantFrom('x', 'y') }),
  },
  fc.record({ kind: fc.constant('acknowledge' as const), session }),
);

/** The first event that does not fit, by the checker; -1 where all do. */
function firstStale(events: readonly Event[]): number {
  const reads = new NodeReads<string>();
  let position = 0;
  for (const each of KEYS) reads.agree({ position, key: each, value: INITIAL });
  for (const [at, each] of events.entries()) {
    if (each.kind === 'agree') {
      position += 1;
      reads.agree({ position, key: each.key, value: each.value });
    } else if (each.kind === 'acknowledge') reads.acknowledge(each.session, position);
    else if (reads.read(each.session, each.key, each.value) !== undefined) return at;
  }
  return -1;
}

/** By the definition: all positions where each session may be. */
function firstStaleByForce(events: readonly Event[]): number {
  const history: AgreedChange<string>[] = [];
  const places = new Map<string, readonly number[]>();
  for (const [at, each] of events.entries()) {
    if (each.kind === 'agree') {
      history.push({ position: history.length + 1, key: each.key, value: each.value });
      continue;
    }
    const known = places.get(each.session) ?? [0];
    const lowest = each.kind === 'acknowledge' ? history.length : Math.min(...known);
    const all = Array.from({ length: history.length + 1 }, (_, position) => position);
    const fit = all.filter(
      (position) => position >= lowest && (each.kind === 'acknowledge' || isThere(each, position)),
    );
    if (fit.length === 0) return at;
    places.set(each.session, fit);
  }
  return -1;

  function isThere(read: { readonly key: string; readonly value: string }, position: number): boolean {
    const last = history.filter((change) => change.key === read.key && change.position <= position).at(-1);
    const value = last === undefined ? INITIAL : last.value;
    return value === undefined || value === read.value;
  }
}

test('the first read that does not fit is that of the definition (R1-R3)', () => {
  let stale = 0;
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const first = firstStale(events);
      assert.is(first, firstStaleByForce(events));
      if (first >= 0) stale += 1;
    }),
    { numRuns: 1000 },
  );
  assert.ok(stale > 100 && stale < 900, `${stale} of 1000 samples hold a stale read`);
});

test('nodes that lag behind, each in order, are fine', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key, value: fc.string() })),
      fc.array(fc.tuple(session, key, fc.nat())),
      (changes, looks) => {
        const reads = new NodeReads<string>();
        for (const [at, change] of changes.entries()) reads.agree({ position: at + 1, ...change });
        const positions = new Map<string, number>();
        for (const [who, what, hurry] of looks) {
          const before = positions.get(who) ?? 0;
          const position = before + (hurry % (changes.length + 1 - before));
          positions.set(who, position);
          const seen = changes.slice(0, position).filter((change) => change.key === what);
          const last = seen.at(-1);
          if (last !== undefined) assert.is(reads.read(who, what, last.value), undefined);
        }
      },
    ),
  );
});

test('a stale read names what was known', () => {
  const reads = new NodeReads<string>();
  reads.agree({ position: 0, key: 'a', value: 'old' });
  reads.agree({ position: 9, key: 'a', value: 'new' });
  assert.is(reads.read('n1', 'a', 'new'), undefined);
  assert.is(reads.read('n2', 'a', 'old'), undefined);
  assert.equal(reads.read('n1', 'a', 'old'), { key: 'a', value: 'old', floor: 9, valueAtFloor: 'new' });
});

test.run();
