/**
 * The digest of a trace: one value for all records, whether they are written anywhere or not.
 *
 * Hashing the lines would cost more than the run that they tell of. So each record is reduced to numbers and texts, which go to a
 * SHA-256 of their own each; the digest is the SHA-256 over both. Of bytes a mark of 32 bits is taken, of an event its type,
 * of context and effects the names: two records that differ here differ as lines too.
 */
import { createHash, type Hash } from 'node:crypto';
import type { UnstampedRecord } from './trace.ts';

const block_numbers = 4096;
const block_characters = 32_768;

const KINDS: readonly UnstampedRecord['kind'][] = [
  'machine',
  'core',
  'send',
  'receive',
  'drop',
  'fault',
  'request',
  'log',
  'violation',
  'note',
];
const KIND_NUMBERS = Object.fromEntries(KINDS.map((kind, at) => [kind, at])) as Record<UnstampedRecord['kind'], number>;

export class TraceDigest {
  readonly #numbers = new Float64Array(block_numbers);
  readonly #numbersHash = createHash('sha256');
  readonly #textsHash = createHash('sha256');
  readonly #words = new Map<string, number>();
  #used = 0;
  #texts = '';

  /** Takes one record with its stamp. */
  add(sequence: number, time_ms: number, cause: number, record: UnstampedRecord): void {
    this.#number(KIND_NUMBERS[record.kind]);
    this.#number(sequence);
    this.#number(time_ms);
    this.#number(cause);
    this.#addBody(record);
    if (this.#texts.length > block_characters) this.#flushTexts();
  }

  /** SHA-256, hexadecimal, over what was added up to now. */
  value(): string {
    this.#flushNumbers();
    this.#flushTexts();
    const whole: Hash = createHash('sha256');
    whole.update(this.#numbersHash.copy().digest());
    whole.update(this.#textsHash.copy().digest());
    return whole.digest('hex');
  }

  #addBody(record: UnstampedRecord): void {
    switch (record.kind) {
      // Nearly all records are of datagrams: numbers cost less than texts.
      case 'send':
        this.#bytes(record.bytes);
        this.#word(record.node);
        this.#word(record.message);
        for (const peer of record.to) this.#word(peer);
        return;
      case 'receive':
        this.#word(record.node);
        this.#word(record.from);
        return;
      case 'drop':
        this.#word(record.node);
        this.#word(record.to);
        this.#word(record.reason);
        return;
      case 'machine': {
        const { node, actor, machine, event, before, after, effects, changed } = record;
        const type = (event as { readonly type?: string } | null)?.type ?? '';
        const asked = effects.map((effect) => effect.type);
        this.#texts += `${node}/${actor} ${machine} ${type} ${text(before)} ${text(after)} ${asked.join()} ${Object.keys(changed).join()}\n`;
        return;
      }
      case 'core':
        this.#bytes(record.bytes);
        this.#texts += `${record.node}/${record.actor} ${record.core} ${record.input} ${record.result}\n`;
        return;
      case 'log':
        this.#texts += `${record.node} ${record.domain} ${record.level} ${record.message}\n`;
        return;
      case 'violation':
        this.#texts += `${record.node} ${record.rule} ${record.message}\n`;
        return;
      case 'fault':
        this.#texts += `${record.node}/${record.actor} ${record.fault} ${text(record.detail)}\n`;
        return;
      case 'request':
        this.#texts += `${record.node}/${record.actor} ${record.request} ${text(record.detail)}\n`;
        return;
      case 'note':
        this.#texts += `${record.node}/${record.actor} ${record.event} ${text(record.detail)}\n`;
    }
  }

  /** One of few texts, as a number; the text itself is taken when it comes for the first time. */
  #word(text: string): void {
    let number = this.#words.get(text);
    if (number === undefined) {
      number = this.#words.size;
      this.#words.set(text, number);
      this.#texts += `${text}\n`;
    }
    this.#number(number);
  }

  #number(value: number): void {
    if (this.#used === block_numbers) this.#flushNumbers();
    this.#numbers[this.#used] = value;
    this.#used += 1;
  }

  #bytes(bytes: Uint8Array | undefined): void {
    this.#number(bytes?.length ?? 0);
    this.#number(bytes === undefined ? 0 : markOf(bytes));
  }

  #flushNumbers(): void {
    if (this.#used === 0) return;
    this.#numbersHash.update(new Uint8Array(this.#numbers.buffer, 0, this.#used * Float64Array.BYTES_PER_ELEMENT));
    this.#used = 0;
  }

  #flushTexts(): void {
    this.#textsHash.update(this.#texts);
    this.#texts = '';
  }
}

const marked_bytes = 64;

/** FNV-1a over the beginning: it holds the numbers of a ring's message; what is further on shows in what it does. */
function markOf(bytes: Uint8Array): number {
  let mark = 0x811c9dc5;
  const end = Math.min(bytes.length, marked_bytes);
  for (let at = 0; at < end; at += 1) mark = Math.imul(mark ^ bytes[at]!, 0x01000193);
  return mark;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
