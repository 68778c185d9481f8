import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * One number kept on disk: ring sequences and expected votes (spec/pmxcfs.md §7.3, §7.4 "stored on disk before use").
 *
 * Written over the old one at the same length, which needs no space: a full disk stops no node that has a number already. So
 * few bytes lie in one sector, which a disk writes whole or not at all.
 */
export interface SaveFailure {
  readonly message: string;
}

/** Digits of the greatest safe number, filled up with blanks. */
const WIDTH = 16;

export interface NumberFile {
  /** 0 where there is no file, or an empty one: the first `save` never ended. Throws with a sentence when it doesn't hold a number. */
  load(): number;
  /** Durable when it returns undefined; else the reason why it may not be. */
  save(value: number): SaveFailure | undefined;
}

export function numberFile(path: string): NumberFile {
  return {
    load() {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
        throw error;
      }
      if (text === '') return 0;
      const value = Number(text.trim());
      if (!Number.isSafeInteger(value) || value < 0 || text.trim() === '') {
        throw new Error(`'${path}' does not hold a number: delete it if no other node of the cluster is running`);
      }
      return value;
    },
    save(value) {
      try {
        overwrite(path, `${String(value).padEnd(WIDTH)}\n`);
        return undefined;
      } catch (error) {
        return { message: `'${path}' can't be written: ${(error as Error).message}` };
      }
    },
  };
}

function overwrite(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    if (writeSync(file, text, 0) !== text.length) throw new Error('the disk took a part only');
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
