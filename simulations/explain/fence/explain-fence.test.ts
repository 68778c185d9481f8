/** Fencings told from journals of stock nodes, and from black boxes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { explainFence } from './explain-fence.ts';
import { before, cutOff, type Entry, journal, stamps, startsAgain, survivors } from './journals-for-tests.ts';
import type { FenceReport } from './report.ts';

const folder = mkdtempSync(join(tmpdir(), 'pve-actors-explain-fence-'));
const now_ms = Date.UTC(2026, 11, 1);
let files = 0;

function file(content: string | Buffer, name?: string): string {
  files += 1;
  const path = join(folder, name ?? `journal-${files}.log`);
  writeFileSync(path, content);
  return path;
}

interface Explained {
  readonly code: number;
  readonly text: string;
  readonly complaints: string;
}

async function explain(paths: readonly string[], node = 'n2', isJson = false): Promise<Explained> {
  const lines: string[] = [];
  const complaints: string[] = [];
  const print = (text: string): void => void lines.push(text);
  const complain = (text: string): void => void complaints.push(text);
  const code = await explainFence({ node, paths, isJson, now_ms, print, complain });
  return { code, text: lines.join('\n'), complaints: complaints.join('\n') };
}

async function report(paths: readonly string[], node = 'n2'): Promise<FenceReport> {
  return JSON.parse((await explain(paths, node, true)).text) as FenceReport;
}

const story = [...before, ...cutOff, ...survivors, ...startsAgain];
const at = (clock: string): number => Date.parse(`2026-11-20T${clock}Z`);

for (const [name, stamp] of Object.entries(stamps)) {
  test(`a node that was cut off, from a journal of all nodes in ${name}`, async () => {
    const { code, text } = await explain([file(journal(story, stamp))]);
    assert.is(code, 0);
    const flat = text.replace(/\s+/g, ' ');
    assert.match(flat, 'Fencing of n2, 2026-11-20 10:02:00');
    assert.match(
      flat,
      'n2 was cut off from the others at 10:02:04 (no link is left between n2 and n1 and n3), while it went on running.',
    );
    assert.match(flat, 'Its watchdog expired at 10:03:00, last fed at about 10:02:00;');
    assert.match(flat, 'took the lock ha_agent_n2_lock at 10:04:08');
    assert.match(flat, 'vm:101 to n3, runs again at 10:04:17, 2 min 13 s after its node was lost');
    assert.match(flat, 'No node was found for vm:102.');
    assert.match(flat, '10:05:40 n2 started again');
    assert.not.match(flat, 'What is missing');
  });
}

test('links that came back in time, and rings of those who were cut off, are no part of it', async () => {
  const flapping: Entry[] = [
    ['10:01:00', 'n1', 'corosync[1201]', '  [KNET  ] link: host: 2 link: 0 is down'],
    ['10:01:00', 'n1', 'corosync[1201]', '  [KNET  ] host: host: 2 has no active links'],
    ['10:01:02', 'n1', 'corosync[1201]', '  [KNET  ] rx: host: 2 link: 0 is up'],
  ];
  const path = file(journal([...story, ...flapping]));
  const { fencings } = await report([path]);
  assert.is(fencings[0]!.from_ms, at('10:02:00'));
  // n2 formed a ring without n1 and n3.
  const other = await explain([path], 'n3');
  assert.match(other.complaints, 'tells that n3 was fenced');
});

test('the same from a file per node, one of them packed, in any order', async () => {
  const of = (node: string): string => journal(story.filter(([, of]) => of === node));
  const paths = [file(of('n3')), file(gzipSync(of('n1')), 'n1.log.gz'), file(of('n2'))];
  const { fencings, nodes } = await report(paths);
  assert.equal(nodes, ['n1', 'n2', 'n3']);
  assert.is(fencings.length, 1);
  assert.is(fencings[0]!.cause, 'network');
  assert.equal(
    fencings[0]!.recoveries.map(({ down_ms, sid, to }) => [sid, to, down_ms]),
    [
      ['vm:101', 'n3', 133_000],
      ['vm:102', undefined, undefined],
    ],
  );
});

test('the steps are in the order of time, and what no log says is marked', async () => {
  const { fencings } = await report([file(journal(story))]);
  const steps = fencings[0]!.steps;
  assert.equal(
    steps.map(({ at_ms }) => at_ms),
    steps.map(({ at_ms }) => at_ms).sort((a, b) => a - b),
  );
  assert.equal(
    steps.filter(({ isInferred }) => isInferred).map(({ at_ms }) => at_ms),
    [at('10:02:00'), at('10:03:10')],
  );
});

test('a clock that is wrong is found by the rings that both nodes saw, and set right', async () => {
  const late = (clock: string): string => {
    const [h, m, s] = clock.split(':').map(Number);
    const total = h! * 3600 + m! * 60 + s! + 45;
    return new Date(total * 1000).toISOString().slice(11, 19);
  };
  const shifted = story.map(([clock, node, ...rest]): Entry => [node === 'n2' ? late(clock) : clock, node, ...rest]);
  const paths = ['n1', 'n2', 'n3'].map((name) => file(journal(shifted.filter(([, node]) => node === name))));
  const { clocks, fencings } = await report(paths);
  assert.is(clocks.n2! - clocks.n1!, 45_000);
  const expiry = fencings[0]!.steps.find(({ sentence }) => sentence.startsWith('the watchdog expired'));
  const acknowledged = fencings[0]!.steps.find(({ sentence }) => sentence.startsWith('got the lock'));
  assert.is(acknowledged!.at_ms - expiry!.at_ms, 68_000);
});

test('a node whose log just ends lost its power or crashed', async () => {
  const { text } = await explain([file(journal([...before, ...survivors, ...startsAgain]))]);
  assert.match(text, 'n2 stopped in the middle of its work: its last line is of 10:01:50');
  assert.match(text.replace(/\s+/g, ' '), 'Nothing says that the watchdog ended it. It started again at 10:05:40.');
});

test('a node that stood still', async () => {
  const stalled: Entry = [
    '10:02:40',
    'n2',
    'corosync[1202]',
    '  [MAIN  ] Corosync main process was not scheduled (@1732096960000) for 41234.5 ms (threshold is 2920.0000 ms). Consider token timeout increase.',
  ];
  const { fencings } = await report([file(journal([...before, ...survivors, ...startsAgain, stalled]))]);
  assert.is(fencings[0]!.cause, 'stalled');
  assert.match(fencings[0]!.summary[0]!, 'corosync did not run for 41 s before 10:02:40');
});

test('a daemon that ended without closing its watchdog, in a cluster that was well', async () => {
  const entries: Entry[] = [
    ['10:02:00', 'n2', 'systemd[1]', 'pve-ha-lrm.service: Main process exited, code=killed, status=9/KILL'],
    ['10:02:00', 'n2', 'watchdog-mux[900]', 'client (PID 1402) did not stop watchdog - disable watchdog updates'],
  ];
  const { fencings } = await report([file(journal([...before, ...survivors, ...startsAgain, ...entries]))]);
  assert.is(fencings[0]!.cause, 'daemon-died');
  assert.match(fencings[0]!.summary[0]!, 'pve-ha-lrm on n2 ended at 10:02:00 (code=killed, status=9/KILL)');
  assert.match(fencings[0]!.summary[1]!, 'was left unfed from 10:02:00 on');
});

test('a member that could not renew its lock', async () => {
  const entries: Entry[] = [
    [
      '10:01:55',
      'n2',
      'pve-ha-lrm[1402]',
      'cluster file system update failed - ipcc_send_rec[1] failed: Connection refused',
    ],
    ['10:02:50', 'n2', 'watchdog-mux[900]', 'client (PID 1402) watchdog is about to expire'],
    ['10:03:00', 'n2', 'watchdog-mux[900]', 'client (PID 1402) watchdog expired - disable watchdog updates'],
    ['10:03:11', 'n1', 'corosync[1201]', '  [TOTEM ] A new membership (1.2f) was formed. Members left: 2'],
  ];
  const later = survivors.filter(([clock]) => clock > '10:03:00');
  const { fencings } = await report([file(journal([...before, ...entries, ...later]))]);
  assert.is(fencings[0]!.cause, 'lock-not-renewed');
  assert.match(fencings[0]!.summary[0]!, 'ipcc_send_rec[1] failed: Connection refused');
});

test('a shutdown is not taken for a fencing by the watchdog', async () => {
  const entries: Entry[] = [
    ['10:01:58', 'n2', 'systemd-logind[500]', 'System is rebooting.'],
    ['10:02:01', 'n2', 'pve-ha-lrm[1402]', 'watchdog closed (disabled)'],
  ];
  const { fencings } = await report([file(journal([...before, ...entries, ...survivors]))]);
  assert.is(fencings[0]!.cause, 'orderly-shutdown');
});

test('without a log of the victim its end is a bound, and what is missing is named', async () => {
  const { text } = await explain([file(journal([...before, ...survivors].filter(([, node]) => node === 'n1')))]);
  const flat = text.replace(/\s+/g, ' ');
  assert.match(flat, 'The others lost n2 at 10:02:04. Without a log of n2 nobody can tell');
  assert.match(flat, 'There is no log of n2.');
  assert.match(flat, 'There is no log of n3.');
});

test('a log that ends before the end of the watchdog is told to be cut', async () => {
  const cut = cutOff.filter(([clock]) => clock < '10:02:50');
  const { text } = await explain([file(journal([...before, ...cut, ...survivors]))]);
  const flat = text.replace(/\s+/g, ' ');
  assert.match(flat, 'The log of n2 ends at 10:02:05, without the end of its watchdog');
  assert.match(
    flat,
    'By the rules its watchdog ended it by 10:03:13: without quorum or lock nothing fed it after 10:02:03.',
  );
});

test('a new master is told', async () => {
  const changed: Entry[] = [
    ['10:03:50', 'n3', 'pve-ha-crm[1303]', "successfully acquired lock 'ha_manager_lock'"],
    ['10:03:50', 'n3', 'pve-ha-crm[1303]', 'status change slave => master'],
  ];
  const elsewhere = survivors.map(
    ([clock, node, program, message]): Entry =>
      program.startsWith('pve-ha-crm') ? [clock, 'n3', 'pve-ha-crm[1303]', message] : [clock, node, program, message],
  );
  const { text } = await explain([file(journal([...before, ...cutOff, ...elsewhere, ...changed]))]);
  assert.match(text.replace(/\s+/g, ' '), 'n3, master since 10:03:50,');
});

test('two fencings are two stories', async () => {
  const later = [...cutOff, ...survivors, ...startsAgain].map(
    ([clock, node, program, message]): Entry => [
      clock.replace(/^10/, '14'),
      node,
      program,
      message.replace(/\(1\.(2f|33)\)/, '(1.4$1)'),
    ],
  );
  const { fencings } = await report([file(journal([...story, ...later]))]);
  assert.equal(
    fencings.map(({ from_ms }) => from_ms),
    [at('10:02:00'), at('14:02:00')],
  );
});

test('a close call is no fencing', async () => {
  const entries: Entry[] = [
    ['10:02:50', 'n2', 'watchdog-mux[900]', 'client (PID 1402) watchdog is about to expire'],
    ['10:02:53', 'n2', 'watchdog-mux[900]', 'client (PID 1402) watchdog was updated before expiring'],
  ];
  const { code, complaints } = await explain([file(journal([...before, ...entries]))]);
  assert.is(code, 1);
  assert.match(complaints, 'n2 was not fenced, but it came close: at 2026-11-20 10:02:53');
});

test('where nothing is found, one sentence says so', async () => {
  const nothing = await explain([file(journal(before))]);
  assert.is(nothing.code, 1);
  assert.match(nothing.complaints, 'Nothing in 12 lines of n1, n2, n3 tells that n2 was fenced.');
  const absent = await explain([join(folder, 'absent.log')]);
  assert.is(absent.code, 1);
  assert.match(absent.complaints, 'there is no such file');
  const other = await explain([file(journal(story))], 'n1');
  assert.is(other.code, 1);
});

test('lines of other programs and of no program at all are passed over and counted', async () => {
  const noise = [
    '',
    '-- Logs begin at Fri 2026-11-20 --',
    'garbage \u0000\u0001',
    'Nov 31 99:99:99 n2 kernel: Linux version x',
  ];
  const { sources } = await report([file(`${noise.join('\n')}\n${journal(story)}`)]);
  assert.is(sources[0]!.lines, story.length + noise.length);
  assert.ok(sources[0]!.skipped >= noise.length + 2);
});

test('a year that is not written is the last one possible, and goes on in January', async () => {
  const turned = journal([...cutOff, ...survivors])
    .replaceAll('Nov 20 10:0', 'Dec 31 23:5')
    .replaceAll(/^Dec 31 23:54/gm, 'Jan  1 00:04');
  const { fencings } = await report([file(journal(before).replaceAll('Nov 20', 'Dec 31') + turned)]);
  assert.is(fencings[0]!.from_ms, Date.UTC(2025, 11, 31, 23, 52, 0));
  assert.is(fencings[0]!.to_ms, Date.UTC(2026, 0, 1, 0, 4, 17));
});

test('whatever is missing, what is left is told without a hole', async () => {
  const more: Entry[] = [
    [
      '10:02:30',
      'n2',
      'corosync[1202]',
      '  [MAIN  ] Corosync main process was not scheduled for 9000.5 ms (threshold is 2920)',
    ],
    ['10:02:31', 'n2', 'systemd[1]', 'pve-ha-lrm.service: Main process exited, code=killed, status=9/KILL'],
    ['10:01:58', 'n2', 'systemd-logind[500]', 'System is rebooting.'],
    ['10:03:50', 'n3', 'pve-ha-crm[1303]', 'status change slave => master'],
    ['10:02:53', 'n2', 'watchdog-mux[900]', 'client (PID 1402) watchdog was updated before expiring'],
  ];
  const all = [...story, ...more];
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.subarray(all), fc.constantFrom(...Object.keys(stamps)), async (entries, stamp) => {
      count += 1;
      const path = file(journal(entries, stamps[stamp]), `subset-${count}.log`);
      const { code, complaints, text } = await explain([path]);
      assert.ok(code === 0 || code === 1);
      assert.not.match(`${text}${complaints}`, /undefined|NaN|Infinity|\[object|Invalid/);
      rmSync(path);
    }),
    { numRuns: 150 },
  );
});

// Black boxes

interface Box {
  readonly node: string;
  readonly id: number;
  /** Wall clock that is ahead. */
  readonly ahead_ms: number;
  readonly records: readonly (readonly [clock: string, record: object])[];
}

