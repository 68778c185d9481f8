/**
 * A client of a mount, in a process of its own: it blocks in system calls. Times each operation on its own.
 *
 * Directories are made fresh for every request, and emptied again outside of the measured time.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import type {
  ClientOptions,
  ClientRequest,
  CreateAnswer,
  Operation,
  PersistAnswer,
  RoundAnswer,
} from './file-operations.ts';
import { type Summary, summary } from './statistics.ts';
import { serveRequests, workerOptions } from './worker-protocol.ts';

const KIBIBYTE = Buffer.alloc(1024, 'a');
const OTHER_KIBIBYTE = Buffer.alloc(1024, 'b');
const LINE = KIBIBYTE.subarray(0, 128);
const READ_BUFFER = Buffer.alloc(65_536);
const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = fs.constants;
/** As the reference was measured: the open itself is a promise. */
const EXCLUSIVE = O_WRONLY | O_CREAT | O_EXCL;
const PLAIN = O_WRONLY | O_CREAT | O_TRUNC;
/** Attributes and names stay in the kernel for a second. */
const CACHED_MS = 1100;

const { directory } = workerOptions<ClientOptions>();
let runs = 0;
let oldFiles: readonly string[] = [];
let oldFilesTouched_ms = 0;

function put(path: string, data: Buffer, flags: number): void {
  const file = fs.openSync(path, flags, 0o640);
  fs.writeSync(file, data);
  fs.closeSync(file);
}

function get(path: string): void {
  const file = fs.openSync(path, 'r');
  while (fs.readSync(file, READ_BUFFER) > 0);
  fs.closeSync(file);
}

function timed<Item>(items: readonly Item[], run: (item: Item) => void): Summary {
  const durations_ms = items.map((item) => {
    const started = process.hrtime.bigint();
    run(item);
    return Number(process.hrtime.bigint() - started) / 1e6;
  });
  return summary(durations_ms);
}

function sleep(duration_ms: number): void {
  if (duration_ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration_ms);
}

/** Files that nobody has touched for so long that the kernel has forgotten them. */
function statOldFiles(count: number): Summary {
  if (oldFiles.length === 0) {
    fs.mkdirSync(join(directory, 'old'), { recursive: true });
    oldFiles = Array.from({ length: count }, (_, at) => join(directory, 'old', `f${at}`));
    for (const path of oldFiles) put(path, LINE, O_WRONLY | O_CREAT);
    oldFilesTouched_ms = performance.now();
  }
  sleep(oldFilesTouched_ms + CACHED_MS - performance.now());
  fs.statSync(join(directory, 'old'));
  const times = timed(oldFiles, (path) => {
    fs.statSync(path);
  });
  oldFilesTouched_ms = performance.now();
  return times;
}

function round(count: number, operations: readonly Operation[]): RoundAnswer {
  runs += 1;
  const base = join(directory, `r${runs}`);
  fs.mkdirSync(base, { recursive: true });
  const wants = new Set(operations);
  const found: Partial<Record<Operation, Summary>> = {};
  if (wants.has('stat')) found.stat = statOldFiles(count);
  const files = Array.from({ length: count }, (_, at) => join(base, `f${at}`));
  const made = timed(files, (path) => put(path, KIBIBYTE, EXCLUSIVE));
  if (wants.has('create')) found.create = made;
  if (wants.has('create without O_EXCL')) found['create without O_EXCL'] = makeOtherwise(base, count);
  if (wants.has('overwrite')) found.overwrite = timed(files, (path) => put(path, OTHER_KIBIBYTE, O_WRONLY | O_TRUNC));
  if (wants.has('append')) found.append = timed(files, (path) => put(path, LINE, O_WRONLY | O_APPEND));
  if (wants.has('read')) found.read = timed(files, get);
  let names = files;
  if (wants.has('rename')) {
    found.rename = timed(files, (path) => fs.renameSync(path, `${path}.r`));
    names = files.map((path) => `${path}.r`);
  }
  const removed = timed(names, (path) => fs.unlinkSync(path));
  if (wants.has('unlink')) found.unlink = removed;
  if (wants.has('mkdir')) found.mkdir = makeDirectories(base, 'd', count);
  if (wants.has('lock')) {
    const locks = join(directory, '..', 'priv', 'lock');
    fs.mkdirSync(locks, { recursive: true });
    found.lock = makeDirectories(locks, `bench-${process.pid}-${runs}-`, count);
  }
  fs.rmdirSync(base);
  return found;
}

function makeDirectories(parent: string, name: string, count: number): Summary {
  const paths = Array.from({ length: count }, (_, at) => join(parent, `${name}${at}`));
  const times = timed(paths, (path) => fs.mkdirSync(path));
  for (const path of paths) fs.rmdirSync(path);
  return times;
}

/** As shells and most programs make files: what they wait for is the write. */
function makeOtherwise(base: string, count: number): Summary {
  const paths = Array.from({ length: count }, (_, at) => join(base, `x${at}`));
  const times = timed(paths, (path) => put(path, KIBIBYTE, PLAIN));
  for (const path of paths) fs.unlinkSync(path);
  return times;
}

function create(shared: string, name: string, count: number, isExclusive: boolean): CreateAnswer {
  const paths = Array.from({ length: count }, (_, at) => join(shared, `${name}${at}`));
  const now_ms = () => Number(process.hrtime.bigint()) / 1e6;
  const started_ms = now_ms();
  const times = timed(paths, (path) => put(path, KIBIBYTE, isExclusive ? EXCLUSIVE : PLAIN));
  return { started_ms, ended_ms: now_ms(), times };
}

function persist(duration_ms: number): PersistAnswer {
  const errors: Record<string, number> = {};
  fs.mkdirSync(directory, { recursive: true });
  const end_ms = performance.now() + duration_ms;
  let longest_ms = 0;
  let count = 0;
  let good_ms = performance.now();
  for (; performance.now() < end_ms; count += 1) {
    try {
      put(join(directory, `p${process.pid}-${count}`), LINE, O_WRONLY | O_CREAT);
      const now_ms = performance.now();
      longest_ms = Math.max(longest_ms, now_ms - good_ms);
      good_ms = now_ms;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      errors[code] = (errors[code] ?? 0) + 1;
      sleep(1);
    }
    sleep(1);
  }
  return { count, longest_ms: Math.max(longest_ms, performance.now() - good_ms), errors };
}

async function awaitPath(path: string): Promise<number> {
  for (;;) {
    if (fs.existsSync(path)) return Number(process.hrtime.bigint()) / 1e6;
    await new Promise((done) => setTimeout(done, 2));
  }
}

await serveRequests<ClientRequest>((request) => {
  switch (request.kind) {
    case 'round':
      return round(request.count, request.operations);
    case 'create':
      fs.mkdirSync(request.directory, { recursive: true });
      return create(request.directory, request.name, request.count, request.isExclusive);
    case 'remove':
      for (let at = 0; at < request.count; at += 1) fs.unlinkSync(join(request.directory, `${request.name}${at}`));
      return undefined;
    case 'persist':
      return persist(request.duration_ms);
    case 'await':
      return awaitPath(request.path);
  }
});
