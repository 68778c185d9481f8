/**
 * The kernel's requests of one mount, answered from a FileSystem. Bytes in, bytes out: the mount is elsewhere.
 *
 * I1. Every request that wants an answer gets exactly one, whatever the FileSystem does: a throw becomes EIO and a line
 *     in the log, a second answer is dropped.
 * I2. While a name is being changed, requests for what lies at or below it wait: their path is only known afterwards.
 * I3. A file that is removed or replaced while somebody has it open lives on in memory until the last close; the cluster
 *     knows nothing of it (spec/pmxcfs.md Q22, §13.2.11).
 * I4. An open that makes a file may be answered before the file exists; early-files.ts says when, and who waits then.
 * I5. Names are the bytes that the kernel gives; those that aren't UTF-8, or hold U+FFFD, are refused by EILSEQ (§13.1.5).
 *
 * What has no handler is answered ENOSYS, by which the kernel knows what to do, and asks no more: xattr aren't supported,
 * symlinks and special files can't be made (§1.4).
 */
import type { Log } from '../log/log.ts';
import { EarlyFiles } from './early-files.ts';
import { EILSEQ, EIO, ENOENT, ENOSYS, EPERM, EPROTO } from './errno.ts';
import type { EntryKind, FileSystem } from './file-system.ts';
import { type FuseNode, FuseNodes } from './fuse-nodes.ts';
import * as fuse from './fuse-protocol.ts';
import { SplitWrites } from './split-writes.ts';
import { UnlinkedFile } from './unlinked-file.ts';

export interface SessionOptions {
  readonly fileSystem: FileSystem;
  /** Of all entries. */
  readonly uid: number;
  readonly gid: number;
  readonly log: Log;
  /** Gives the first `length` bytes to the kernel before it returns; false where the caller doesn't wait any more. */
  answer(bytes: Buffer, length: number): boolean;
  /** Called at the kernel's first request. */
  readonly greeted: () => void;
  /** Runs `run` after EARLY_MS. */
  later(run: () => void): void;
}

interface Request {
  readonly opcode: number;
  readonly uniqueLow: number;
  readonly uniqueHigh: number;
  readonly node: FuseNode;
  readonly body: Buffer;
  isAnswered: boolean;
}

type Listing = readonly { readonly name: string; readonly kind: EntryKind }[];

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
/** uid and gid of a chown that leaves them alone. */
const UNCHANGED = -1;

