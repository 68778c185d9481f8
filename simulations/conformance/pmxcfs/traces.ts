/** Corpus part `trace-*.jsonl`: replays of recorded rounds, compared to the byte (conformance README, "Traces"). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CorpusCase, differenceOf } from '../corpus.ts';
import { type Recorded, TraceWorld } from './trace-world.ts';

type MulticastRecord = Readonly<{
  ev: 'mcast';
  node: number;
  type: string;
  subtype: number;
  hex: string;
  cause: 'machine' | 'client' | 'timer';
}>;
type LogRecord = Readonly<{ ev: 'log'; node?: number; domain: string; level: string; msg: string }>;
type StateRecord = Readonly<{ ev: 'state'; node: number; [compared: string]: unknown }>;

export type TraceRecord =
  | Readonly<{ ev: 'step'; text: string }>
  | Readonly<{ ev: 'time'; now: number }>
  | Readonly<{ ev: 'quorum'; node: number; quorate: number }>
  | Readonly<{ ev: 'confchg'; part: number; members: [number, number][]; joined: number[] }>
  | Readonly<{ ev: 'deliver'; n: number }>
  | MulticastRecord
  | LogRecord
  | StateRecord;

interface Step {
  readonly name: string;
  readonly records: readonly TraceRecord[];
}

/** Bytes of a NORMAL message before the application's payload. */
const NORMAL_HEADER_BYTES = 24;

export async function run(directory: string): Promise<readonly CorpusCase[]> {
  return replayDirectory(directory);
}

export function replayDirectory(directory: string): readonly CorpusCase[] {
  const files = readdirSync(directory)
    .filter((name) => /^trace-.*\.jsonl$/.test(name))
    .sort();
  return files.flatMap((file) => replayFile(file, readFileSync(join(directory, file), 'utf8')));
}

/** One case per step; after the first difference all later steps have failed too. */
export function replayFile(file: string, text: string): readonly CorpusCase[] {
  const steps = stepsOf(text);
  if (typeof steps === 'string') return [{ name: file, outcome: 'failed', detail: steps }];
  const world = new TraceWorld('upstream');
  let broken: string | undefined;
  return steps.map(({ name, records }, at): CorpusCase => {
    const title = `${file} ${at + 1} ${name}`;
    if (broken !== undefined) return { name: title, outcome: 'failed', detail: `after a difference in step ${broken}` };
    const isLast = at === steps.length - 1;
    const difference = guarded(() => replayStep(world, records) ?? (isLast ? restOf(world) : undefined));
    if (difference === undefined) return { name: title, outcome: 'passed' };
    broken = `${at + 1}`;
    return { name: title, outcome: 'failed', detail: difference };
  });
}

