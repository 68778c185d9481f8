/** A file for the trace of a live node, bounded in memory and on disk: what is too much is lost, and said once. */
import { createWriteStream } from 'node:fs';
import { lineSink } from './line-sink.ts';

/** Waiting for the disk, at most. */
const backlog_bytes = 16 * 1_048_576;

export interface BoundedFile {
  /** False when the line is lost. */
  write(line: string): boolean;
  /** Resolves when what was taken is in the file. */
  close(): Promise<void>;
}

/** Replaces the file at `path`. `complain` gets one sentence when the first line is lost, or the file can't be written. */
export function boundedFile(path: string, max_bytes: number, complain: (sentence: string) => void): BoundedFile {
  const stream = createWriteStream(path, { mode: 0o640 });
  let left_bytes = max_bytes;
  let isTold = false;
  const tell = (why: string): false => {
    if (!isTold) complain(`the trace in ${path} is incomplete from now on: ${why}`);
    isTold = true;
    return false;
  };
  stream.once('error', (error) => tell(error.message));
  const sink = lineSink(stream, backlog_bytes);
  return {
    write: (line) => {
      left_bytes -= Buffer.byteLength(line) + 1;
      if (left_bytes < 0) return tell('it has its greatest size');
      return sink(line) || tell('the disk is slow, full or not there');
    },
    close: () =>
      new Promise((resolve) => {
        stream.end(() => resolve());
      }),
  };
}
