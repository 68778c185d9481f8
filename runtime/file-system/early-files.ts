/**
 * Files that are open here while the cluster still decides on their creation.
 *
 * The kernel holds a directory's lock until CREATE is answered, and the creator's first write can only follow the answer. So an
 * open that makes a file is answered as soon as nothing known here speaks against it, and what promises something waits instead:
 * write, flush (close) and fsync (spec/pmxcfs.md §13.2.1). Only an open with O_EXCL is a promise of its own, and with O_APPEND the
 * kernel must know the size: both wait for the cluster.
 *
 * States of a file: unsent (until the first other change, or EARLY_MS), sent, settled (it is an ordinary file, or refused).
 *
 * E1. A creation is sent before every change that is asked for after it. It waits that long so that file and first write leave in
 *     one datagram.
 * E2. Whoever asks for the name, the file or the listing waits until it is settled; only writes to it go ahead, behind the creation
 *     in the agreed order.
 * E3. Of a creation that fails, the errno is told by every write, flush and fsync of those who have it open; its name is gone. That
 *     another node was faster is no failure: open without O_EXCL means the file that exists then.
 */
import { EEXIST, EIO } from './errno.ts';
import type { FileAttributes, FileSystem } from './file-system.ts';
import type { EarlyFile, FuseNode, FuseNodes } from './fuse-nodes.ts';
import * as fuse from './fuse-protocol.ts';

/** How long a creation waits for its first write. */
export const EARLY_MS = 1;
/** More files at once than this are created as ever, one after the other: somebody opens without closing, or the ring stands. */
const EARLY_MAX = 64;

export interface EarlyFilesOptions {
  readonly fileSystem: FileSystem;
  readonly nodes: FuseNodes;
  /** Runs `run` after EARLY_MS. */
  later(run: () => void): void;
  /** Takes a request that has waited. */
  again(request: Buffer): void;
  /** Writes down what the file system has thrown. */
  threw(error: unknown): void;
}

export class EarlyFiles {
  readonly #options: EarlyFilesOptions;
  readonly #files = new Set<EarlyFile>();
  #unsent: EarlyFile[] = [];

  constructor(options: EarlyFilesOptions) {
    this.#options = options;
  }

  /** What to tell of a file that would be opened with these flags before it exists; undefined: only its creation can tell. */
  foresee(parent: FuseNode, name: string, path: string, flags: number): FileAttributes | undefined {
    if ((flags & (fuse.O_EXCL | fuse.O_APPEND)) !== 0 || this.#files.size >= EARLY_MAX) return undefined;
    // A file that another node has removed may still be open here under this name.
    if ((parent.children.get(name)?.opens ?? 0) > 0) return undefined;
    return this.#options.fileSystem.foresee?.(path);
  }

  /** The node was told of as a file that exists. */
  begin(node: FuseNode, path: string, flags: number): void {
    const file: EarlyFile = { path, node, isToBeEmpty: (flags & fuse.O_TRUNC) !== 0, waiting: [] };
    node.early = file;
    this.#files.add(file);
    this.#unsent.push(file);
    if (this.#unsent.length === 1) this.#options.later(() => this.send());
  }

  /** E1: to be called before any other change is sent. */
  send(): void {
    if (this.#unsent.length === 0) return;
    const files = this.#unsent;
    this.#unsent = [];
    for (const file of files) this.#create(file);
  }

  /** The file that this request has to wait for. */
  awaitedBy(opcode: number, node: FuseNode, body: Buffer): EarlyFile | undefined {
    if (this.#files.size === 0) return undefined;
    const { OPCODE } = fuse;
    switch (opcode) {
      case OPCODE.write:
      case OPCODE.release:
      case OPCODE.forget:
        return undefined;
      case OPCODE.lookup:
      case OPCODE.unlink:
      case OPCODE.rmdir:
        return node.children.get(fuse.readName(body, 0))?.early;
      case OPCODE.create:
        return node.children.get(fuse.readName(body, fuse.CREATE.name))?.early;
      case OPCODE.mkdir:
        return node.children.get(fuse.readName(body, fuse.MKDIR.name))?.early;
      case OPCODE.mknod:
        return node.children.get(fuse.readName(body, fuse.MKNOD.name))?.early;
      case OPCODE.rename: {
        const [from, to] = fuse.readNames(body, fuse.RENAME.names);
        const target = this.#options.nodes.get(fuse.readU64(body, fuse.RENAME.parent));
        return node.children.get(from)?.early ?? target?.children.get(to)?.early;
      }
      case OPCODE.readdir:
        for (const file of this.#files) if (file.node.parent === node) return file;
        return undefined;
      default:
        return node.early;
    }
  }

  #create(file: EarlyFile): void {
    const { fileSystem } = this.#options;
    const isPreceded = (result: number) => result === -EEXIST;
    this.#attempt(
      file,
      (done) => fileSystem.create(file.path, done),
      (result) => {
        if (!isPreceded(result)) this.#settle(file, result);
        else if (!file.isToBeEmpty) this.#settle(file, 0);
        else {
          this.#attempt(
            file,
            (done) => fileSystem.truncate(file.path, 0, done),
            (end) => this.#settle(file, end),
          );
        }
      },
    );
  }

  #attempt(file: EarlyFile, start: (done: (result: number) => void) => void, then: (result: number) => void): void {
    let isDone = false;
    const once = (result: number) => {
      if (isDone || !this.#files.has(file)) return;
      isDone = true;
      then(result);
    };
    try {
      start(once);
    } catch (error) {
      this.#options.threw(error);
      once(-EIO);
    }
  }

  #settle(file: EarlyFile, result: number): void {
    const { node, waiting } = file;
    this.#files.delete(file);
    node.early = undefined;
    if (result < 0) {
      node.refusal = result;
      this.#options.nodes.unname(node);
    }
    for (const request of waiting) this.#options.again(request);
  }
}
