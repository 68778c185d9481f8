/**
 * Keeps a file readable for those who have it open when it is removed or replaced, without telling the cluster
 * (spec/pmxcfs.md Q22, §13.2.11).
 *
 * libfuse renames such a file to `.fuse_hidden<16 hex digits>` in its directory, and unlinks that name on the last close.
 * Here that rename becomes the removal of the file, and the hidden name lives on in this process only: it is found by
 * its name, never listed, never replicated.
 *
 * I1. A hidden name made by this process never reaches the file system below.
 * I2. A `.fuse_hidden…` name that the file system below holds (another daemon wrote it) is an ordinary file.
 * I3. A replaced file is removed just before the rename that replaces it: libfuse asks for both apart, and answers the
 *     first before it says that the second follows. The original has the same gap.
 */
import type { Done, Errno, FileAttributes, FileSystem } from './file-system.ts';
import { UnlinkedFile } from './unlinked-file.ts';

const HIDDEN_NAME = /^\.fuse_hidden[0-9a-f]{16}$/;

/** `inner` with the hidden names of libfuse kept in memory. Costs one comparison per call while nothing is hidden. */
export function withHiddenFiles(inner: FileSystem): FileSystem {
  return new HiddenFiles(inner);
}

class HiddenFiles implements FileSystem {
  readonly #inner: FileSystem;
  readonly #hidden = new Map<string, UnlinkedFile>();

  constructor(inner: FileSystem) {
    this.#inner = inner;
  }

  getattr(path: string): FileAttributes | Errno {
    return this.#find(path)?.attributes ?? this.#inner.getattr(path);
  }

  readdir(path: string): ReturnType<FileSystem['readdir']> {
    return this.#inner.readdir(path);
  }

  readlink(path: string): string | Errno {
    return this.#inner.readlink(path);
  }

  open(path: string): Errno {
    return this.#find(path) === undefined ? this.#inner.open(path) : 0;
  }

  read(path: string, offset: number, length: number): Buffer | Errno {
    const file = this.#find(path);
    return file === undefined ? this.#inner.read(path, offset, length) : file.read(offset, length);
  }

  statfs(): ReturnType<FileSystem['statfs']> {
    return this.#inner.statfs();
  }

  chmod(path: string, mode: number): Errno {
    return this.#inner.chmod(path, mode);
  }

  chown(path: string, uid: number, gid: number): Errno {
    return this.#inner.chown(path, uid, gid);
  }

  write(path: string, data: Buffer, offset: number, done: Done, isEnd?: boolean): void {
    const file = this.#find(path);
    if (file === undefined) this.#inner.write(path, data, offset, done, isEnd);
    else done(file.write(data, offset));
  }

  truncate(path: string, size: number, done: Done): void {
    const file = this.#find(path);
    if (file === undefined) this.#inner.truncate(path, size, done);
    else done(file.truncate(size));
  }

  create(path: string, done: Done): void {
    this.#inner.create(path, done);
  }

  mkdir(path: string, done: Done): void {
    this.#inner.mkdir(path, done);
  }

  unlink(path: string, done: Done): void {
    if (this.#hidden.size > 0 && this.#hidden.delete(path)) done(0);
    else this.#inner.unlink(path, done);
  }

  rmdir(path: string, done: Done): void {
    this.#inner.rmdir(path, done);
  }

  rename(from: string, to: string, done: Done): void {
    const file = isHiding(from, to) ? UnlinkedFile.of(this.#inner, from) : undefined;
    if (file === undefined) this.#inner.rename(from, to, done);
    else this.#hide(from, to, file, done);
  }

  utimens(path: string, mtime: number, done: Done): void {
    const file = this.#find(path);
    if (file === undefined) this.#inner.utimens(path, mtime, done);
    else done(file.utimens(mtime));
  }

  #find(path: string): UnlinkedFile | undefined {
    return this.#hidden.size === 0 ? undefined : this.#hidden.get(path);
  }

  #hide(from: string, to: string, file: UnlinkedFile, done: Done): void {
    this.#inner.unlink(from, (result) => {
      if (result === 0) this.#hidden.set(to, file);
      done(result);
    });
  }
}

/** libfuse hides a name within its own directory only. */
function isHiding(from: string, to: string): boolean {
  const slash = to.lastIndexOf('/');
  return (
    HIDDEN_NAME.test(to.slice(slash + 1)) && from.lastIndexOf('/') === slash && from.startsWith(to.slice(0, slash + 1))
  );
}