/** A file as a node writes it; its monotonic clock began at 08:00. */
function blackBox({ ahead_ms, id, node, records }: Box): string {
  const origin_wall_ms = at('08:00:00') + ahead_ms;
  const lines: object[] = [{ trace: 1, source: 'node', nodes: [node], origin_wall_ms }];
  const stamp = (clock: string) => ({
    sequence: lines.length,
    time_ms: at(clock) - at('08:00:00'),
    node,
    cause: null,
  });
  const born = { event: { type: 'xstate.init' }, before: null, after: 'idle', changed: { self: id }, effects: [] };
  lines.push({ ...stamp('09:00:00'), actor: 'membership', kind: 'machine', machine: 'membership', ...born });
  for (const [clock, record] of records) lines.push({ ...stamp(clock), ...record });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

const machine = (name: string, type: string, from: string, to: string, changed: object = {}) => ({
  kind: 'machine',
  actor: name,
  machine: name,
  event: { type },
  before: from,
  after: to,
  changed,
  effects: [],
});
const ring = (rep: number, seq: number, members: readonly number[]) =>
  machine('membership', 'RECOVERED', 'recovery', 'operational', { ring: { rep, seq }, members });
const note = (actor: string, event: string, detail: object) => ({ kind: 'note', actor, event, detail });

const reasons = { because: 'best-score', preferred: ['n1', 'n3'], excluded: {}, scores: { n1: 2, n3: 1 } };
const boxes: readonly Box[] = [
  {
    node: 'n1',
    id: 1,
    ahead_ms: 0,
    records: [
      ['09:00:01', ring(1, 43, [1, 2, 3])],
      ['09:00:02', machine('ha-resource vm:101', 'CONFIGURED', 'fresh', 'request_start', { node: 'n2' })],
      ['10:02:04', ring(1, 47, [1, 3])],
      ['10:02:08', machine('ha-node n2', 'NOT_SEEN', 'online', 'unknown')],
      ['10:03:08', machine('ha-node n2', 'FENCE', 'unknown', 'fence')],
      ['10:04:08', machine('ha-node n2', 'FENCED', 'fence', 'unknown')],
      ['10:04:08', note('crm', 'decision', { sid: 'vm:101', reasons })],
      ['10:04:08', machine('ha-resource vm:101', 'RECOVERED', 'recovery', 'started', { node: 'n3' })],
    ],
  },
  {
    node: 'n2',
    id: 2,
    ahead_ms: -3000,
    records: [
      ['09:00:01', ring(1, 43, [1, 2, 3])],
      ['10:01:59', note('lrm', 'watchdog', { do: 'feed' })],
      ['10:02:03', ring(2, 47, [2])],
      ['10:02:03', machine('quorum-client', 'NOTIFY', 'tracking', 'tracking', { quorate: false })],
      ['10:02:05', machine('lrm', 'TICK', 'active', 'lost_agent_lock')],
      [
        '10:02:59',
        note('watchdog-mux', 'log', { message: 'client (PID 9) watchdog expired - disable watchdog updates' }),
      ],
    ],
  },
];

test('black boxes of a survivor and of the victim, whose clock was behind', async () => {
  const root = join(folder, 'cluster');
  for (const box of boxes) {
    const logs = join(root, box.node, 'var/log/pve-actors');
    mkdirSync(logs, { recursive: true });
    writeFileSync(join(logs, 'black-box.jsonl'), blackBox(box));
  }
  const { clocks, fencings, sources } = await report([root]);
  assert.equal(
    sources.map(({ kind, nodes }) => [kind, ...nodes]),
    [
      ['black-box', 'n1'],
      ['black-box', 'n2'],
    ],
  );
  assert.is(Math.max(...Object.values(clocks)) - Math.min(...Object.values(clocks)), 3000);
  const [fencing] = fencings;
  assert.is(fencing!.cause, 'network');
  const sentences = fencing!.steps.map(({ at_ms, nodes, sentence }) => [
    at_ms - at('00:00:00'),
    nodes.join(),
    sentence,
  ]);
  const time = (clock: string): number => at(clock) - at('00:00:00');
  assert.equal(sentences.slice(0, 4), [
    [time('10:01:59'), 'n2', 'the watchdog was fed for the last time'],
    [time('10:02:03'), 'n2', 'lost its quorum: from now on it can renew no lock'],
    [time('10:02:04'), 'n1', 'formed a membership without n2'],
    [time('10:02:05'), 'n2', 'its LRM stopped acting (lost_agent_lock)'],
  ]);
  assert.is(fencing!.recoveries[0]!.why, 'lowest score (n3 1, n1 2)');
  assert.ok(fencing!.missing.includes('There is no log of n3.'));
});

test('a black box that was interrupted says so', async () => {
  const whole = blackBox(boxes[1]!);
  const { fencings } = await report([
    file(blackBox(boxes[0]!)),
    file(whole.slice(0, whole.length - 40), 'black-box.jsonl'),
  ]);
  assert.ok(fencings[0]!.missing.some((sentence) => sentence.endsWith('ends in the middle of a record.')));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
