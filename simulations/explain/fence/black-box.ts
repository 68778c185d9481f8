/** What the records of a black box (runtime/trace) say about a fencing. */
import { recordOf } from '../../../runtime/trace/reader.ts';
import type { MachineRecord, NoteRecord, TraceHeader, TraceRecord } from '../../../runtime/trace/trace.ts';
import type { DaemonName, Evidence, Fact, WatchdogEvent } from './evidence.ts';
import { factOf, factOfDomain } from './vocabulary.ts';

interface Book {
  readonly ids: Map<string, number>;
  put(evidence: Evidence): void;
  saw(node: string, at_ms: number): void;
}

const watchdogEvents: Readonly<Record<string, WatchdogEvent>> = { open: 'opened', feed: 'fed', close: 'closed' };
const lockForm = /(?:^|\/)priv\/lock\/([^/]+)$/;

/** Takes the lines of one file. */
export class BlackBoxReader {
  readonly nodes = new Set<string>();
  understood = 0;
  /** The last line could not be read. */
  isCut = false;
  readonly #book: Book;
  /** Wall clock at time 0 of the records that come. */
  #origin_ms = 0;
  #clock = '';
  /** Where the manager has its services. */
  readonly #placed = new Map<string, string>();
  readonly #members = new Map<string, readonly number[]>();

  constructor(book: Book) {
    this.#book = book;
  }

  take(line: string): void {
    const record = recordOf(line);
    this.isCut = record === undefined;
    if (record === undefined) return;
    if ('trace' in record) {
      this.#begin(record);
      return;
    }
    this.nodes.add(record.node);
    const at_ms = this.#origin_ms + record.time_ms;
    this.#book.saw(record.node, at_ms);
    for (const { fact, text } of this.#factsOf(record)) {
      this.understood += 1;
      this.#book.put({ at_ms, node: record.node, clock: this.#clock, fact, text });
    }
  }

