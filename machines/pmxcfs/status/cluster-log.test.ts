import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeClusterLogEntry } from '../messages/cluster-log-entry.ts';
import { ClusterLog } from './cluster-log.ts';
import { clusterLogText } from './cluster-log-dump.ts';
import { LogRing, MAX_ENTRY_BYTES, RING_BYTES, type RingEntry } from './log-ring.ts';

const key = ({ entry }: RingEntry) => `${entry.time_s}/${entry.node}/${entry.uid}`;
const keys = (log: ClusterLog) => [...log.walk()].map(key);

function say(log: ClusterLog, text: string, time_s: number, ident = 'root@pam') {
  return log.add({ priority: 6, ident, tag: 'test', message: Buffer.from(text), pid: 4711, time_s });
}

function receive(log: ClusterLog, payload: Buffer): boolean {
  const entry = decodeClusterLogEntry(payload);
  if ('failures' in entry) throw new Error(entry.failures.join());
  return log.insert(entry, payload);
}

function ringIn(blob: Buffer): LogRing {
  const ring = LogRing.of(blob);
  if (ring === undefined) throw new Error('not a ring');
  return ring;
}

/** A log of `node` with entries at the given times; sizes vary with `text_bytes`. */
function logWith(
  node: string,
  entries: readonly { readonly time_s: number; readonly text_bytes: number }[],
): ClusterLog {
  const log = new ClusterLog(node);
  for (const { time_s, text_bytes } of entries) say(log, 'x'.repeat(text_bytes), time_s);
  return log;
}

const history = (max: number) =>
  fc
    .array(
      fc.record({
        time_s: fc.integer({ min: 1_700_000_000, max: 1_700_000_050 }),
        text_bytes: fc.integer({ min: 0, max: 5000 }),
      }),
      { maxLength: max },
    )
    .map((entries) => entries.toSorted((a, b) => a.time_s - b.time_s));

test('the entry of the worked example, byte for byte', () => {
  const log = new ClusterLog('node1');
  say(log, 'first', 1_700_000_000);
  const message = Buffer.from('starting task UPID:node1:00001267');
  const { payload } = log.add({
    priority: 6,
    ident: 'root@pam',
    tag: 'pvedaemon',
    message,
    pid: 4711,
    time_s: 1_700_000_123,
  });
  assert.is(
    payload.toString('hex'),
    '0000000000000000020000007bf15365fcfec820c2e3f5e661bb95bf5d9af60b671200000606090a220000006e6f64653100726f6f744070616d00' +
      '7076656461656d6f6e007374617274696e67207461736b20555049443a6e6f6465313a30303030313236370000000000',
  );
});

test('allocation: offsets, links and header as in §6.4', () => {
  const log = new ClusterLog('node1');
  const first = say(log, 'a', 1).payload.length;
  say(log, 'b', 2);
  const blob = log.state();
  const room = Math.ceil(first / 8) * 8;
  assert.is(blob.readUInt32LE(0), RING_BYTES);
  assert.is(blob.readUInt32LE(4), 8 + room);
  assert.equal([blob.readUInt32LE(8), blob.readUInt32LE(12)], [0, 8 + room]);
  assert.equal([blob.readUInt32LE(8 + room), blob.readUInt32LE(12 + room)], [8, 8 + 2 * room]);
  assert.ok(blob.subarray(8 + 2 * room).every((byte) => byte === 0));
});

test('long strings are cut so that the entry fits (§6.4)', () => {
  const log = new ClusterLog('n'.repeat(300));
  const message = Buffer.from('ü"\n'.repeat(3000));
  const { payload } = log.add({
    priority: 3,
    ident: 'i'.repeat(300),
    tag: 't'.repeat(300),
    message,
    pid: -1,
    time_s: 7,
  });
  assert.ok(payload.length <= MAX_ENTRY_BYTES && payload.length > MAX_ENTRY_BYTES - 32, `${payload.length} bytes`);
  const entry = decodeClusterLogEntry(payload);
  assert.ok(!('failures' in entry));
  assert.equal([entry.node.length, entry.ident.length, entry.tag.length, entry.pid], [254, 254, 254, 4294967295]);
  assert.ok(entry.message.startsWith('\\u00fc\\"#010\\u00fc'));
});

test('I1: only entries newer than the newest of their node are taken', () => {
  const [own, peer] = [new ClusterLog('node1'), new ClusterLog('node2')];
  const early = say(peer, 'early', 100).payload;
  const late = say(peer, 'late', 100).payload;
  assert.ok(receive(own, late));
  assert.not(receive(own, early), 'same second, lower uid');
  assert.not(receive(own, late), 'the same again');
  assert.ok(receive(own, say(peer, 'later', 101).payload));
  assert.not(receive(own, say(peer, 'clock went back', 99).payload));
  assert.ok(say(own, 'own', 50).inserted, 'other nodes do not count');
  assert.not(say(own, 'own clock went back', 49).inserted);
  assert.equal(keys(own), ['50/node1/1', '101/node2/3', '100/node2/2']);
});

