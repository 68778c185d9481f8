/** The context of a machine around a record: records tell changes alone, so they are read back until all keys are known. */
import type { MachineRecord } from '../../../runtime/trace/trace.ts';
import type { Run } from '../run/run.ts';

export interface KnownContext {
  readonly entries: readonly {
    readonly key: string;
    readonly before: unknown;
    readonly after: unknown;
    readonly hasChanged: boolean;
  }[];
  /** The machine's begin was reached. */
  readonly isComplete: boolean;
}

/** Records that are read back at most. */
const mostRecords = 3000;
const rest_ms = 60;

/** `isStale` is asked now and then: nobody waits any more. */
export async function contextUpTo(run: Run, at: number, isStale: () => boolean): Promise<KnownContext> {
  // Whoever scrubs doesn't look at contexts.
  await new Promise((resolve) => setTimeout(resolve, rest_ms));
  const { changed } = (await run.record(at)) as MachineRecord;
  const before = new Map<string, unknown>();
  const track = run.tracks[at];
  let isComplete = run.before[at] === 0 || isStale();
  let read = 0;
  for (let to = at - 1; to >= 0 && !isComplete && read < mostRecords; to -= 1) {
    if (run.tracks[to] !== track) continue;
    read += 1;
    const record = (await run.record(to)) as MachineRecord;
    for (const [key, value] of Object.entries(record.changed)) if (!before.has(key)) before.set(key, value);
    isComplete = run.before[to] === 0;
    if (isStale()) break;
  }
  const keys = [...new Set([...Object.keys(changed), ...before.keys()])].sort();
  return {
    entries: keys.map((key) => ({
      key,
      before: before.get(key),
      after: key in changed ? changed[key] : before.get(key),
      hasChanged: key in changed,
    })),
    isComplete,
  };
}
