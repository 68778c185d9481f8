/** A sink from trace lines to a file, in blocks and at once: a simulation has no promises, and 10 million lines no place in memory. */
import { closeSync, openSync, writeSync } from 'node:fs';

const block_characters = 65_536;

export interface FileSink {
  /** The sink of a `TraceWriter`. Throws where the file can't be written. */
  write(line: string): boolean;
  /** Writes what is left. */
  close(): void;
}

/** Replaces the file. Throws where it can't be opened. */
export function fileSink(path: string): FileSink {
  const file = openSync(path, 'w', 0o640);
  let block = '';
  const flush = (): void => {
    const bytes = Buffer.from(block, 'utf8');
    block = '';
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  };
  return {
    write: (line) => {
      block += `${line}\n`;
      if (block.length >= block_characters) flush();
      return true;
    },
    close: () => {
      flush();
      closeSync(file);
    },
  };
}
