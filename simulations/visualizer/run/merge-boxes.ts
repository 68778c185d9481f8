/**
 * One trace out of the black boxes of several nodes: records in the order of their wall clocks, with sequences of their own. Each process
 * of a node has counted for itself, and its times begin at its own origin; a clock that was wrong puts its records in a wrong place,
 * and nothing here hides that.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nodeLayout } from '../../../runtime/node/layout.ts';
import { headerOf, recordOf, TraceUnreadable, traceLines } from '../../../runtime/trace/reader.ts';
import { type TraceHeader, type TraceRecord, trace_version } from '../../../runtime/trace/trace.ts';

/** What nodes write now, without what they wrote before: one file for each process. */
export function currentBoxes(directories: readonly string[]): readonly string[] {
  return directories.flatMap(boxesBelow).filter((path) => path.endsWith('.jsonl'));
}

/** Black boxes of the nodes in a directory, of the node whose directory it is, or of the logs in it; oldest file first. */
export function boxesBelow(directory: string): readonly string[] {
  const own = boxesIn(directory);
  if (own.length > 0) return own;
  const node = boxesIn(nodeLayout(directory).logDirectory);
  if (node.length > 0) return node;
  return directoriesIn(directory).flatMap((name) => boxesIn(nodeLayout(join(directory, name)).logDirectory));
}

function boxesIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => /^black-box[\w-]*\.jsonl(?:\.\d+)?$/.test(name));
  const age = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
  return names.sort((a, b) => age(b) - age(a) || (a < b ? -1 : 1)).map((name) => join(directory, name));
}

function directoriesIn(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory() ?? false)
    .sort();
}

interface Placed {
  readonly record: TraceRecord;
  readonly wall_ms: number;
  /** Process that wrote it: sequences are its own. */
  readonly writer: string;
}

export interface MergedTrace {
  readonly header: TraceHeader;
  readonly records: readonly TraceRecord[];
}

/** Rejects with `TraceUnreadable`. A last line that was cut off is left out. */
export async function mergeBoxes(paths: readonly string[]): Promise<MergedTrace> {
  const placed: Placed[] = [];
  const nodes = new Set<string>();
  for (const path of paths) {
    for await (const one of placedIn(path)) {
      placed.push(one);
      if (one.record.node !== '') nodes.add(one.record.node);
    }
  }
  placed.sort((a, b) => a.wall_ms - b.wall_ms || a.record.sequence - b.record.sequence);
  const origin_wall_ms = placed[0]?.wall_ms ?? 0;
  const sequences = new Map<string, number>();
  const records = placed.map(({ record, wall_ms, writer }, at) => {
    sequences.set(`${writer} ${record.sequence}`, at + 1);
    const cause = record.cause === null ? null : (sequences.get(`${writer} ${record.cause}`) ?? null);
    return { ...record, sequence: at + 1, time_ms: wall_ms - origin_wall_ms, cause };
  });
  const header = { trace: trace_version, source: 'node', nodes: [...nodes].sort(), origin_wall_ms } as const;
  return { header, records };
}

async function* placedIn(path: string): AsyncGenerator<Placed> {
  let header: TraceHeader | undefined;
  let number = 0;
  for await (const { text } of traceLines(path)) {
    number += 1;
    header ??= headerOf(text, path);
    const record = recordOf(text);
    if (record === undefined) throw new TraceUnreadable(`${path}, line ${number}: no record of a trace`);
    if ('trace' in record) {
      header = record;
      continue;
    }
    const { origin_wall_ms = 0 } = header;
    const part = /black-box([\w-]*)/.exec(path)?.[1] ?? '';
    const writer = `${record.node}${part}@${origin_wall_ms}`;
    yield { record, wall_ms: origin_wall_ms + record.time_ms, writer };
  }
}
