import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeEnvelope,
  decodeSync,
  encodeEnvelope,
  encodeSync,
  GROUP_KIND,
  type SyncReport,
} from './group-messages.ts';
import { GroupTable, type Process } from './process-group.ts';

const INFO = { votes: 1, expected_votes: 3, quorate: false, waiting: false };

/** A table of node 1 with one process `1/10` in group `g`. */
function makeTable() {
  const events: string[] = [];
  const name = (list: readonly Process[]): string => list.map(({ nodeid, pid }) => `${nodeid}/${pid}`).join(' ');
  const table = new GroupTable<string>(1, {
    deliver: (to, sender, body) => void events.push(`${to.pid} gets ${body} from ${sender.nodeid}/${sender.pid}`),
    change: (to, { members, joined, left }) =>
      void events.push(`${to.pid} sees ${name(members)} +${name(joined)} -${name(left)}`),
  });
  const report = (nodeid: number, ...pids: number[]): boolean => {
    const processes = pids.map((pid) => ({ group: 'g', pid }));
    return table.takeReport(nodeid, { ring: { rep: 1, seq: 8 }, votes: INFO, configVersion: 1, processes });
  };
  const process = table.register('g', 10, 'client');
  table.deliverJoin(1, 'g', 10);
  return { table, events, report, process };
}

test('join, message, leave (I2)', () => {
  const { table, events, process } = makeTable();
  table.ringChanged([1, 2], [1]);
  table.deliverJoin(2, 'g', 20);
  table.deliverMessage(2, 'g', 20, Buffer.from('a'));
  table.startLeave(process);
  table.deliverMessage(2, 'g', 20, Buffer.from('b'));
  table.deliverLeave(1, 'g', 10);
  table.deliverMessage(2, 'g', 20, Buffer.from('c'));
  assert.equal(events, [
    '10 sees 1/10 +1/10 -',
    '10 sees 1/10 2/20 +2/20 -',
    '10 gets a from 2/20',
    '10 gets b from 2/20',
    '10 sees 2/20 + -1/10',
  ]);
  assert.is(process.state, 'left');
});

test('a process that asked to leave before its join came gets nothing before its join (I2)', () => {
  const { table, events, report } = makeTable();
  table.ringChanged([1, 2], [1]);
  report(1, 10);
  report(2, 20);
  const hasty = table.register('g', 11, 'hasty');
  table.startLeave(hasty);
  events.length = 0;
  table.deliverMessage(2, 'g', 20, Buffer.from('early'));
  table.deliverJoin(1, 'g', 11);
  table.deliverLeave(1, 'g', 11);
  assert.equal(
    events.filter((event) => event.startsWith('11 ')),
    ['11 sees 1/10 1/11 2/20 +1/11 -', '11 sees 1/10 2/20 + -1/11'],
  );
});

test('messages of a process that is no member are dropped (I3)', () => {
  const { table, events } = makeTable();
  events.length = 0;
  table.deliverMessage(2, 'g', 20, Buffer.from('a'));
  table.deliverMessage(1, 'other', 10, Buffer.from('b'));
  assert.equal(events, []);
});

test('a merge is one change with joiners, after the last report', () => {
  const { table, events, report } = makeTable();
  table.ringChanged([1, 2, 3], [1]);
  assert.not(report(3, 30, 31));
  assert.not(report(1, 10));
  assert.equal(events.length, 1);
  assert.ok(report(2));
  assert.equal(events.slice(1), ['10 sees 1/10 3/30 3/31 +3/30 3/31 -']);
});

test('first left, then joined, when both happen; a node that did not come along is in both', () => {
  const { table, events, report } = makeTable();
  table.ringChanged([1, 2, 3], [1]);
  for (const nodeid of [1, 2, 3]) report(nodeid, nodeid * 10);
  events.length = 0;
  table.ringChanged([1, 2, 4], [1]);
  for (const nodeid of [1, 2, 4]) report(nodeid, nodeid * 10);
  assert.equal(events, ['10 sees 1/10 + -2/20 3/30', '10 sees 1/10 2/20 4/40 +2/20 4/40 -']);
});

test('who comes along through a ring that was never synchronised stays', () => {
  const { table, events, report } = makeTable();
  table.ringChanged([1, 2, 3], [1]);
  for (const nodeid of [1, 2, 3]) report(nodeid, nodeid * 10);
  events.length = 0;
  table.ringChanged([1, 2], [1, 2]);
  report(1, 10);
  table.ringChanged([1, 2, 3], [1, 2]);
  for (const nodeid of [1, 2, 3]) report(nodeid, nodeid * 10);
  assert.equal(events, ['10 sees 1/10 2/20 + -3/30', '10 sees 1/10 2/20 3/30 +3/30 -']);
});

test('a process that its node no longer reports is gone', () => {
  const { table, events, report } = makeTable();
  table.ringChanged([1, 2], [1]);
  report(1, 10);
  report(2, 20, 21);
  events.length = 0;
  table.ringChanged([1, 2], [1, 2]);
  report(1, 10);
  report(2, 21);
  assert.equal(events, ['10 sees 1/10 2/21 + -2/20']);
});

test('a ring change without a change of processes is not announced', () => {
  const { table, events, report } = makeTable();
  table.ringChanged([1, 2], [1]);
  report(1, 10);
  report(2);
  assert.is(events.length, 1);
});

test('envelopes and reports survive the round trip; cut ones are malformed', () => {
  const envelope = encodeEnvelope(GROUP_KIND.message, 'pve_dcdb_v1', 4_000_000_000);
  const decoded = decodeEnvelope(Buffer.concat([envelope, Buffer.from('body')]));
  assert.equal(decoded, { group: 'pve_dcdb_v1', pid: 4_000_000_000, body: Buffer.from('body') });
  for (let length = 0; length < envelope.length; length++) {
    assert.is(decodeEnvelope(envelope.subarray(0, length)), undefined);
  }
  const report: SyncReport = {
    ring: { rep: 1, seq: 12 },
    votes: { votes: 2, expected_votes: 7, quorate: true, waiting: true },
    configVersion: 5_000_000_000,
    processes: [
      { group: 'a', pid: 1 },
      { group: 'bb', pid: 2 },
    ],
  };
  const bytes = encodeSync(report);
  assert.equal(decodeSync(bytes), report);
  for (let length = 0; length < bytes.length; length++) assert.is(decodeSync(bytes.subarray(0, length)), undefined);
});

test.run();
