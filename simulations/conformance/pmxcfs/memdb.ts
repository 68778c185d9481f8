/** Part `memdb-index.json` and `memdb-ops.jsonl` of the corpus pmxcfs: a case per tree and per operation. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Memdb } from '../../../machines/pmxcfs/tree/memdb.ts';
import { sha256 } from '../../../runtime/formats/digest.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';
import { byteString, type EntryFields, openedTree } from './tree-fixture.ts';

/** Runs all cases; `directory` is the folder of the corpus pmxcfs. */
export async function run(directory: string): Promise<readonly CorpusCase[]> {
  return [...indexCases(join(directory, 'memdb-index.json')), ...operationCases(join(directory, 'memdb-ops.jsonl'))];
}

interface IndexCase {
  readonly name: string;
  readonly entries?: readonly EntryFields[];
  readonly index_hex?: string;
  readonly index_len?: number;
  readonly index_sha256?: string;
  readonly checksum?: string;
}

function indexCases(path: string): readonly CorpusCase[] {
  if (!existsSync(path)) return [];
  try {
    const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly IndexCase[] };
    return cases.map((sample, at) => judged(`memdb-index.json ${at}: ${sample.name}`, judgeIndex(sample)));
  } catch (error) {
    return [judged('memdb-index.json', `can't be read: ${(error as Error).message}`)];
  }
}

