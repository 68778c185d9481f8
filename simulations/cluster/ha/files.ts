/**
 * `/etc/pve` as a daemon of a simulated node uses it: calls of a program on the mount. They take time; while nothing is mounted they
 * fail; those that a process of pmxcfs leaves open when it dies are cut off; a program that dies makes no further call.
 */

import type { Answer, ClusterFiles } from '../../../actors/ha/ports.ts';
import { EEXIST, ENOENT, ENOTDIR } from '../../../runtime/file-system/errno.ts';
import type { Errno } from '../../../runtime/file-system/file-system.ts';
import type { SeededRandom } from '../../../runtime/random/seeded.ts';
import type { Daemon } from '../node.ts';
import type { SimulatedProcess } from '../process.ts';
import type { HaSurroundings } from './surroundings.ts';

const ENOTCONN = 107;
const ECONNABORTED = 103;
const ETIMEDOUT = 110;
/** A program doesn't wait longer for a process that stands still. */
const PATIENCE_MS = 10_000;
const MOST_BYTES = 1_048_576;
const DIRECTORY_BIT = 0o040000;
const KIND_BITS = 0o170000;

export interface FilesPlace {
  readonly world: HaSurroundings;
  readonly nodeid: number;
  /** Whoever asks. */
  readonly process: SimulatedProcess;
  readonly pid: number;
  readonly random: SeededRandom;
  /** Told of each call when it begins. */
  readonly called?: (call: FileCall) => void;
}

export interface FileCall {
  readonly op: keyof ClusterFiles;
  readonly path: string;
  readonly to?: string;
  readonly mtime_s?: number;
  readonly content?: Buffer;
}

type Perform<Value> = (daemon: Daemon, done: (value: Value) => void) => void;

/** Calls on the mount of a node that wait for its pmxcfs. */
export class OpenCalls {
  readonly #waiting = new Set<(result: Errno) => void>();

  add(cutOff: (result: Errno) => void): void {
    this.#waiting.add(cutOff);
  }

  delete(cutOff: (result: Errno) => void): void {
    this.#waiting.delete(cutOff);
  }

  /** pmxcfs is gone. */
  cutOff(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const end of waiting) end(-ECONNABORTED);
  }
}

export function simulatedFiles(place: FilesPlace, open: OpenCalls): ClusterFiles {
  const { world, nodeid, process, pid, random, called = () => {} } = place;
  const ask = <Value>(call: FileCall, perform: Perform<Value | Errno>, answer: Answer<Value | Errno>): void => {
    called(call);
    const cause = world.trace.current;
    let isOver = false;
    const end = (value: Value | Errno): void => {
      if (isOver) return;
      isOver = true;
      open.delete(end);
      process.run(() => world.trace.within(cause, () => answer(value)));
    };
    world.clock.setTimeout(
      () => {
        if (process.isDead) return;
        const daemon = world.node(nodeid).process;
        if (daemon === undefined) {
          end(-ENOTCONN);
          return;
        }
        open.add(end);
        daemon.process.run(() => world.trace.within(cause, () => perform(daemon, end)));
        if (!isOver) world.clock.setTimeout(() => end(-ETIMEDOUT), PATIENCE_MS);
      },
      latencyOf(world, random),
    );
  };
  return {
    read: (path, done) => ask<Buffer>({ op: 'read', path }, (daemon, end) => end(contentOf(daemon, path)), done),
    list: (path, done) =>
      ask<readonly string[]>({ op: 'list', path }, (daemon, end) => end(namesIn(daemon, path)), done),
    replace: (path, content, done) =>
      ask<Errno>(
        { op: 'replace', path, content },
        (daemon, end) => replace({ daemon, process, pid, path, content }, end),
        done,
      ),
    mkdir: (path, done) => ask<Errno>({ op: 'mkdir', path }, ({ node }, end) => node.fileSystem.mkdir(path, end), done),
    rmdir: (path, done) => ask<Errno>({ op: 'rmdir', path }, ({ node }, end) => node.fileSystem.rmdir(path, end), done),
    unlink: (path, done) =>
      ask<Errno>({ op: 'unlink', path }, ({ node }, end) => node.fileSystem.unlink(path, end), done),
    rename: (path, to, done) =>
      ask<Errno>({ op: 'rename', path, to }, ({ node }, end) => node.fileSystem.rename(path, to, end), done),
    setTime: (path, mtime_s, done) =>
      ask<Errno>(
        { op: 'setTime', path, mtime_s },
        ({ node }, end) => node.fileSystem.utimens(path, mtime_s, end),
        done,
      ),
    published: (key, done) =>
      ask<Readonly<Record<string, string>>>(
        { op: 'published', path: key },
        (daemon, end) => end(published(world, daemon, key)),
        done,
      ),
  };
}

function latencyOf({ options }: HaSurroundings, random: SeededRandom): number {
  const [min, max] = options.ha?.answer_ms ?? [0, 0];
  return min + random.unit() * (max - min);
}

function contentOf({ node }: Daemon, path: string): Buffer | Errno {
  const attributes = node.fileSystem.getattr(path);
  if (typeof attributes === 'number') return attributes;
  const data = node.fileSystem.read(path, 0, MOST_BYTES);
  // The caller keeps it; the tree's own must not be shared.
  return typeof data === 'number' ? data : Buffer.from(data);
}

function namesIn({ node }: Daemon, path: string): readonly string[] | Errno {
  const attributes = node.fileSystem.getattr(path);
  if (typeof attributes === 'number') return attributes;
  if ((attributes.mode & KIND_BITS) !== DIRECTORY_BIT) return -ENOTDIR;
  return node.fileSystem
    .readdir(path)
    .map(({ name }) => name)
    .sort();
}

function published(world: HaSurroundings, { node }: Daemon, key: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const { name } of world.nodes) {
    const value = node.status.get(key, name);
    if (value !== undefined) values[name] = value.toString('latin1').replace(/\0+$/, '');
  }
  return values;
}

interface Replacement {
  readonly daemon: Daemon;
  readonly process: SimulatedProcess;
  readonly pid: number;
  readonly path: string;
  readonly content: Buffer;
}

/** As a program does it: a new file is written beside the old one and takes its place. */
function replace({ daemon, process, pid, path, content }: Replacement, end: (result: Errno) => void): void {
  const { fileSystem } = daemon.node;
  const draft = `${path}.tmp.${pid}`;
  const next = (isExpected: (result: number) => boolean, step: () => void) => (result: number) => {
    if (process.isDead) return;
    if (isExpected(result)) step();
    else end(result);
  };
  const isDone = (result: number): boolean => result >= 0;
  const put = next(isDone, () => fileSystem.rename(draft, path, end));
  const write = next(isDone, () => fileSystem.write(draft, content, 0, put));
  const create = next(
    (result) => result >= 0 || result === -ENOENT,
    () => fileSystem.create(draft, write),
  );
  fileSystem.create(
    draft,
    // What a write that was given up has left.
    (result) => (result === -EEXIST ? fileSystem.unlink(draft, create) : write(result)),
  );
}
