import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

/** One number kept on disk: ring sequences and expected votes (spec/pmxcfs.md §7.3, §7.4 "stored on disk before use"). */
export interface NumberFile {
  /** 0 where there is no file yet. Throws with a sentence when the file doesn't hold a number. */
  load(): number;
  /** Durable when it returns. */
  save(value: number): void;
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
      const value = Number(text.trim());
      if (!Number.isSafeInteger(value) || value < 0 || text.trim() === '') {
        throw new Error(`'${path}' does not hold a number: delete it if no other node of the cluster is running`);
      }
      return value;
    },
    save(value) {
      const temporary = `${path}.tmp`;
      const file = openSync(temporary, 'w', 0o600);
      try {
        writeSync(file, `${value}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
    },
  };
}