/** A record without its fields, or a machine that stops, is a difference of the step. */
function guarded(replay: () => string | undefined): string | undefined {
  try {
    return replay();
  } catch (error) {
    return `stopped: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function stepsOf(text: string): readonly Step[] | string {
  const steps: { name: string; records: TraceRecord[] }[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    let record: TraceRecord;
    try {
      record = JSON.parse(line) as TraceRecord;
    } catch {
      return `line ${at + 1} is no JSON`;
    }
    if (record.ev === 'step') steps.push({ name: record.text, records: [] });
    else if (steps.length === 0) steps.push({ name: 'start', records: [record] });
    else steps.at(-1)!.records.push(record);
  }
  return steps.length === 0 ? 'the trace is empty' : steps;
}

function restOf(world: TraceWorld): string | undefined {
  return world.queueLength === 0 ? undefined : `${world.queueLength} messages are left in the queue`;
}

/** The first difference of a step, or undefined. */
function replayStep(world: TraceWorld, records: readonly TraceRecord[]): string | undefined {
  let at = 0;
  while (at < records.length) {
    const record = records[at]!;
    at += 1;
    const difference = isExpectation(record)
      ? `${record.ev} without a stimulus before it: ${JSON.stringify(record)}`
      : applyRecord(world, record);
    if (difference !== undefined) return difference;
    const expected: Expectation[] = [];
    for (let next = records[at]; next !== undefined && isExpectation(next); next = records[at]) {
      expected.push(next);
      at += 1;
    }
    const recorded = world.takeRecorded();
    const mismatch = compare(recorded, expected.filter(isJudged));
    if (mismatch !== undefined) return `after ${describe(record)}: ${mismatch}`;
  }
  return undefined;
}

type Expectation = MulticastRecord | LogRecord;

function isExpectation(record: TraceRecord): record is Expectation {
  return record.ev === 'log' || (record.ev === 'mcast' && record.cause === 'machine');
}

/** A log without node stands for the quorum clients of all nodes and is not compared. */
function isJudged(record: Expectation): boolean {
  return record.ev === 'mcast' || record.node !== undefined;
}

/** Applies a stimulus, or compares a state. Returns a difference. */
function applyRecord(world: TraceWorld, record: TraceRecord): string | undefined {
  switch (record.ev) {
    case 'time':
      world.setTime(record.now);
      return undefined;
    case 'quorum':
      world.setQuorate(record.node, record.quorate === 1);
      return undefined;
    case 'confchg': {
      const members = record.members.map(([nodeid, pid]) => ({ nodeid, pid }));
      world.changeConfiguration(record.part, members, record.joined.length > 0);
      return undefined;
    }
    case 'deliver':
      for (let n = 0; n < record.n; n += 1) {
        if (!world.deliverOne()) return `nothing is left to deliver (${n} of ${record.n})`;
      }
      return undefined;
    case 'mcast':
      return applySender(world, record);
    case 'state': {
      const { ev: _, node, ...expected } = record;
      const difference = differenceOf(pick(world.treeState(node), Object.keys(expected)), expected);
      return difference === undefined ? undefined : `tree of node ${node}: ${difference}`;
    }
    default:
      return `unknown record ${JSON.stringify(record)}`;
  }
}

/** A client's request or a timer: it must multicast exactly the record's bytes, and nothing else may be recorded. */
function applySender(world: TraceWorld, record: MulticastRecord): string | undefined {
  if (record.cause === 'timer') world.fireVerifyTimer(record.node);
  else world.request(record.node, record.subtype, payloadOf(record));
  const sent = world.takeRecorded();
  const difference = differenceOf(sent, [{ ev: 'mcast', node: record.node, hex: record.hex }]);
  return difference === undefined ? undefined : `${record.cause} of node ${record.node}: ${difference}`;
}

/** What the client gave; header, time and count are the node's. */
export function payloadOf(record: { readonly hex: string }): Buffer {
  return Buffer.from(record.hex, 'hex').subarray(NORMAL_HEADER_BYTES);
}

/** UPDATEs that follow one another are compared as a set; all else in order. */
function compare(recorded: readonly Recorded[], expected: readonly Expectation[]): string | undefined {
  let at = 0;
  while (at < expected.length) {
    let end = at + 1;
    if (isUpdate(expected[at])) while (isUpdate(expected[end])) end += 1;
    const wanted = expected.slice(at, end).map(wantedOf);
    const got = recorded.slice(at, end).map((record) => JSON.stringify(record));
    const difference = differenceOf(got.sort(), wanted.sort());
    if (difference !== undefined) return difference;
    at = end;
  }
  return recorded.length === at ? undefined : `also recorded: ${JSON.stringify(recorded[at])}`;
}

function isUpdate(record: Expectation | undefined): boolean {
  return record?.ev === 'mcast' && record.type === 'UPDATE';
}

function wantedOf(record: Expectation): string {
  if (record.ev === 'mcast') return JSON.stringify({ ev: 'mcast', node: record.node, hex: record.hex });
  const { node, domain, level, msg } = record;
  return JSON.stringify({ ev: 'log', node, domain, level, msg });
}

function pick(from: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, from[key]]));
}

function describe(record: TraceRecord): string {
  const text = JSON.stringify(record);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