export class FuseSession {
  readonly #fileSystem: FileSystem;
  readonly #options: SessionOptions;
  readonly #nodes = new FuseNodes();
  readonly #splitWrites = new SplitWrites();
  readonly #early: EarlyFiles;
  readonly #listings = new Map<number, Listing>();
  readonly #out = Buffer.alloc(fuse.ANSWER_MAX_BYTES);
  readonly #handlers = this.#handlersByOpcode();
  #lastHandle = 0;
  /** Nodes whose names are being changed. */
  #moving = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#fileSystem = options.fileSystem;
    this.#early = new EarlyFiles({
      fileSystem: options.fileSystem,
      nodes: this.#nodes,
      later: options.later,
      again: (bytes) => this.receive(bytes),
      threw: (error) => this.#note('create', error),
    });
  }

  /** One request of the kernel. The buffer may be used again when this returns. */
  receive(bytes: Buffer): void {
    const { opcode, unique, nodeid, size } = fuse.REQUEST_HEADER;
    const id = fuse.readU64(bytes, nodeid);
    const request = {
      opcode: bytes.readUInt32LE(opcode),
      uniqueLow: bytes.readUInt32LE(unique),
      uniqueHigh: bytes.readUInt32LE(unique + 4),
      node: this.#nodes.get(id) ?? this.#nodes.root,
      body: bytes.subarray(size),
      isAnswered: false,
    };
    // Some requests are of no node.
    if (id !== 0 && request.node.id !== id) {
      this.#fail(request, -ENOENT);
      return;
    }
    const moving = this.#moving > 0 ? this.#movingAbove(request) : undefined;
    const awaited = moving ?? this.#early.awaitedBy(request.opcode, request.node, request.body);
    if (awaited !== undefined) {
      awaited.waiting?.push(Buffer.from(bytes));
      this.#early.send();
      return;
    }
    try {
      const handler = this.#handlers.get(request.opcode);
      if (handler === undefined) this.#fail(request, -ENOSYS);
      else handler(request);
    } catch (error) {
      this.#threw(request, error);
    }
  }

  #handlersByOpcode(): ReadonlyMap<number, (request: Request) => void> {
    const { OPCODE } = fuse;
    const nodes = this.#nodes;
    return new Map<number, (request: Request) => void>([
      [OPCODE.lookup, (request) => this.#lookup(request, fuse.readName(request.body, 0))],
      [OPCODE.getattr, (request) => this.#getattr(request)],
      [OPCODE.open, (request) => this.#open(request)],
      [OPCODE.read, (request) => this.#read(request)],
      [OPCODE.write, (request) => this.#write(request)],
      [OPCODE.release, (request) => this.#release(request)],
      // What was written is in the cluster; only a file that could not be made has something to tell (E3).
      [OPCODE.flush, (request) => this.#finish(request, request.node.refusal)],
      [OPCODE.fsync, (request) => this.#finish(request, request.node.refusal)],
      [OPCODE.create, (request) => this.#make(request, 'create', fuse.CREATE.name)],
      [OPCODE.mkdir, (request) => this.#make(request, 'mkdir', fuse.MKDIR.name)],
      [OPCODE.mknod, (request) => this.#make(request, 'mknod', fuse.MKNOD.name)],
      [OPCODE.unlink, (request) => this.#remove(request, 'unlink')],
      [OPCODE.rmdir, (request) => this.#remove(request, 'rmdir')],
      [OPCODE.rename, (request) => this.#rename(request)],
      [OPCODE.setattr, (request) => this.#setattr(request)],
      [OPCODE.opendir, (request) => this.#opendir(request)],
      [OPCODE.readdir, (request) => this.#readdir(request)],
      [OPCODE.releasedir, (request) => this.#releasedir(request)],
      [OPCODE.readlink, (request) => this.#readlink(request)],
      [OPCODE.statfs, (request) => this.#send(request, fuse.putStatfs(this.#out, this.#fileSystem.statfs()))],
      [OPCODE.link, (request) => this.#fail(request, -EPERM)],
      [OPCODE.forget, ({ node, body }) => nodes.forget(node, fuse.readU64(body, fuse.FORGET.count))],
      [OPCODE.batchForget, ({ body }) => this.#forgetAll(body)],
      // What was sent is sent: the caller waits for its result.
      [OPCODE.interrupt, () => {}],
      [OPCODE.init, (request) => this.#init(request)],
      [OPCODE.destroy, (request) => this.#finish(request, 0)],
    ]);
  }

  #init(request: Request) {
    if (request.body.readUInt32LE(fuse.INIT.major) < fuse.PROTOCOL_MAJOR) return this.#fail(request, -EPROTO);
    this.#send(request, fuse.putInit(this.#out, request.body));
    this.#options.greeted();
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  #lookup(request: Request, name: string) {
    const path = this.#childPath(request.node, name);
    const attributes = typeof path === 'number' ? path : this.#fileSystem.getattr(path);
    if (typeof attributes === 'number') return this.#fail(request, attributes);
    const node = this.#nodes.tell(request.node, name);
    if (!this.#send(request, fuse.putEntry(this.#out, node.id, attributes, this.#options))) this.#nodes.forget(node, 1);
  }

  #getattr(request: Request) {
    const { node } = request;
    const path = this.#nodes.pathOf(node);
    const attributes = node.unlinked?.attributes ?? (path === undefined ? -ENOENT : this.#fileSystem.getattr(path));
    if (typeof attributes === 'number') this.#fail(request, attributes);
    else this.#send(request, fuse.putGetattr(this.#out, node.id, attributes, this.#options));
  }

  #open(request: Request) {
    const { node, body } = request;
    const path = this.#nodes.pathOf(node);
    const refusal = node.unlinked !== undefined ? 0 : path === undefined ? -ENOENT : this.#fileSystem.open(path);
    const opened = (result: number) => {
      if (result < 0) return this.#fail(request, result);
      node.opens += 1;
      const length = fuse.putOpen(this.#out, fuse.ANSWER_HEADER_BYTES, 0, 'file');
      if (!this.#send(request, length)) node.opens -= 1;
    };
    const isEmptied = (body.readUInt32LE(fuse.OPEN.flags) & fuse.O_TRUNC) !== 0;
    if (refusal === 0 && isEmptied) this.#truncate(node, 0, this.#once(request, opened));
    else opened(refusal);
  }

  #release(request: Request) {
    const { node } = request;
    node.opens = Math.max(0, node.opens - 1);
    if (node.opens === 0) node.unlinked = undefined;
    this.#finish(request, 0);
  }

  #read(request: Request) {
    const { node, body } = request;
    const offset = fuse.readU64(body, fuse.TRANSFER.offset);
    const length = Math.min(body.readUInt32LE(fuse.TRANSFER.size), fuse.TRANSFER_MAX_BYTES);
    const path = this.#nodes.pathOf(node);
    const { unlinked } = node;
    const data =
      unlinked !== undefined
        ? unlinked.read(offset, length)
        : path === undefined
          ? -ENOENT
          : this.#fileSystem.read(path, offset, length);
    if (typeof data === 'number') return this.#fail(request, data);
    this.#send(request, fuse.ANSWER_HEADER_BYTES + data.copy(this.#out, fuse.ANSWER_HEADER_BYTES));
  }

  #readlink(request: Request) {
    const path = this.#nodes.pathOf(request.node);
    const target = path === undefined ? -ENOENT : this.#fileSystem.readlink(path);
    if (typeof target === 'number') return this.#fail(request, target);
    const length = this.#out.write(target, fuse.ANSWER_HEADER_BYTES, 'latin1');
    this.#send(request, fuse.ANSWER_HEADER_BYTES + length);
  }

  #opendir(request: Request) {
    this.#lastHandle += 1;
    const handle = this.#lastHandle;
    this.#listings.set(handle, []);
    const length = fuse.putOpen(this.#out, fuse.ANSWER_HEADER_BYTES, handle, 'directory');
    if (!this.#send(request, length)) this.#listings.delete(handle);
  }

  /** A listing is made when it is read from its begin, and then stays as it is. */
  #readdir(request: Request) {
    const { node, body } = request;
    const handle = fuse.readU64(body, fuse.TRANSFER.handle);
    const from = fuse.readU64(body, fuse.TRANSFER.offset);
    if (from === 0) this.#listings.set(handle, this.#list(node));
    const listing = this.#listings.get(handle) ?? [];
    const size = Math.min(body.readUInt32LE(fuse.TRANSFER.size), fuse.TRANSFER_MAX_BYTES);
    const limit = fuse.ANSWER_HEADER_BYTES + size;
    let length: number = fuse.ANSWER_HEADER_BYTES;
    for (let index = from; index < listing.length; index += 1) {
      const { name, kind } = listing[index]!;
      const end = fuse.putDirent(this.#out, length, limit, index + 1, name, kind);
      if (end === 0) break;
      length = end;
    }
    this.#send(request, length);
  }

  #releasedir(request: Request) {
    this.#listings.delete(fuse.readU64(request.body, fuse.RELEASE.handle));
    this.#finish(request, 0);
  }

  #list(node: FuseNode): Listing {
    const path = this.#nodes.pathOf(node);
    const entries = path === undefined ? [] : this.#fileSystem.readdir(path);
    return [{ name: '.', kind: 'directory' }, { name: '..', kind: 'directory' }, ...entries];
  }

  #forgetAll(body: Buffer) {
    const { entries, entrySize } = fuse.BATCH_FORGET;
    for (let left = body.readUInt32LE(fuse.BATCH_FORGET.count), at = entries; left > 0; left -= 1, at += entrySize) {
      const node = this.#nodes.get(fuse.readU64(body, at));
      if (node !== undefined) this.#nodes.forget(node, fuse.readU64(body, at + 8));
    }
  }

  // --- changing ----------------------------------------------------------------------------------------------------

  #write(request: Request) {
    const { node, body } = request;
    const offset = fuse.readU64(body, fuse.TRANSFER.offset);
    const data = body.subarray(fuse.TRANSFER.data, fuse.TRANSFER.data + body.readUInt32LE(fuse.TRANSFER.size));
    const done = this.#once(request, (result) => {
      if (result < 0 || node.refusal < 0) this.#fail(request, node.refusal || result);
      else this.#send(request, fuse.putWritten(this.#out, result));
    });
    const isEnd = offset === 0 && node.early?.isToBeEmpty === true;
    this.#early.send();
    const path = this.#nodes.pathOf(node);
    if (node.unlinked !== undefined) done(node.unlinked.write(data, offset));
    else if (path === undefined) done(-ENOENT);
    else {
      if (node.early !== undefined) node.early.isToBeEmpty = false;
      this.#fileSystem.write(path, this.#splitWrites.piece(path, data, offset), offset, done, isEnd);
    }
  }

  #truncate(node: FuseNode, size: number, done: (result: number) => void) {
    this.#early.send();
    const path = this.#nodes.pathOf(node);
    if (node.unlinked !== undefined) done(node.unlinked.truncate(size));
    else if (path === undefined) done(-ENOENT);
    else this.#fileSystem.truncate(path, size, done);
  }

  #utimens(node: FuseNode, mtime: number, done: (result: number) => void) {
    this.#early.send();
    const path = this.#nodes.pathOf(node);
    if (node.unlinked !== undefined) done(node.unlinked.utimens(mtime));
    else if (path === undefined) done(-ENOENT);
    else this.#fileSystem.utimens(path, mtime, done);
  }

  /** Mode, owner, size, times: in this order, up to the first refusal. Times are set where both are given (§1.4). */
  #setattr(request: Request) {
    const { node, body } = request;
    const valid = body.readUInt32LE(fuse.SETATTR.valid);
    const wants = (...bits: readonly (keyof typeof fuse.SETATTR_VALID)[]) =>
      bits.every((bit) => (valid & fuse.SETATTR_VALID[bit]) !== 0);
    // The body may be overwritten before the later steps run.
    const mtime = fuse.readI64(body, fuse.SETATTR.mtime);
    const times = (result: number) => {
      const last = (end: number) => (end < 0 ? this.#fail(request, end) : this.#getattr(request));
      if (result < 0 || !wants('atime', 'mtime')) last(result);
      else this.#utimens(node, mtime, this.#once(request, last));
    };
    const refusal = this.#chmod(request, wants('mode')) || this.#chown(request, wants('uid'), wants('gid'));
    if (refusal < 0) this.#fail(request, refusal);
    else if (wants('size')) {
      this.#truncate(node, fuse.readU64(body, fuse.SETATTR.size), this.#once(request, times));
    } else times(0);
  }

  #chmod({ node, body }: Request, isWanted: boolean): number {
    const path = this.#nodes.pathOf(node);
    if (!isWanted || node.unlinked !== undefined) return 0;
    return path === undefined ? -ENOENT : this.#fileSystem.chmod(path, body.readUInt32LE(fuse.SETATTR.mode));
  }

  #chown({ node, body }: Request, setsUid: boolean, setsGid: boolean): number {
    const path = this.#nodes.pathOf(node);
    if (!(setsUid || setsGid) || node.unlinked !== undefined) return 0;
    const uid = setsUid ? body.readInt32LE(fuse.SETATTR.uid) : UNCHANGED;
    const gid = setsGid ? body.readInt32LE(fuse.SETATTR.gid) : UNCHANGED;
    return path === undefined ? -ENOENT : this.#fileSystem.chown(path, uid, gid);
  }

  #make(request: Request, kind: 'create' | 'mkdir' | 'mknod', nameAt: number) {
    const { node: parent, body } = request;
    if (kind === 'mknod' && (body.readUInt32LE(fuse.MKNOD.mode) & S_IFMT) !== S_IFREG) {
      return this.#fail(request, -ENOSYS);
    }
    const name = fuse.readName(body, nameAt);
    const path = this.#childPath(parent, name);
    if (typeof path === 'number') return this.#fail(request, path);
    if (kind === 'create' && this.#openEarly(request, name, path)) return;
    this.#early.send();
    const done = this.#once(request, (result) => {
      const attributes = result < 0 ? result : this.#fileSystem.getattr(path);
      if (typeof attributes === 'number') return this.#fail(request, attributes);
      const node = this.#nodes.tell(parent, name);
      const length = fuse.putEntry(this.#out, node.id, attributes, this.#options);
      if (kind === 'create') this.#tellOpened(request, node, fuse.putOpen(this.#out, length, 0, 'file'));
      else if (!this.#send(request, length)) this.#nodes.forget(node, 1);
    });
    if (kind === 'mkdir') this.#fileSystem.mkdir(path, done);
    else this.#fileSystem.create(path, done);
  }

  /** Answers before the file exists; false where only its creation can tell (I4). */
  #openEarly(request: Request, name: string, path: string): boolean {
    const { node: parent, body } = request;
    const flags = body.readUInt32LE(fuse.CREATE.flags);
    const attributes = this.#early.foresee(parent, name, path, flags);
    if (attributes === undefined) return false;
    const node = this.#nodes.tell(parent, name);
    // The name may yet turn out not to exist, so that the kernel has to ask for it.
    const length = fuse.putEntry(this.#out, node.id, attributes, this.#options, 0);
    const isHeard = this.#tellOpened(request, node, fuse.putOpen(this.#out, length, 0, 'early'));
    if (isHeard) this.#early.begin(node, path, flags);
    return true;
  }

  /** The kernel is told of a node that was just made and opened. */
  #tellOpened(request: Request, node: FuseNode, length: number): boolean {
    node.opens += 1;
    if (this.#send(request, length)) return true;
    node.opens -= 1;
    this.#nodes.forget(node, 1);
    return false;
  }

  #remove(request: Request, kind: 'unlink' | 'rmdir') {
    this.#early.send();
    const name = fuse.readName(request.body, 0);
    const path = this.#childPath(request.node, name);
    if (typeof path === 'number') return this.#fail(request, path);
    const node = request.node.children.get(name);
    const rest = this.#restOf(node, path);
    this.#move(request, [node], (result) => {
      if (result >= 0 && node !== undefined) this.#unname(node, rest);
      this.#finish(request, result);
    })((done) => this.#fileSystem[kind](path, done));
  }

  #rename(request: Request) {
    this.#early.send();
    const parent = request.node;
    const newParent = this.#nodes.get(fuse.readU64(request.body, fuse.RENAME.parent));
    const [name, newName] = fuse.readNames(request.body, fuse.RENAME.names);
    const from = this.#childPath(parent, name);
    if (newParent === undefined) return this.#fail(request, -ENOENT);
    if (typeof from === 'number') return this.#fail(request, from);
    const to = this.#childPath(newParent, newName);
    if (typeof to === 'number') return this.#fail(request, to);
    const node = parent.children.get(name);
    const replaced = newParent.children.get(newName);
    const rest = this.#restOf(replaced, to);
    this.#move(request, [node, replaced], (result) => {
      if (result >= 0) {
        if (replaced !== undefined && replaced !== node) this.#unname(replaced, rest);
        if (node !== undefined) this.#nodes.rename(node, newParent, newName);
      }
      this.#finish(request, result);
    })((done) => this.#fileSystem.rename(from, to, done));
  }

  /** What stays of an open file when it is removed (I3). */
  #restOf(node: FuseNode | undefined, path: string): UnlinkedFile | undefined {
    return node !== undefined && node.opens > 0 ? UnlinkedFile.of(this.#fileSystem, path) : undefined;
  }

  #unname(node: FuseNode, rest: UnlinkedFile | undefined) {
    if (node.opens > 0) node.unlinked = rest;
    this.#nodes.unname(node);
  }

  /** Runs a change of these nodes' names; others who want them wait for its end (I2). */
  #move(request: Request, involved: readonly (FuseNode | undefined)[], ended: (result: number) => void) {
    const nodes = involved.filter((node): node is FuseNode => node !== undefined && node.waiting === undefined);
    for (const node of nodes) node.waiting = [];
    this.#moving += nodes.length;
    const done = this.#once(request, (result) => {
      const waiting: Buffer[] = [];
      for (const node of nodes) {
        waiting.push(...(node.waiting ?? []));
        node.waiting = undefined;
      }
      this.#moving -= nodes.length;
      ended(result);
      for (const bytes of waiting) this.receive(bytes);
    });
    return (start: (done: (result: number) => void) => void) => {
      try {
        start(done);
      } catch (error) {
        done(this.#noted(request, error));
      }
    };
  }

  #movingAbove({ opcode, node, body }: Request): FuseNode | undefined {
    for (let at: FuseNode | undefined = node; at !== undefined; at = at.parent) if (at.waiting !== undefined) return at;
    if (opcode !== fuse.OPCODE.rename) return undefined;
    let at = this.#nodes.get(fuse.readU64(body, fuse.RENAME.parent));
    for (; at !== undefined; at = at.parent) if (at.waiting !== undefined) return at;
    return undefined;
  }

  /** Or a negative errno. */
  #childPath(parent: FuseNode, name: string): string | number {
    const path = this.#nodes.pathOf(parent);
    if (!isUtf8(name)) return -EILSEQ;
    if (path === undefined) return -ENOENT;
    return path === '/' ? `/${name}` : `${path}/${name}`;
  }

  // --- answering ---------------------------------------------------------------------------------------------------

  /** Runs `then` at the first call only, and answers EIO where it throws: it may run long after `receive` (I1). */
  #once(request: Request, then: (result: number) => void): (result: number) => void {
    let isCalled = false;
    return (result) => {
      if (isCalled) return;
      isCalled = true;
      try {
        then(result);
      } catch (error) {
        this.#threw(request, error);
      }
    };
  }

  #threw(request: Request, error: unknown) {
    this.#fail(request, this.#noted(request, error));
  }

  #noted({ opcode }: Request, error: unknown): number {
    return this.#note(
      Object.entries(fuse.OPCODE).find(([, number]) => number === opcode)?.[0] ?? `request ${opcode}`,
      error,
    );
  }

  #note(what: string, error: unknown): number {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log.write('main', 'crit', `${what} failed: ${text}`);
    return -EIO;
  }

  /** 0 and more are success without anything to tell. */
  #finish(request: Request, result: number) {
    if (result < 0) this.#fail(request, result);
    else this.#send(request, fuse.ANSWER_HEADER_BYTES);
  }

  #fail(request: Request, result: number): boolean {
    this.#out.writeInt32LE(result, 4);
    return this.#put(request, fuse.ANSWER_HEADER_BYTES);
  }

  #send(request: Request, length: number): boolean {
    this.#out.writeInt32LE(0, 4);
    return this.#put(request, length);
  }

  #put(request: Request, length: number): boolean {
    if (request.isAnswered) return true;
    request.isAnswered = true;
    this.#out.writeUInt32LE(length, 0);
    this.#out.writeUInt32LE(request.uniqueLow, 8);
    this.#out.writeUInt32LE(request.uniqueHigh, 12);
    return this.#options.answer(this.#out, length);
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII is meant.
const BEYOND_ASCII = /[^\x00-\x7f]/;

function isUtf8(name: string): boolean {
  return !BEYOND_ASCII.test(name) || !Buffer.from(name, 'latin1').toString('utf8').includes('\ufffd');
}
