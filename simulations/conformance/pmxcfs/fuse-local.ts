/**
 * `fuse-local.json`: system calls in order on a fresh mount, in local mode and on a node without quorum. The calls are
 * made by one child process on the mount of another; results and the fields given are compared.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { groupId, OWNER_GROUP } from '../../../runtime/file-system/owner.ts';
import type { Call, CallResult } from '../../mount/calls.ts';
import { startDaemon } from '../../mount/daemon-process.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';

type ExpectedCall = Call & { readonly result: string; readonly note?: string } & Readonly<Record<string, unknown>>;

/** The lists of the file, and the world in which each is made. */
const WORLDS = {
  local_mode: { isQuorate: true, tree: {} },
  cluster_mode_without_quorum: { isQuorate: false, tree: { 'corosync.conf': 'totem {\n}\n' } },
} as const;

const HOST_NAME = 'n1';
const FILE = 'fuse-local.json';
const CALLS_BOUND_MS = 60_000;

/** Fields that are arguments of a call, not results. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  chmod: ['mode'],
  chown: ['uid', 'gid'],
  truncate: ['size'],
};
const RESULT_FIELDS = ['names', 'value', 'count', 'mode', 'uid', 'gid', 'nlink', 'size', 'blocks', 'mtime'];

export async function run(directory: string): Promise<readonly CorpusCase[]> {
  const file = JSON.parse(readFileSync(join(directory, FILE), 'utf8')) as Record<string, readonly ExpectedCall[]>;
  const cases: CorpusCase[] = [];
  for (const [list, world] of Object.entries(WORLDS)) {
    const calls = (file[list] ?? []).map(withNames);
    if (calls.length > 0) cases.push(...(await runList(list, calls, world)));
  }
  return cases;
}

async function runList(
  list: string,
  calls: readonly ExpectedCall[],
  world: { readonly isQuorate: boolean; readonly tree: Record<string, string> },
): Promise<readonly CorpusCase[]> {
  const nameOf = (index: number) =>
    `${FILE} ${list} ${index + 1} ${calls[index]?.op} ${calls[index]?.path.slice(0, 60)}`;
  const all = (outcome: 'failed' | 'not-run', detail: string) =>
    calls.map((_, index): CorpusCase => ({ name: nameOf(index), outcome, detail }));
  if (process.getuid?.() !== 0) return all('not-run', 'the calls need root');
  const daemon = await startDaemon({ hostName: HOST_NAME, treeMode: 'upstream', ...world });
  if ('reason' in daemon) return all('not-run', daemon.reason);
  try {
    const results = await makeCalls(daemon.mountPoint, calls);
    if (typeof results === 'string') return all('failed', results);
    return calls.map((call, index) => judged(nameOf(index), compare(call, results[index])));
  } finally {
    await daemon.stop();
  }
}

/** Makes all calls in one child process; a string says why that failed. */
function makeCalls(mountPoint: string, calls: readonly ExpectedCall[]): Promise<readonly CallResult[] | string> {
  const program = fileURLToPath(new URL('../../mount/calls.ts', import.meta.url));
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, mountPoint], {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      timeout: CALLS_BOUND_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint += chunk;
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(output) as readonly CallResult[]);
      else resolve(`the calls ended with ${code ?? signal}: ${complaint.trim()}`);
    });
    child.stdin.end(JSON.stringify(calls));
  });
}

/** Puts the names in that the file leaves open. */
function withNames(call: ExpectedCall): ExpectedCall {
  const text = JSON.stringify(call)
    .replaceAll('<host>', HOST_NAME)
    .replace(/<(\d+) times (.)>/g, (_, count: string, letter: string) => letter.repeat(Number(count)));
  return JSON.parse(text) as ExpectedCall;
}

function compare(call: ExpectedCall, got: CallResult | undefined): string | undefined {
  const fields = RESULT_FIELDS.filter((field) => field in call && !ARGUMENTS[call.op]?.includes(field));
  const expected: Record<string, unknown> = { result: call.result };
  const actual: Record<string, unknown> = { result: got?.result };
  for (const field of fields) {
    expected[field] = expectedField(field, call[field]);
    actual[field] = got?.[field];
  }
  if (call.op === 'utimes-mtime-only') {
    expected.isMtimeKept = true;
    actual.isMtimeKept = got?.isMtimeKept;
  }
  return differenceOf(actual, expected);
}

function expectedField(field: string, value: unknown): unknown {
  if (field === 'gid' && value === OWNER_GROUP) return groupId(OWNER_GROUP);
  return field === 'names' && Array.isArray(value) ? [...value].sort() : value;
}
