/**
 * An append-only file that never takes more than its share of the disk: `path`, `path.1`, … `path.<keep>`, each up to
 * `max_bytes`. Writes are synchronous, so that the last lines before an end are there; whoever must not wait for a
 * disk writes from another process (the lines of isolated children go through their supervisor).
 */
import { closeSync, fstatSync, fsync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

export interface RotatingFileOptions {
  readonly path: string;
  readonly max_bytes: number;
  /** Number of older files that are kept. */
  readonly keep: number;
  /** Written first into every new file; with its newline. */
  readonly firstLine?: () => string;
}

export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #fd: number | undefined;
  #size_bytes = 0;
  #lost = 0;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#open();
  }

  /** Lines that could not be written, for want of space or of a writable file. */
  get lost(): number {
    return this.#lost;
  }

  /** Of the newest file. */
  get size_bytes(): number {
    return this.#size_bytes;
  }

  /** Appends one line with its newline. Never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line, 'utf8');
    try {
      if (this.#fd === undefined) this.#open();
      if (this.#size_bytes > 0 && this.#size_bytes + bytes.length > this.#options.max_bytes) this.#rotate();
      if (this.#fd === undefined) throw new Error('not open');
      this.#size_bytes += writeSync(this.#fd, bytes);
    } catch {
      this.#lost += 1;
      this.close();
    }
  }

  /** Asks for what was written to be safe on the disk; doesn't wait for it. */
  sync(): void {
    if (this.#fd !== undefined) fsync(this.#fd, () => {});
  }

  /** Closes the file; a later write opens it anew (also after somebody else moved it away). */
  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    this.#size_bytes = 0;
    if (fd === undefined) return;
    try {
      closeSync(fd);
    } catch {
      // Nothing is left to close.
    }
  }

  #open(): void {
    try {
      const fd = openSync(this.#options.path, 'a', 0o640);
      this.#fd = fd;
      this.#size_bytes = fstatSync(fd).size;
      const { firstLine } = this.#options;
      if (this.#size_bytes === 0 && firstLine !== undefined) this.#size_bytes = writeSync(fd, firstLine());
    } catch {
      this.#fd = undefined;
    }
  }

  #rotate(): void {
    const { path, keep } = this.#options;
    this.close();
    if (keep === 0) rmSync(path, { force: true });
    for (let age = keep; age > 0; age -= 1) {
      try {
        renameSync(age === 1 ? path : `${path}.${age - 1}`, `${path}.${age}`);
      } catch {
        // There are fewer old files than may be kept.
      }
    }
    this.#open();
  }
}
