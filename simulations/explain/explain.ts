/** `sim explain`: why a rule was violated, as a chain of happenings from a fault to the violation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileSink } from '../../runtime/trace/file-sink.ts';
import { TraceUnreadable } from '../../runtime/trace/reader.ts';
import type { TraceRecord } from '../../runtime/trace/trace.ts';
import type { Schedule } from '../schedule/schedule.ts';
import { describeRecord, instant } from '../trace/words.ts';
import { type ChainStep, causalChain, type Link } from './chain.ts';
import { inevitableText, whenInevitable } from './inevitable.ts';
import { TraceIndex } from './trace-index.ts';

const EXPLAINED = 0;
const NOTHING_TO_EXPLAIN = 0;
const USAGE = 5;

export interface ExplainArguments {
  /** A trace file; or a run (of a seed, a schedule) that hands every line of its trace to `sink`. */
  readonly source:
    | { readonly trace: string }
    | { readonly run: (sink: (line: string) => void) => void; readonly schedule?: () => Schedule };
  readonly print?: (text: string) => void;
  readonly complain?: (text: string) => void;
}

/** Resolves with the exit code: 0 also where nothing was violated, 5 where the trace can't be read. */
export async function runExplain({
  source,
  print = console.log,
  complain = console.error,
}: ExplainArguments): Promise<number> {
  try {
    const chain = 'trace' in source ? await explainTrace(source.trace) : await explainRun(source.run);
    print(chain === undefined ? 'no rule was violated' : formatChain(chain));
    if (chain === undefined) return NOTHING_TO_EXPLAIN;
    const schedule = 'schedule' in source ? source.schedule?.() : undefined;
    const inevitable = schedule && whenInevitable(schedule, { progress: complain });
    if (inevitable !== undefined) print(inevitableText(inevitable));
    return EXPLAINED;
  } catch (error) {
    if (!(error instanceof TraceUnreadable)) throw error;
    complain(error.message);
    return USAGE;
  }
}

/** The chain to the first violation in the trace at `path`; undefined where there is none. Rejects with `TraceUnreadable`. */
export async function explainTrace(path: string): Promise<readonly ChainStep[] | undefined> {
  const index = await TraceIndex.of(path);
  try {
    return causalChain(index);
  } finally {
    index.close();
  }
}

/** The same for a run, by way of a temporary file: a trace needn't fit into memory. */
export async function explainRun(
  run: (sink: (line: string) => void) => void,
): Promise<readonly ChainStep[] | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-actors-explain-'));
  try {
    const path = join(folder, 'trace.jsonl');
    const sink = fileSink(path);
    try {
      run((line) => void sink.write(line));
    } finally {
      sink.close();
    }
    return await explainTrace(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line per step, datagrams that pass one another on drawn together. */
export function formatChain(chain: readonly ChainStep[]): string {
  const lines: string[] = [];
  for (let at = 0; at < chain.length; ) {
    const length = datagramsFrom(chain, at);
    if (length === 0) {
      const { record, by } = chain[at]!;
      lines.push(`${describeRecord(record)}${reason(by)}`);
      at += 1;
    } else {
      lines.push(passingOn(chain.slice(at, at + length).map(({ record }) => record)));
      at += length;
    }
  }
  return lines.join('\n');
}

const REASONS: Readonly<Record<Link, string>> = {
  cause: '',
  state: '   [was so since then]',
  silence: '   [nothing came any more]',
  fault: '   [by that fault]',
};

function reason(by: Link | undefined): string {
  return by === undefined ? '' : REASONS[by];
}

function datagramsFrom(chain: readonly ChainStep[], start: number): number {
  let length = 0;
  for (const { record } of chain.slice(start)) {
    if (record.kind !== 'send' && record.kind !== 'receive') break;
    length += 1;
  }
  return length;
}

function passingOn(records: readonly TraceRecord[]): string {
  const [first, last] = [records[0]!, records.at(-1)!];
  if (records.length === 1) return describeRecord(first);
  const messages = [...new Set(records.map((record) => ('message' in record ? record.message : '')))].join(', ');
  const nodes = records.map(({ node }) => node).filter((node, at, all) => node !== all[at - 1]);
  const way = nodes.length <= 6 ? nodes.join(' → ') : `${nodes.length - 1} hops, ${[...new Set(nodes)].join(' ')}`;
  const span = last.time_ms === first.time_ms ? '' : ` until${instant(last.time_ms)}`;
  return `${instant(first.time_ms)}  ${first.node.padEnd(5)}  ${'ring'.padEnd(10)}  ${messages}: ${way}${span}`;
}
