/**
 * One run in a process of its own, for tests that compare processes:
 *
 *     node traced-run.ts ORDERS        ORDERS: JSON `[{ "seed": 7, "options": {…}, "trace": "FILE" }, …]`
 *
 * writes the traces that are asked for and prints, as JSON, digest, number of records and violated rules of each run.
 */
import { fileSink } from '../../runtime/trace/file-sink.ts';
import type { GivenOptions } from '../cluster/options.ts';
import { runSeed } from '../cluster/run.ts';

export interface RunOrder {
  readonly seed: number;
  readonly options: GivenOptions;
  /** Where its trace goes. */
  readonly trace?: string;
}

export interface RunOutcome {
  readonly seed: number;
  readonly digest: string;
  readonly records: number;
  readonly rules: readonly string[];
}

function run({ seed, options, trace }: RunOrder): RunOutcome {
  const file = trace === undefined ? undefined : fileSink(trace);
  const sink = file && ((line: string) => void file.write(line));
  const { digest, records, violations, crash } = runSeed(seed, { options, sink });
  file?.close();
  return {
    seed,
    digest,
    records,
    rules: [...violations.map(({ rule }) => rule), ...(crash === undefined ? [] : [crash])],
  };
}

const orders = JSON.parse(process.argv[2] ?? '[]') as readonly RunOrder[];
process.stdout.write(JSON.stringify(orders.map(run)));