test('ring I1-I3: whatever is written, a walk gives the newest entries, whole, newest first', () => {
  fc.assert(
    fc.property(history(120), (entries) => {
      const log = logWith('node1', entries);
      const walked = [...log.walk()];
      const uids = walked.map(({ entry }) => entry.uid);
      const expected = entries.map((_, at) => entries.length - at).slice(0, uids.length);
      assert.equal(uids, expected);
      let bytes = 0;
      for (const { bytes: encoded, entry } of walked) {
        bytes += encoded.length;
        assert.is(entry.message, 'x'.repeat(entry.message.length));
      }
      assert.ok(bytes <= RING_BYTES - 8);
      if (walked.length < entries.length)
        assert.ok(bytes > RING_BYTES / 2 - 2 * MAX_ENTRY_BYTES, `${bytes} bytes kept`);
    }),
    { numRuns: 60 },
  );
});

test('state: ascending by time, node digest, uid, and nothing that was readable is lost', () => {
  fc.assert(
    fc.property(history(80), history(80), (mine, theirs) => {
      const log = logWith('node1', mine);
      const peer = logWith('node2', theirs);
      for (const { bytes } of [...peer.walk()].reverse()) receive(log, Buffer.from(bytes));
      const before = keys(log);
      const ring = [...ringIn(log.state()).walk()];
      assert.equal(ring.map(key).toSorted(), before.toSorted());
      ring.slice(1).forEach(({ entry }, at) => {
        const newer = ring[at]!.entry;
        assert.ok(
          newer.time_s > entry.time_s || (newer.time_s === entry.time_s && newer.nodeDigest >= entry.nodeDigest),
        );
      });
    }),
    { numRuns: 30 },
  );
});

test('merge: all members end with the same ring, whoever merges (I2, I3)', () => {
  fc.assert(
    fc.property(fc.array(history(40), { minLength: 2, maxLength: 4 }), (histories) => {
      const logs = histories.map((entries, at) => logWith(`node${at}`, entries));
      const blobs = logs.map((log) => log.state());
      for (const [own, log] of logs.entries()) log.merge(blobs.map(ringIn), own);
      const merged = logs.map((log) => log.state());
      for (const blob of merged) assert.ok(blob.equals(merged[0]!));
      const found = [...ringIn(merged[0]!).walk()].map(key);
      assert.is(new Set(found).size, found.length);
    }),
    { numRuns: 30 },
  );
});

test('merge: commutative and idempotent up to entries of equal seconds at the limit (I3)', () => {
  fc.assert(
    fc.property(history(60), history(60), (a, b) => {
      const [one, two] = [logWith('node1', a), logWith('node2', b)];
      const blobs = [one.state(), two.state()];
      const forward = new ClusterLog('node3');
      forward.merge([...blobs.map(ringIn), undefined], 2);
      const backward = new ClusterLog('node3');
      backward.merge([...blobs.toReversed().map(ringIn), undefined], 2);
      const times = (log: ClusterLog) => [...log.walk()].map(({ entry }) => entry.time_s);
      const oldest = times(forward).at(-1);
      const clear = (log: ClusterLog) => keys(log).filter((_, at) => times(log)[at] !== oldest);
      if (times(backward).at(-1) === oldest) assert.equal(clear(forward), clear(backward));
      const again = forward.state();
      forward.merge([ringIn(again), undefined], 1);
      assert.ok(forward.state().equals(again), 'merging a ring with itself changes nothing');
    }),
    { numRuns: 30 },
  );
});

test('merge stops at its size, keeping the newest; entries merged in are not accepted again', () => {
  const logs = [0, 1, 2].map((at) =>
    logWith(
      `node${at}`,
      Array.from({ length: 60 }, (_, i) => ({ time_s: 1000 + 3 * i + at, text_bytes: 1500 })),
    ),
  );
  const blobs = logs.map((log) => log.state());
  const [own] = logs as [ClusterLog];
  own.merge(blobs.map(ringIn), 0);
  const times = [...own.walk()].map(({ entry }) => entry.time_s);
  assert.is(times[0], 1000 + 3 * 59 + 2);
  assert.equal(
    times,
    times.map((_, at) => times[0]! - at),
    'no gap',
  );
  assert.is(times.length, Math.ceil(126_968 / 1568));
  const newest = [...ringIn(blobs[2]!).walk()][0]!;
  assert.not(receive(own, Buffer.from(newest.bytes)));
});

test('merge uses the live ring in its own place, and skips what can not be used', () => {
  const log = logWith('node1', [{ time_s: 5, text_bytes: 3 }]);
  const stale = log.state();
  say(log, 'since the state was sent', 6);
  log.merge([undefined, ringIn(stale)], 1);
  assert.equal(keys(log), ['6/node1/2', '5/node1/1']);
});

