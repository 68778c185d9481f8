/**
 * The HostFile port: one small file of the host, outside the replicated tree (`/etc/corosync/corosync.conf`, the pid
 * file), read whole and replaced whole. Files are so small that the calls are synchronous.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';

/** What went wrong: the original's log text of domain `main`, and the system's sentence. */
export interface HostFileFailure {
  /** e.g. `Failed to create file '<tmp>': <err>`. */
  readonly message: string;
  /** The system's text alone, e.g. `Permission denied`. */
  readonly cause: string;
}

export interface HostFile {
  readonly path: string;
  /** undefined where there is no file. */
  read(): Buffer | undefined | { readonly failure: HostFileFailure };
  /** Replaces the content atomically: readers see the old or the new, never a part. */
  replace(content: Buffer): HostFileFailure | undefined;
}

export interface HostFileOptions {
  readonly mode: number;
  /** Group of the new file; undefined leaves it. */
  readonly gid?: number;
}

export function hostFile(path: string, options: HostFileOptions): HostFile {
  return {
    path,
    read: () => {
      try {
        return readFileSync(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        return { failure: { message: `Failed to read file '${path}': ${causeOf(error)}`, cause: causeOf(error) } };
      }
    },
    replace: (content) => replaceFile(path, content, options),
  };
}

function replaceFile(path: string, content: Buffer, { mode, gid }: HostFileOptions): HostFileFailure | undefined {
  const temporary = `${path}.tmp.${process.pid}`;
  let step = `create file '${temporary}'`;
  let fd: number | undefined;
  try {
    fd = openSync(temporary, 'w', mode);
    step = `change group of file '${temporary}'`;
    if (gid !== undefined) chownSync(temporary, -1, gid);
    step = `change mode of file '${temporary}'`;
    chmodSync(temporary, mode);
    step = `write file '${temporary}'`;
    writeFileSync(fd, content);
    step = `close file '${temporary}'`;
    const open = fd;
    fd = undefined;
    closeSync(open);
    step = `rename file from '${temporary}' to '${path}'`;
    renameSync(temporary, path);
    return undefined;
  } catch (error) {
    discard(temporary, fd);
    return { message: `Failed to ${step}: ${causeOf(error)}`, cause: causeOf(error) };
  }
}

function discard(temporary: string, fd: number | undefined): void {
  try {
    if (fd !== undefined) closeSync(fd);
    unlinkSync(temporary);
  } catch {
    // It was never made.
  }
}

/** `EACCES: permission denied, open '/x'` -> `Permission denied`. */
function causeOf(error: unknown): string {
  const { message } = error as Error;
  const text = /^[A-Z0-9]+: (.*?)(?:, [a-z]+.*)?$/.exec(message)?.[1] ?? message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