  /** Each start of the process has its own origin: the wall clock may have been set between. */
  #begin({ nodes, origin_wall_ms = 0 }: TraceHeader): void {
    this.#origin_ms = origin_wall_ms;
    this.#clock = `${nodes.join(' ')}@${origin_wall_ms}`;
  }

  #factsOf(record: TraceRecord): readonly { readonly fact: Fact; readonly text: string }[] {
    if (record.kind === 'machine') return this.#machineFacts(record);
    if (record.kind === 'note' && record.event !== 'log') {
      const fact = noteFact(record);
      return fact === undefined ? [] : [{ fact, text: `${record.actor}: ${record.event}` }];
    }
    if (record.kind !== 'log' && record.kind !== 'note') return [];
    const { domain = '', message = '' } =
      record.kind === 'log' ? record : (record.detail as { readonly domain?: string; readonly message?: string });
    const program = record.actor === 'crm' || record.actor === 'lrm' ? `pve-ha-${record.actor}` : record.actor;
    const fact = factOf(program, message) ?? factOfDomain(domain, message);
    return fact === undefined ? [] : [{ fact, text: `${program}: ${message}` }];
  }

  #machineFacts(record: MachineRecord): readonly { readonly fact: Fact; readonly text: string }[] {
    const { machine, node } = record;
    const is = (fact: Fact | undefined, text: string) => (fact === undefined ? [] : [{ fact, text }]);
    const { type } = record.event as { readonly type: string };
    const text = `${machine}: ${word(record.before)} → ${word(record.after)} (${type})`;
    switch (machine) {
      case 'membership':
        this.#learnId(node, record);
        return this.#membershipFacts(record).map((fact) => ({ fact, text }));
      case 'quorum-client': {
        const { quorate } = record.changed as { readonly quorate?: boolean };
        return record.before === null || quorate === undefined ? [] : is({ is: 'quorum', quorate }, text);
      }
      case 'lock':
        return is(this.#lockFact(record), `${record.actor}: ${text}`);
      case 'crm':
      case 'lrm':
        return is(stateFact(machine, record), text);
      default:
        return this.#managerFacts(record).map((fact) => ({ fact, text }));
    }
  }

  /** Machines of the manager: `ha-node n2`, `ha-resource vm:101`. */
  #managerFacts({ after, before, changed, event, machine }: MachineRecord): readonly Fact[] {
    const [kind, about = ''] = machine.split(' ');
    const [from, to] = [word(before), word(after)];
    const { type } = event as { readonly type: string };
    if (kind === 'ha-node') {
      if (before === null || from === to) return [];
      const state: Fact = { is: 'node-state', about, from, to };
      return type === 'FENCED' ? [{ is: 'fence-acknowledged', about }, state] : [state];
    }
    if (kind !== 'ha-resource') return [];
    const { node } = changed as { readonly node?: string };
    const was = this.#placed.get(about);
    if (node !== undefined) this.#placed.set(about, node);
    if (before === null || from === to) return [];
    const state: Fact = { is: 'service', sid: about, from, to, ...(node !== undefined && { on: node }) };
    if (type !== 'RECOVERED' || was === undefined) return [state];
    return [{ is: 'recover', sid: about, from: was, to: node ?? was }, state];
  }

  #membershipFacts({ after, before, changed, event }: MachineRecord): readonly Fact[] {
    const { type } = event as { readonly type: string };
    if (type === 'TOKEN_LOSS') return [{ is: 'token-late', ms: undefined }];
    const { members, ring } = changed as { members?: readonly number[]; ring?: { rep: number; seq: number } };
    if (after !== 'operational' || before === 'operational' || members === undefined || ring === undefined) return [];
    const known = this.#members.get(this.#clock) ?? [];
    this.#members.set(this.#clock, members);
    const left = known.filter((id) => !members.includes(id));
    const joined = members.filter((id) => !known.includes(id));
    return [
      { is: 'ring', ring: `${ring.rep.toString(16)}.${ring.seq.toString(16)}`, left, joined },
      { is: 'members', ids: members },
    ];
  }

  #learnId(node: string, { changed }: MachineRecord): void {
    const { self } = changed as { readonly self?: number };
    if (self !== undefined) this.#book.ids.set(node, self);
  }

  /** Only what became of the node's own locks: each node records all of them. */
  #lockFact({ actor, after, before, changed, node }: MachineRecord): Fact | undefined {
    const name = lockForm.exec(actor)?.[1];
    if (name === undefined || after === before) return undefined;
    const { holder } = changed as { readonly holder?: number };
    if (holder === undefined || holder !== this.#book.ids.get(node)) return undefined;
    return after === 'held' ? { is: 'lock', name, isHeld: true, error: undefined } : undefined;
  }
}

function stateFact(daemon: DaemonName, { after, before }: MachineRecord): Fact | undefined {
  if (before === null || word(before) === word(after)) return undefined;
  return { is: 'daemon-state', daemon, from: word(before), to: word(after) };
}

function noteFact({ event, detail }: NoteRecord): Fact | undefined {
  const values = (detail ?? {}) as Readonly<Record<string, unknown>>;
  switch (event) {
    case 'stalled':
      return { is: 'stall', of: 'the cluster process', ms: Number(values.late_ms) };
    case 'wall clock set':
      return { is: 'clock-set', by_ms: Number(values.by_ms) };
    case 'decision':
      return { is: 'decision', sid: String(values.sid), reasons: values.reasons };
    default:
      return watchdogFact(event, values);
  }
}

/** `watchdog` `{ do: feed, error: null }`, or `effect watchdog` `{ ask: { do: feed } }`. */
function watchdogFact(event: string, detail: Readonly<Record<string, unknown>>): Fact | undefined {
  if (event === 'reset') return { is: 'watchdog', event: 'reset' };
  if (event !== 'watchdog' && event !== 'effect watchdog') return undefined;
  const { ask, error } = detail as { readonly ask?: { readonly do?: string }; readonly error?: string | null };
  const deed = watchdogEvents[String(detail.do ?? ask?.do)];
  if (deed === undefined) return undefined;
  return { is: 'watchdog', event: error === undefined || error === null ? deed : 'feed-failed' };
}

function word(state: unknown): string {
  return typeof state === 'string' ? state : JSON.stringify(state);
}
