/** Payload of REPLAY: a change that a member kept for the round (§13.2.1, `../dcdb/kept-changes.ts`). */
import { Buffer } from 'node:buffer';
import type { MessageFailure } from './header.ts';
import { packed, readFields, writeFields } from './layout.ts';

export interface ReplayMessage {
  /** Version of the tree after this change. */
  readonly version: number;
  /** Node id of the sender. */
  readonly writer: number;
  readonly time_s: number;
  readonly subtype: number;
  /** Payload of the NORMAL message; shares the memory of the REPLAY. */
  readonly payload: Buffer;
}

const REPLAY_FIELDS = packed({ version: 'u64', writer: 'u32', time_s: 'u32', subtype: 'u32' });

export function encodeReplay({ payload, ...fields }: ReplayMessage): Buffer {
  const message = Buffer.allocUnsafe(REPLAY_FIELDS.bytes + payload.length);
  writeFields(REPLAY_FIELDS, fields, message, 0);
  payload.copy(message, REPLAY_FIELDS.bytes);
  return message;
}

export function decodeReplay(message: Buffer): ReplayMessage | MessageFailure {
  if (message.length < REPLAY_FIELDS.bytes)
    return { failure: `received short replay message (${message.length} bytes)` };
  const fields = readFields(REPLAY_FIELDS, message, 0);
  if (fields === undefined) return { failure: 'received mailformed replay message' };
  return { ...fields, payload: message.subarray(REPLAY_FIELDS.bytes) };
}