test('blobs with a wrong size are no rings', () => {
  assert.is(LogRing.of(Buffer.alloc(0)), undefined);
  assert.is(LogRing.of(Buffer.from('0800000000000000', 'hex')), undefined);
  assert.is(LogRing.of(Buffer.alloc(RING_BYTES)), undefined);
  assert.is(
    LogRing.of(
      logWith('n', [])
        .state()
        .subarray(0, RING_BYTES - 1),
    ),
    undefined,
  );
});

test('ring I2: a hostile ring ends every walk and merges without harm', () => {
  const honest = logWith(
    'node1',
    Array.from({ length: 200 }, (_, i) => ({ time_s: i, text_bytes: (i * 37) % 900 })),
  );
  const blob = honest.state();
  const starts = [...ringIn(blob).walk()].map(({ bytes }) => bytes.byteOffset - blob.byteOffset);
  const damage = fc.array(
    fc.record({
      at: fc.oneof(fc.integer({ min: 4, max: RING_BYTES - 4 }), fc.constantFrom(...starts), fc.constant(4)),
      value: fc.oneof(fc.nat({ max: 0xffff_ffff }), fc.constantFrom(...starts), fc.nat({ max: RING_BYTES })),
    }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(damage, (changes) => {
      const bad = Buffer.from(blob);
      for (const { at, value } of changes) bad.writeUInt32LE(value, at);
      let steps = 0;
      for (const { bytes } of ringIn(bad).walk()) {
        steps++;
        assert.ok(bytes.length <= MAX_ENTRY_BYTES);
        assert.ok(steps <= RING_BYTES / 8, 'a walk that does not end');
      }
      const log = logWith('node2', [{ time_s: 1, text_bytes: 1 }]);
      log.merge([ringIn(bad), undefined], 1);
      assert.ok(LogRing.of(log.state()) !== undefined);
    }),
    { numRuns: 300 },
  );
});

test('dump: newest first, at most so many, filtered entries do not count', () => {
  const log = new ClusterLog('node1');
  for (let i = 1; i <= 100; i++) say(log, `m${i}`, 1000 + i, i % 2 === 0 ? 'even@pve' : 'odd@pam');
  const shown = (text: string) => (JSON.parse(text) as { data: { msg: string }[] }).data.map(({ msg }) => msg);
  assert.equal(shown(clusterLogText(log.walk(), 3)), ['m100', 'm99', 'm98']);
  assert.equal(shown(clusterLogText(log.walk(), 3, 'odd@pam')), ['m99', 'm97', 'm95']);
  assert.is(clusterLogText(log.walk(), 50, 'nobody@pve'), '{\n"data": [\n]\n}\n');
});

test('dump: the oldest entry before a wrap is not shown (§6.5)', () => {
  const log = new ClusterLog('node1');
  let count = 0;
  let hidden = false;
  // Until the second lap has passed the last entry of the first, the first of its lap is followed to older ones.
  while (!hidden && count < 1000) {
    say(log, 'y'.repeat(1000), ++count);
    hidden = [...log.walk()].some(({ isLastBeforeWrap }) => isLastBeforeWrap);
  }
  assert.ok(hidden);
  const shown = JSON.parse(clusterLogText(log.walk(), 5000)).data.length;
  assert.is(shown, [...log.walk()].length - 1);
});

test('Q16: the dump is valid JSON and gives back what was logged', () => {
  const samples: readonly (readonly [string, string])[] = [
    ['plain', 'plain'],
    ['quo"te', 'quo"te'],
    ['C:\\users\\new', 'C:\\users\\new'],
    ['\\"', '\\"'],
    ['end\\', 'end\\'],
    ['\\x', '\\x'],
    ['ü€', 'ü€'],
    ['tab\there', 'tab#009here'],
  ];
  const log = new ClusterLog('node1');
  for (const [at, [logged]] of samples.entries()) say(log, logged, at + 1);
  const { data } = JSON.parse(clusterLogText(log.walk(), 50)) as { data: { msg: string }[] };
  assert.equal(
    data.map(({ msg }) => msg).toReversed(),
    samples.map(([, expected]) => expected),
  );
});

test('Q16: any bytes in any string give valid JSON, also in entries that did not pass our filter', () => {
  const bytes = fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 40,
  });
  fc.assert(
    fc.property(bytes, bytes, bytes, (ident, tag, message) => {
      const log = new ClusterLog('node1');
      const encoded = Buffer.from(message, 'latin1');
      log.add({ priority: 1, ident, tag, message: encoded, pid: 1, time_s: 1 });
      const [own] = [...log.walk()] as [RingEntry];
      const raw = { ...own, entry: { ...own.entry, message, node: tag } };
      assert.is(JSON.parse(clusterLogText([own, raw], 50)).data.length, 2);
    }),
  );
});

test.run();
