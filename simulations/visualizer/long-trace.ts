/** Traces of any length for tests and figures: a real run, repeated with its sequences and times moved on. */
import { fileSink } from '../../runtime/trace/file-sink.ts';
import type { TraceRecord } from '../../runtime/trace/trace.ts';
import { runSeed } from '../cluster/run.ts';

export interface LongTrace {
  readonly path: string;
  readonly records: number;
  /** Sequence of the violation that is put in its middle. */
  readonly violation: number;
}

const OPTIONS = { chaos_ms: 25_000, nodeCount: 3, faults: ['crash', 'partition', 'power-loss'], guests: true } as const;

/** Writes a trace with at least `records` records to `path`: that of a run of `seed`, as often as needed. */
export function writeLongTrace(path: string, records: number, seed = 3): LongTrace {
  const [header, ...lines] = tracedRun(seed);
  const once = lines.map((line) => JSON.parse(line) as TraceRecord);
  const [steps, duration_ms] = [once.at(-1)!.sequence, once.at(-1)!.time_ms];
  const sink = fileSink(path);
  let [written, violation] = [0, 0];
  try {
    sink.write(header!);
    for (let round = 0; written < records; round += 1) {
      // A place in the order is left for the violation.
      const [by, by_ms] = [round * (steps + 1), round * duration_ms];
      for (const record of once) {
        const cause = record.cause === null ? null : record.cause + by;
        const again = record.kind === 'fault' ? { ...record, detail: renamed(record.detail, round) } : record;
        sink.write(
          JSON.stringify({ ...again, sequence: record.sequence + by, time_ms: record.time_ms + by_ms, cause }),
        );
        written += 1;
      }
      if (violation > 0 || written < records / 2) continue;
      violation = steps + 1 + by;
      const cause = once.findLast(({ kind }) => kind === 'machine')!.sequence + by;
      const stamp = { sequence: violation, time_ms: duration_ms + by_ms, node: '', actor: 'checker', cause };
      sink.write(
        JSON.stringify({ ...stamp, kind: 'violation', rule: 'I4', message: 'n1 adopted version 3 over its own 9' }),
      );
      written += 1;
    }
  } finally {
    sink.close();
  }
  return { path, records: written, violation };
}

/** Another round has other faults. */
function renamed(detail: unknown, round: number): unknown {
  const { by } = (detail ?? {}) as { readonly by?: string };
  return by === undefined ? detail : { ...(detail as object), by: `${by} of round ${round + 1}` };
}

function tracedRun(seed: number): readonly string[] {
  const lines: string[] = [];
  runSeed(seed, { options: OPTIONS, sink: (line) => void lines.push(line) });
  return lines;
}
