/**
 * `observed-behaviour.md`: the table of system calls on a quorate node, made again by `behave.py` on a fresh mount and
 * compared row by row. What is not compared, and which rows differ by decision, says the README of the corpus.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupId, OWNER_GROUP } from '../../../runtime/file-system/owner.ts';
import { sharedPath } from '../../../runtime/test-support/shared-corpus.ts';
import { startDaemon } from '../../mount/daemon-process.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';

const FILE = 'observed-behaviour.md';
const TABLE = '## Full table: quorate cluster, n1';
const LAST_SECTION = 'other users';
const SCRIPT = 'behave.py';
const SCRIPT_BOUND_MS = 120_000;

/** One row: the heading that it stands under, the call, and its result. */
export interface CallRow {
  readonly section: string;
  readonly operation: string;
  readonly result: string;
}

export async function run(directory: string): Promise<readonly CorpusCase[]> {
  const expected = expectedRows(readFileSync(join(directory, FILE), 'utf8'));
  const nameOf = (index: number) => `${FILE} ${index + 1} ${expected[index]?.operation.slice(0, 80)}`;
  const all = (outcome: 'failed' | 'not-run', detail: string) =>
    expected.map((_, index): CorpusCase => ({ name: nameOf(index), outcome, detail }));

  const script = findScript(directory);
  if (script === undefined) return all('not-run', `${SCRIPT} is not there`);
  if (process.getuid?.() !== 0) return all('not-run', 'the calls need root');
  const tree = { 'corosync.conf': 'totem {\n}\n', priv: null, 'priv/lock': null };
  const daemon = await startDaemon({ hostName: 'n1', treeMode: 'upstream', isQuorate: true, tree });
  if ('reason' in daemon) return all('not-run', daemon.reason);
  try {
    const output = await runScript(script, daemon.mountPoint);
    if ('failure' in output) return all('not-run', output.failure);
    const actual = upToLastSection(parseRows(output.text));
    return expected.map((row, index) => judged(nameOf(index), compareRows(row, actual[index])));
  } finally {
    await daemon.stop();
  }
}

/** The judged rows of the document, with the results that this project has decided on. */
export function expectedRows(document: string): readonly CallRow[] {
  const from = document.indexOf(TABLE);
  if (from < 0) return [];
  const to = document.indexOf('\n## ', from + TABLE.length);
  const rows = upToLastSection(parseRows(document.slice(from, to < 0 ? undefined : to)));
  return rows.map((row, index) => ({ ...row, result: decidedResult(row, rows.slice(0, index)) }));
}

/** Rows of markdown tables; `|` inside a cell is escaped. */
export function parseRows(markdown: string): readonly CallRow[] {
  const rows: CallRow[] = [];
  let section = '';
  for (const line of markdown.split('\n')) {
    if (line.startsWith('### ')) section = line.slice(4).trim();
    const [, operation, result] = /^\| ((?:\\\||[^|])*) \| ((?:\\\||[^|])*) \|$/.exec(line) ?? [];
    if (operation === undefined || result === undefined || operation === 'operation') continue;
    rows.push({ section, operation, result });
  }
  return rows;
}

function upToLastSection(rows: readonly CallRow[]): readonly CallRow[] {
  const last = rows.findLastIndex((row) => row.section === LAST_SECTION);
  return rows.slice(0, last + 1);
}

/** The seven rows in which the specification differs from the original (README). */
function decidedResult(row: CallRow, earlier: readonly CallRow[]): string {
  const { operation, result } = row;
  if (operation.includes('invalid utf8')) return '**EILSEQ**';
  if (operation.startsWith('truncate to 4 GiB + 10') || operation === 'pwrite 1 byte at offset 4 GiB')
    return '**EFBIG**';
  if (operation === 'content after that') {
    return earlier.findLast((other) => other.operation === 'content with NUL bytes')?.result ?? result;
  }
  return result.replace(/\['\.fuse_hidden[0-9a-f]+'\]/g, '[]');
}

/** undefined when both rows say the same, as far as it is compared. */
export function compareRows(expected: CallRow, actual: CallRow | undefined): string | undefined {
  if (actual === undefined) return 'the script printed no such row';
  if (actual.operation !== expected.operation) return `the script made another call here: ${actual.operation}`;
  return differenceOf(comparable(actual), comparable(expected));
}

/** A result without what depends on the moment, the machine or the size of the cluster. */
function comparable({ section, operation, result }: CallRow): string {
  if (section === LAST_SECTION) return /\brc=\d+/.exec(result)?.[0] ?? result;
  let text = result
    .replace(/\bmtime=(\S+)/, (field, seconds: string) => (isRecent(Number(seconds)) ? 'mtime=now' : field))
    .replace(/\bgid=(\d+)/, (field, gid: string) => (isOwnerGroup(Number(gid)) ? 'gid=www-data' : field))
    .replace(/\b(bfree|bavail|ffree)=-?\d+/g, '$1=')
    .replace(/("version":) \d+/g, '$1');
  if (/^lstat \.(version|members|vmlist|rrd|clusterlog)\b/.test(operation)) text = text.replace(/\bsize=\d+/, 'size=');
  return withSortedGuests(text);
}

/** `%g` leaves six digits: good for "about now", whenever that was. */
function isRecent(seconds: number): boolean {
  return seconds > 1.6e9 && seconds < 4e9;
}

/** The original ran where the group of all entries is 33. */
function isOwnerGroup(gid: number): boolean {
  return gid === 33 || gid === groupId(OWNER_GROUP);
}

/** `.vmlist` lists guests in any order. */
function withSortedGuests(text: string): string {
  const guest = /"\d+": \{ "node": [^}]*\}/g;
  const guests = text.match(guest)?.sort() ?? [];
  return guests.length < 2 ? text : text.replace(guest, () => guests.shift() ?? '');
}

function findScript(directory: string): string | undefined {
  const beside = join(directory, '../../tools', SCRIPT);
  if (existsSync(beside)) return beside;
  return sharedPath('..', 'tools', SCRIPT);
}

function runScript(
  script: string,
  mountPoint: string,
): Promise<{ readonly text: string } | { readonly failure: string }> {
  return new Promise((resolve) => {
    const child = spawn('python3', [script, mountPoint, 'n1', 'n2'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/tmp',
      env: { ...process.env, LC_ALL: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
      timeout: SCRIPT_BOUND_MS,
      killSignal: 'SIGKILL',
    });
    let text = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint += chunk;
    });
    child.on('error', (error) => resolve({ failure: `python3 does not start: ${error.message}` }));
    child.on('close', () =>
      resolve(text === '' ? { failure: `${SCRIPT} printed nothing: ${complaint.trim()}` } : { text }),
    );
  });
}
