/** Reads journals, syslog files and black boxes, in any mixture, and keeps what concerns fencing. */
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { trace_version } from '../../../runtime/trace/trace.ts';
import { BlackBoxReader } from './black-box.ts';
import type { Evidence, Source, Testimony } from './evidence.ts';
import { isBootMark, type JournalLine, readJournalLine } from './journal-line.ts';
import { factOf, factOfDomain, withoutDomain } from './vocabulary.ts';

/** What the readers of all files write into. */
export class Notebook {
  readonly evidence: Evidence[] = [];
  readonly ids = new Map<string, number>();
  readonly #activity = new Map<string, number[]>();

  put(evidence: Evidence): void {
    this.evidence.push(evidence);
  }

  /** `node` has written something. */
  saw(node: string, at_ms: number): void {
    const seen = this.#activity.get(node);
    if (seen === undefined) this.#activity.set(node, [at_ms]);
    else if (Math.abs(at_ms - seen.at(-1)!) >= 1000) seen.push(at_ms);
  }

  /** Ascending, per node. */
  get activity(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.#activity].map(([node, seen]) => [node, seen.sort((a, b) => a - b)]));
  }
}

interface Settings {
  /** For lines without a year, milliseconds since the epoch. */
  readonly now_ms: number;
  /** For lines without a zone. */
  readonly zone_minutes: number;
}

/** Reads all files; those that can't be read are named in the result. */
export async function readTestimony(paths: readonly string[], now_ms: number): Promise<Testimony> {
  const notebook = new Notebook();
  const sources: Source[] = [];
  const unread: { path: string; why: string }[] = [];
  const precision = { isCoarse: false };
  const zone_minutes = await zoneOf(paths);
  for (const path of paths) {
    try {
      sources.push(await readSource(path, { now_ms, zone_minutes }, notebook, precision));
    } catch (error) {
      unread.push({ path, why: whyUnreadable(error) });
    }
  }
  notebook.evidence.sort((a, b) => a.at_ms - b.at_ms);
  const { activity, evidence, ids } = notebook;
  return { evidence, sources, unread, ids, activity, zone_minutes, isCoarse: precision.isCoarse };
}

function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'it may not be read by this user';
  if (code === 'EISDIR') return 'it is a directory';
  return message;
}

async function readSource(
  path: string,
  settings: Settings,
  notebook: Notebook,
  precision: { isCoarse: boolean },
): Promise<Source> {
  if (statSync(path).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  let reader: BlackBoxReader | JournalReader | undefined;
  let lines = 0;
  for await (const line of linesOf(path)) {
    lines += 1;
    reader ??= isTraceHeader(line) ? new BlackBoxReader(notebook) : new JournalReader(settings, notebook);
    reader.take(line);
  }
  if (reader instanceof JournalReader && reader.isCoarse) precision.isCoarse = true;
  return {
    path,
    kind: reader instanceof BlackBoxReader ? 'black-box' : 'journal',
    nodes: [...(reader?.nodes ?? [])].sort(),
    lines,
    skipped: lines - (reader?.understood ?? 0),
    isCut: reader instanceof BlackBoxReader && reader.isCut,
  };
}

function isTraceHeader(line: string): boolean {
  return line.startsWith(`{"trace":${trace_version},`);
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const bytes = createReadStream(path);
  const text = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  // An error of the file would be lost behind the pipe.
  if (text !== bytes) bytes.on('error', (error) => text.destroy(error));
  yield* createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY });
}

/** Of the first lines that tell one. */
async function zoneOf(paths: readonly string[]): Promise<number> {
  const enough = 200;
  for (const path of paths) {
    let count = 0;
    try {
      for await (const line of linesOf(path)) {
        const read = readJournalLine(line, 2000);
        if (read?.hasZone === true && read.program !== '') return read.zone_minutes;
        count += 1;
        if (count >= enough || isTraceHeader(line)) break;
      }
    } catch {
      // It is told when it is read.
    }
  }
  return 0;
}

const half_year_ms = 183 * 86_400_000;

/** Lines of one file; several nodes may be mixed in it. */
class JournalReader {
  readonly nodes = new Set<string>();
  understood = 0;
  isCoarse = false;
  readonly #settings: Settings;
  readonly #notebook: Notebook;
  #year: number | undefined;
  #last: JournalLine | undefined;

  constructor(settings: Settings, notebook: Notebook) {
    this.#settings = settings;
    this.#notebook = notebook;
  }

  take(text: string): void {
    if (isBootMark(text)) {
      this.#boot(text);
      return;
    }
    const line = this.#read(text);
    if (line === undefined) return;
    this.#last = line;
    this.nodes.add(line.host);
    if (line.isCoarse) this.isCoarse = true;
    const at_ms = this.#instantOf(line);
    this.#notebook.saw(line.host, at_ms);
    if (line.program === 'pmxcfs') this.#learnId(line);
    const fact = factOfLine(line);
    if (fact === undefined) return;
    this.understood += 1;
    const name = line.program === '' ? '' : `${line.program}: `;
    const text_ = `${name}${line.message.trim()}`;
    this.#notebook.put({ at_ms, node: line.host, clock: line.host, fact, text: text_ });
  }

  #boot(text: string): void {
    if (this.#last === undefined) return;
    this.understood += 1;
    const { host } = this.#last;
    const at_ms = this.#instantOf(this.#last);
    this.#notebook.put({ at_ms, node: host, clock: host, fact: { is: 'boot' }, text });
  }

  #read(text: string): JournalLine | undefined {
    if (this.#year === undefined) this.#year = this.#firstYear(text);
    const line = readJournalLine(text, this.#year ?? 2000);
    if (line?.isYearless !== true || this.#last?.isYearless !== true) return line;
    if (line.at_ms - this.#last.at_ms > -half_year_ms) return line;
    // December is over.
    this.#year = (this.#year ?? 2000) + 1;
    return readJournalLine(text, this.#year);
  }

  /** The last year in which this line isn't in the future. */
  #firstYear(text: string): number | undefined {
    const { now_ms } = this.#settings;
    const year = new Date(now_ms).getUTCFullYear();
    const line = readJournalLine(text, year);
    if (line === undefined) return undefined;
    return line.isYearless && line.at_ms > now_ms + 86_400_000 ? year - 1 : year;
  }

  #instantOf({ at_ms, hasZone }: JournalLine): number {
    return hasZone ? at_ms : at_ms - this.#settings.zone_minutes * 60_000;
  }

  /** pmxcfs names itself by its process id among the members. */
  #learnId({ host, pid, message }: JournalLine): void {
    const members = /members: ([\d/, ]+)$/.exec(message)?.[1]?.match(/\d+\/\d+/g) ?? [];
    const own = members.filter((member) => Number(member.split('/')[1]) === pid);
    if (own.length === 1) this.#notebook.ids.set(host, Number(own[0]!.split('/')[0]));
  }
}

function factOfLine({ program, message }: JournalLine) {
  if (program !== '') return factOf(program, message);
  const { domain, text } = withoutDomain(message);
  return factOfDomain(domain ?? '', text);
}