function judgeIndex(sample: IndexCase): string | undefined {
  const tree = sample.entries === undefined ? treeByRule(sample.name) : openedTree(sample.entries);
  if (typeof tree === 'string') return tree;
  const index = tree.encodeIndex();
  const expected = [sample.index_hex, sample.index_len, sample.index_sha256, sample.checksum];
  if (expected.every((value) => value === undefined)) return 'nothing to compare';
  const actual = [index.toString('hex'), index.length, sha256(index).toString('hex'), tree.checksum().toString('hex')];
  for (const [at, value] of expected.entries()) {
    const difference = value === undefined ? undefined : differenceOf(actual[at], value);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** The tree that a case describes in its name: so many files of so many zero bytes, created then written. */
function treeByRule(name: string): Memdb | string {
  const rule = /^(\d+) files of (\d+) zero bytes named (\w+?)0\.\.\d+, .* writer (\d+), mtime (\d+)$/.exec(name);
  if (rule === null) return 'the rule is not understood';
  const [, files, bytes, stem, writer, mtime] = rule;
  const tree = new Memdb({ mode: 'upstream' });
  const stamp = { writer: Number(writer), time: Number(mtime), monotonic_s: 0 };
  for (let at = 0; at < Number(files); at += 1) {
    tree.create(`${stem}${at}`, stamp);
    tree.write(`${stem}${at}`, Buffer.alloc(Number(bytes)), 0, false, stamp);
  }
  return tree;
}

type OpsLine =
  | {
      readonly ev: 'state';
      readonly version: number;
      readonly writer: number;
      readonly mtime: number;
      readonly entries: number;
      readonly checksum: string;
    }
  | Operation
  | { readonly ev: 'index'; readonly hex: string }
  | { readonly ev: 'vmlist' | 'versionfile'; readonly text: string };

interface Operation {
  readonly ev: 'op';
  readonly i: number;
  readonly op: string;
  readonly path: string;
  readonly to?: string;
  readonly data?: string;
  readonly data_hex?: string;
  readonly offset?: number;
  readonly mtime?: number;
  readonly writer: number;
  readonly time: number;
  readonly result: number;
  readonly version: number;
  readonly checksum: string;
}

function operationCases(path: string): readonly CorpusCase[] {
  if (!existsSync(path)) return [];
  let lines: readonly OpsLine[];
  try {
    lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as OpsLine);
  } catch (error) {
    return [judged('memdb-ops.jsonl', `can't be read: ${(error as Error).message}`)];
  }
  return replay(lines);
}

function replay(lines: readonly OpsLine[]): readonly CorpusCase[] {
  const tree = openedTree([]);
  if (typeof tree === 'string') return [judged('memdb-ops.jsonl', tree)];
  const opened = new Map(tree.counters.entries());
  const cases: { name: string; difference: string | undefined }[] = [];
  let early: string | undefined;
  for (const line of lines) {
    if (line.ev === 'op') {
      const difference = early ?? judgeOperation(tree, line);
      early = undefined;
      cases.push({ name: `memdb-ops.jsonl ${line.i} ${line.op} ${line.path}`, difference });
      continue;
    }
    const difference = judgeWhole(tree, line, opened);
    const last = cases.at(-1);
    // What stands before the first operation belongs to it.
    if (last === undefined) early ??= difference;
    else last.difference ??= difference;
  }
  return cases.map(({ name, difference }) => judged(name, difference));
}

function judgeOperation(tree: Memdb, line: Operation): string | undefined {
  const result = apply(tree, line);
  const actual = [result, tree.root.version, tree.checksum().toString('hex')];
  return differenceOf(actual, [line.result, line.version, line.checksum]);
}

function apply(tree: Memdb, line: Operation): number | string {
  const stamp = { writer: line.writer, time: line.time, monotonic_s: line.time };
  const path = byteString(line.path);
  switch (line.op) {
    case 'create':
      return tree.create(path, stamp);
    case 'mkdir':
      return tree.mkdir(path, stamp);
    case 'delete':
      return tree.remove(path, stamp);
    case 'rename':
      return tree.rename(path, byteString(line.to ?? ''), stamp);
    case 'mtime':
      return tree.setMtime(path, line.mtime ?? 0, stamp);
    case 'trunc':
      return tree.write(path, Buffer.alloc(0), line.offset ?? 0, true, stamp);
    case 'write':
      return tree.write(path, bytesOf(line), line.offset ?? 0, false, stamp);
    default:
      return `unknown operation ${line.op}`;
  }
}

function bytesOf(line: Operation): Buffer {
  return line.data_hex === undefined ? Buffer.from(line.data ?? '', 'utf8') : Buffer.from(line.data_hex, 'hex');
}

function judgeWhole(
  tree: Memdb,
  line: Exclude<OpsLine, Operation>,
  opened: ReadonlyMap<string, number>,
): string | undefined {
  switch (line.ev) {
    case 'state': {
      const { version, writer, mtime } = tree.root;
      const actual = [version, writer, mtime, tree.entryCount, tree.checksum().toString('hex')];
      return differenceOf(actual, [line.version, line.writer, line.mtime, line.entries, line.checksum]);
    }
    case 'index':
      return differenceOf(tree.encodeIndex().toString('hex'), line.hex);
    case 'vmlist':
      return judgeGuests(tree, line.text);
    case 'versionfile':
      return judgeCounters(tree, line.text, opened);
    default:
      return `unknown line ${JSON.stringify(line).slice(0, 80)}`;
  }
}

interface GuestLines {
  readonly version: number;
  readonly ids?: Readonly<Record<string, { readonly node: string; readonly type: string; readonly version: number }>>;
}

/** Order inside the map is free. */
function judgeGuests(tree: Memdb, text: string): string | undefined {
  const { version, ids = {} } = JSON.parse(text) as GuestLines;
  const listed = [...tree.guests.entries()].map(([vmid, guest]) => [String(vmid), guest] as const);
  const actual = listed.map(([vmid, { node, type, version: entry }]) => [vmid, node, type, entry]);
  const expected = Object.entries(ids).map(([vmid, guest]) => [vmid, guest.node, guest.type, guest.version]);
  return differenceOf([tree.guests.version, actual.sort()], [version, expected.sort()]);
}

/** Counters are compared as differences to their value after opening (§13.1.4), which opening made equal for all. */
function judgeCounters(tree: Memdb, text: string, opened: ReadonlyMap<string, number>): string | undefined {
  const {
    vmlist,
    starttime: _start,
    clinfo: _info,
    kvstore: _kv,
    ...counts
  } = JSON.parse(text) as Record<string, number>;
  const base = Math.min(...Object.values(counts));
  const expected = Object.entries(counts).map(([path, count]) => [path, count - base]);
  const actual = [...tree.counters.entries()].map(([path, count]) => [path, count - (opened.get(path) ?? 0)]);
  return differenceOf([tree.guests.version, actual], [vmlist, expected]);
}
