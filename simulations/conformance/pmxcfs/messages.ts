/**
 * Part `messages.json` of the corpus pmxcfs: a case per message. The bytes are decoded and must hold the fields given;
 * the fields, completed by what was decoded where they are silent, are encoded and must give the bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockChecksum } from '../../../machines/pmxcfs/tree/tree-entry.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';
import { type DecodedMessage, decodeMessage, encodeMessage } from './message-fields.ts';
import { byteString, type EntryFields } from './tree-fixture.ts';

interface Vector {
  readonly name: string;
  readonly group: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly len: number;
  readonly hex: string;
}

/** Runs all cases; `directory` is the folder of the corpus pmxcfs. */
export async function run(directory: string): Promise<readonly CorpusCase[]> {
  try {
    const text = readFileSync(join(directory, 'messages.json'), 'utf8');
    const { vectors } = JSON.parse(text) as { readonly vectors: readonly Vector[] };
    return vectors.map((vector, at) => judged(`messages.json ${at}: ${vector.name}`, judge(vector, vectors)));
  } catch (error) {
    return [judged('messages.json', `can't be read: ${(error as Error).message}`)];
  }
}

function judge(vector: Vector, all: readonly Vector[]): string | undefined {
  const bytes = Buffer.from(vector.hex, 'hex');
  const decoded = decodeMessage(vector.group, bytes);
  if ('failure' in decoded) return `decoding: ${decoded.failure}`;
  const given = withEpoch(vector.fields, all);
  const difference = differenceOf(bytes.length, vector.len) ?? fieldDifference(decoded, given);
  if (difference !== undefined) return difference;
  const encoded = encodeMessage(vector.group, { ...decoded, ...given });
  const again = differenceOf(encoded.toString('hex'), vector.hex);
  return again === undefined ? undefined : `encoding: ${again}`;
}

/** `epoch_of` names another message of the file, from which the epoch is taken. */
function withEpoch({ epoch_of, ...fields }: Vector['fields'], all: readonly Vector[]): Record<string, unknown> {
  if (epoch_of === undefined) return fields;
  return { ...fields, epoch: all.find(({ name }) => name === epoch_of)?.fields.epoch };
}

function fieldDifference(decoded: DecodedMessage, given: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, value] of Object.entries(given)) {
    if (name === 'lock_entry') {
      const difference = differenceOf(decoded.csum, checksumOf(value as EntryFields));
      if (difference !== undefined) return `checksum of the lock: ${difference}`;
      continue;
    }
    if (!(name in decoded)) return `the message has no field ${name}`;
    const difference = differenceOf(decoded[name], value);
    if (difference !== undefined) return `${name}: ${difference}`;
  }
  return undefined;
}

function checksumOf({ data_hex, ...entry }: EntryFields): string {
  const data = Buffer.from(data_hex, 'hex');
  return lockChecksum({ ...entry, name: byteString(entry.name), data, size: data.length }).toString('hex');
}
