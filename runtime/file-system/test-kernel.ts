/** A kernel for tests: it speaks to a FuseSession in bytes. */
import assert from 'node:assert/strict';
import type { FileSystem } from './file-system.ts';
import { ROOT_ID as ROOT } from './fuse-nodes.ts';
import { OPCODE } from './fuse-protocol.ts';
import { FuseSession } from './fuse-session.ts';

export const FILE = { mode: 0o100640, nlink: 1, size: 5, mtime: 7 };

export interface Answer {
  readonly unique: number;
  readonly error: number;
  readonly body: Buffer;
}

/** A session over a file system that has these parts only, and the kernel that speaks to it. */
export function world(parts: Partial<FileSystem>, { isHeard = true } = {}) {
  const answers: Answer[] = [];
  const lines: string[] = [];
  let greetings = 0;
  const timers: (() => void)[] = [];
  const fileSystem = new Proxy(parts, {
    get: (target, name) =>
      target[name as keyof FileSystem] ?? (name === 'foresee' ? undefined : unexpected(String(name))),
  }) as FileSystem;
  const session = new FuseSession({
    fileSystem,
    uid: 3,
    gid: 33,
    log: { write: (_domain, level, message) => lines.push(`${level} ${message}`) },
    answer: (bytes, length) => {
      assert.equal(bytes.readUInt32LE(0), length);
      const body = Buffer.from(bytes.subarray(16, length));
      answers.push({ unique: bytes.readUInt32LE(8), error: bytes.readInt32LE(4), body });
      return isHeard;
    },
    greeted: () => {
      greetings += 1;
    },
    later: (run) => timers.push(run),
  });
  let unique = 0;
  const ask = (opcode: number, node: number, ...body: readonly (Buffer | string)[]): Answer | undefined => {
    unique += 2;
    const rest = body.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`, 'latin1') : part));
    const request = Buffer.concat([Buffer.alloc(40), ...rest]);
    request.writeUInt32LE(request.length, 0);
    request.writeUInt32LE(opcode, 4);
    request.writeUInt32LE(unique, 8);
    request.writeUInt32LE(node, 16);
    session.receive(request);
    request.fill(0xff);
    const asked = unique;
    return answers.find((answer) => answer.unique === asked);
  };
  /** The number that an entry gives to a name. */
  const nodeOf = (answer: Answer | undefined): number => {
    assert.equal(answer?.error, 0);
    return answer?.body.readUInt32LE(0) ?? 0;
  };
  const lookup = (name: string, parent = ROOT) => nodeOf(ask(OPCODE.lookup, parent, name));
  return { ask, answers, lines, lookup, nodeOf, timers, greetings: () => greetings };
}

function unexpected(name: string) {
  return () => {
    throw new Error(`${name} is not expected`);
  };
}

export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => void bytes.writeInt32LE(value | 0, index * 4));
  return bytes;
}

export const openIn = (flags: number) => numbers(flags, 0);
export const createIn = (flags = 0) => numbers(flags, 0, 0, 0);
export const transfer = (offset: number, size: number) => numbers(0, 0, offset, 0, size, 0, 0, 0, 0, 0);
export const renameIn = (parent: number) => numbers(parent, 0);
