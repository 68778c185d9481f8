/** The black box with a clock that is moved by hand. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Clock } from '../clock/clock.ts';
import { VirtualClock } from '../clock/virtual.ts';
import { BlackBox } from './black-box.ts';
import { openTrace } from './reader.ts';
import type { TraceRecord, UnstampedRecord } from './trace.ts';
import { TraceWriter } from './writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'pve-actors-black-box-'));
let files = 0;

/** A clock that can be late, and whose wall clock can be set. */
class LoadedClock implements Clock {
  readonly inner = new VirtualClock();
  late_ms = 0;
  set_ms = 0;
  monotonic_ms = (): number => this.inner.monotonic_ms() + this.late_ms;
  wall_ms = (): number => this.inner.wall_ms() + this.late_ms + this.set_ms;
  setTimeout = (callback: () => void, delay_ms: number) => this.inner.setTimeout(callback, delay_ms);
  clearTimeout = this.inner.clearTimeout.bind(this.inner);
}

function newPath(): string {
  files += 1;
  return join(folder, `${files}.jsonl`);
}

function opened(path = newPath(), max_bytes = 1_000_000) {
  const clock = new LoadedClock();
  const box = new BlackBox({ path, node: 'n1', clock, max_bytes });
  const header = { trace: 1, source: 'node', nodes: ['n1'], origin_wall_ms: 0 } as const;
  const trace = new TraceWriter({ clock, capacity: 0, header, sink: box.take });
  box.watch(trace);
  return { clock, box, trace, path };
}

async function recordsIn(path: string): Promise<TraceRecord[]> {
  const found: TraceRecord[] = [];
  for await (const record of (await openTrace(path)).records) found.push(record);
  return found;
}

function step(machine: string, type: string, more: object = {}): UnstampedRecord {
  const quiet = { before: 'operational', after: 'operational', changed: {}, effects: [] };
  return { kind: 'machine', node: 'n1', actor: 'a', machine, event: { type }, ...quiet, ...more };
}

test('what the control path decides is kept, what only repeats itself is not', async () => {
  const { box, trace, path } = opened();
  trace.put(step('membership', 'TOKEN_LOSS', { after: 'gather' }));
  trace.put(step('quorum-client', 'NOTIFY', { changed: { quorate: false } }));
  trace.put(step('dfsm', 'DRAINED', { effects: [{ type: 'releaseHeld', params: undefined }] }));
  trace.put(step('membership', 'CONTACT'));
  trace.put(step('membership', 'JOIN_TIMER', { effects: [{ type: 'sendJoin', params: undefined }] }));
  trace.put(step('supervisor', 'TICK', { after: 'starting' }));
  trace.put({ kind: 'send', node: 'n1', actor: 'ring', message: 'token', to: ['n2'], bytes: Buffer.alloc(3) });
  trace.put({ kind: 'log', node: 'n1', actor: 'log', domain: 'x', level: 'notice', message: 'y' });
  box.close();
  const kept = (await recordsIn(path)).map((record) =>
    record.kind === 'machine' ? (record.event as { type: string }).type : record.kind === 'note' && record.event,
  );
  assert.equal(kept, ['opened', 'TOKEN_LOSS', 'NOTIFY', 'DRAINED']);
});

test('an event loop that stands still for more than a second is noted, and a wall clock that is set', async () => {
  const { box, clock, path } = opened();
  clock.inner.advance(5000);
  clock.late_ms += 900;
  clock.inner.advance(5000);
  clock.late_ms += 1600;
  clock.inner.advance(5000);
  clock.set_ms -= 120_000;
  clock.inner.advance(5000);
  box.close();
  const notes = (await recordsIn(path)).map((record) => record.kind === 'note' && [record.event, record.detail]);
  assert.equal(notes.slice(1), [
    ['stalled', { late_ms: 1600 }],
    ['wall clock set', { by_ms: -120_000 }],
  ]);
  assert.is(clock.inner.pending, 0);
});

test('I1 its files stay within their bound, and each can be read alone', async () => {
  const max_bytes = 40_000;
  const { box, trace, path } = opened(join(folder, 'bounded.jsonl'), max_bytes);
  const count = 2000;
  for (let at = 0; at < count; at += 1) trace.put(step('membership', 'CONTACT', { changed: { at } }));
  box.close();
  const names = readdirSync(folder).filter((name) => name.startsWith('bounded'));
  const total = names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  assert.ok(total <= max_bytes && total > max_bytes / 2, `${total} bytes in ${names.length} files`);
  const last = (await recordsIn(path)).at(-1);
  assert.equal(last?.kind === 'machine' && last.changed, { at: count - 1 });
  for (const name of names) assert.ok((await recordsIn(join(folder, name))).length > 0, name);
});

test('each process writes its header, for its sequences and times begin anew', async () => {
  const path = join(folder, 'twice.jsonl');
  for (const _ of [1, 2]) opened(path).box.close();
  const headers = readFileSync(path, 'utf8').match(/"trace":1/g);
  assert.is(headers?.length, 2);
  assert.is((await recordsIn(path)).length, 2);
});

test('I3 a disk that takes nothing costs records alone', () => {
  const { box, trace } = opened(join(folder, 'nowhere', 'box.jsonl'));
  trace.put(step('membership', 'TOKEN_LOSS', { after: 'gather' }));
  assert.ok(trace.lost > 0);
  box.close();
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
