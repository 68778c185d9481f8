/** The first difference of two traces: streams both, so that their length doesn't matter. */
import { recordOf, TraceUnreadable, traceLines } from '../../runtime/trace/reader.ts';
import type { TraceHeader, TraceRecord } from '../../runtime/trace/trace.ts';
import { describeRecord } from './words.ts';

const SAME = 0;
const DIFFER = 4;
const USAGE = 5;
const context_records = 8;

export interface TraceDifference {
  /** Line in both files, from 1. */
  readonly line: number;
  /** undefined where that trace has ended. */
  readonly left: TraceRecord | TraceHeader | undefined;
  readonly right: TraceRecord | TraceHeader | undefined;
  /** The last records that are the same. */
  readonly before: readonly TraceRecord[];
}

/** Undefined where they are the same. Rejects with `TraceUnreadable`. */
export async function diffTraces(left: string, right: string): Promise<TraceDifference | undefined> {
  const [lefts, rights] = [traceLines(left), traceLines(right)];
  const before: string[] = [];
  for (let line = 1; ; line += 1) {
    const [a, b] = [await lefts.next(), await rights.next()];
    const [leftText, rightText] = [textOf(a), textOf(b)];
    if (line === 1 && (leftText === undefined || rightText === undefined)) {
      throw new TraceUnreadable(`${leftText === undefined ? left : right} is empty`);
    }
    if (leftText !== rightText) {
      return {
        line,
        left: leftText === undefined ? undefined : readable(leftText, left, line),
        right: rightText === undefined ? undefined : readable(rightText, right, line),
        before: before.map(recordOf).filter((record) => record !== undefined && 'kind' in record) as TraceRecord[],
      };
    }
    if (leftText === undefined) return undefined;
    if (line === 1) readable(leftText, left, line);
    before.push(leftText);
    if (before.length > context_records) before.shift();
  }
}

function textOf(line: IteratorResult<{ readonly text: string }>): string | undefined {
  return line.done === true ? undefined : line.value.text;
}

function readable(text: string, path: string, line: number): TraceRecord | TraceHeader {
  const record = recordOf(text);
  if (record === undefined) throw new TraceUnreadable(`${path}, line ${line}: no record of a trace`);
  return record;
}

/** Paragraphs for people. */
export function formatDifference({ line, left, right, before }: TraceDifference): string {
  const lines = [`the first difference is in line ${line}`];
  if (before.length > 0) lines.push('before it, the same in both:', ...before.map(describeRecord));
  lines.push(`left:  ${shown(left)}`, `right: ${shown(right)}`);
  if (left !== undefined && right !== undefined) {
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
    for (const key of keys) {
      const [a, b] = [left, right].map((record) => JSON.stringify((record as unknown as Record<string, unknown>)[key]));
      if (a !== b) lines.push(`  ${key}: ${a ?? 'none'} | ${b ?? 'none'}`);
    }
  }
  return lines.join('\n');
}

function shown(record: TraceRecord | TraceHeader | undefined): string {
  if (record === undefined) return 'has ended';
  return 'kind' in record ? describeRecord(record).trimStart() : 'the header';
}

export interface DiffArguments {
  readonly left: string;
  readonly right: string;
  readonly print?: (text: string) => void;
  readonly complain?: (text: string) => void;
}

/** `sim diff`: resolves with the exit code. */
export async function runDiff({
  left,
  right,
  print = console.log,
  complain = console.error,
}: DiffArguments): Promise<number> {
  try {
    const difference = await diffTraces(left, right);
    print(difference === undefined ? 'the traces are the same' : formatDifference(difference));
    return difference === undefined ? SAME : DIFFER;
  } catch (error) {
    if (!(error instanceof TraceUnreadable)) throw error;
    complain(error.message);
    return USAGE;
  }
}
