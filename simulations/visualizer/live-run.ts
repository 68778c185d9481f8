/**
 * What running nodes do, as their black boxes tell it: read again when somebody asks and something was written since. It costs the
 * nodes nothing, for they keep their black boxes anyway.
 */
import { statSync } from 'node:fs';
import { currentBoxes } from './run/merge-boxes.ts';
import { boxedRun } from './run/prepare-run.ts';

export interface LiveRun {
  /** Changes when something was written. */
  readonly mark: string;
  readonly bytes: Buffer;
}

/** `directories` are those of nodes, or hold them. Rejects with `UsageProblem` where nothing is there. */
export function liveRun(directories: readonly string[]): () => Promise<LiveRun> {
  let last: Promise<LiveRun> | undefined;
  let lastMark = '';
  return () => {
    const paths = currentBoxes(directories);
    const mark = paths.map((path) => `${path} ${sizeOf(path)}`).join('\n');
    if (last === undefined || mark !== lastMark) {
      lastMark = mark;
      last = boxedRun(paths, 'running nodes').then((bytes) => ({ mark: markText(mark), bytes }));
      // Who asks next tries anew.
      last.catch(() => {
        last = undefined;
      });
    }
    return last;
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Short enough for a header. */
function markText(mark: string): string {
  return mark.replaceAll(/[^\n]*\/|[^\x20-\x7e]/g, '').slice(-200);
}
