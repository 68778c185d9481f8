/**
 * Headers of all messages of a group (spec/pmxcfs.md §4.3): the base header, NORMAL messages with their count, state
 * messages with their epoch. Decoders share the memory of the message; failures are the log texts of §4.5.
 */
import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import { EPOCH_BYTES } from './epoch.ts';
import { packed, readFields, writeFields } from './layout.ts';

/** Message types. */
export const NORMAL = 0;
export const SYNC_START = 1;
export const STATE = 2;
export const UPDATE = 3;
export const UPDATE_COMPLETE = 4;
export const VERIFY_REQUEST = 5;
export const VERIFY = 6;
/** Not in the original, and far from its numbers: a change that is kept for the round (§13.2.1), see `../dcdb/kept-changes.ts`. */
export const REPLAY = 0x7265;

export interface BaseHeader {
  readonly type: number;
  /** Application message type of a NORMAL message, else 0. */
  readonly subtype: number;
  readonly protocolVersion: number;
  /** Sender's wall clock. */
  readonly time_s: number;
}

export interface NormalMessage {
  /** The sender's own running number, from 1. */
  readonly count: number;
  readonly payload: Buffer;
}

export interface StateMessage {
  /** Encoded: epochs are compared byte by byte. */
  readonly epoch: Buffer;
  /** What a STATE says beside its blob, in the header's reserved field: 0 in the original. */
  readonly note: number;
  readonly payload: Buffer;
}

export interface MessageFailure {
  /** Log text. */
  readonly failure: string;
}

const BASE = packed({ type: 'u16', subtype: 'u16', protocolVersion: 'u32', time_s: 'u32', reserved: 'u32' });
const COUNT = packed({ count: 'u64' });

const NORMAL_BYTES = BASE.bytes + COUNT.bytes;
const STATE_BYTES = BASE.bytes + EPOCH_BYTES;

export function encodeNormal(header: Omit<BaseHeader, 'type'>, count: number, payload: Buffer): Buffer {
  const message = Buffer.allocUnsafe(NORMAL_BYTES + payload.length);
  writeFields(BASE, { ...header, type: NORMAL, reserved: 0 }, message, 0);
  writeFields(COUNT, { count }, message, BASE.bytes);
  payload.copy(message, NORMAL_BYTES);
  return message;
}

export function encodeState(header: Omit<BaseHeader, 'subtype'>, epoch: Buffer, payload: Buffer, note = 0): Buffer {
  assert(epoch.length === EPOCH_BYTES && header.type !== NORMAL);
  const message = Buffer.allocUnsafe(STATE_BYTES + payload.length);
  writeFields(BASE, { ...header, subtype: 0, reserved: note }, message, 0);
  epoch.copy(message, BASE.bytes);
  payload.copy(message, STATE_BYTES);
  return message;
}

/** The first check of every message. */
export function decodeBase(message: Buffer): BaseHeader | MessageFailure {
  if (message.length < BASE.bytes) return { failure: `received short message (${message.length} bytes)` };
  const base = readFields(BASE, message, 0);
  if (base === undefined) throw new Error('a base header has no u64');
  return base;
}

/** The rest of a message whose base header has type NORMAL. */
export function decodeNormal(base: BaseHeader, message: Buffer): NormalMessage | MessageFailure {
  if (message.length < NORMAL_BYTES) return { failure: `received short message ${kindOf(base, message)}` };
  const fields = readFields(COUNT, message, BASE.bytes);
  if (fields === undefined) return { failure: `received mailformed message (count beyond 2^53 - 1)` };
  return { count: fields.count, payload: message.subarray(NORMAL_BYTES) };
}

/** The rest of a message whose base header has any other type. */
export function decodeState(base: BaseHeader, message: Buffer): StateMessage | MessageFailure {
  if (message.length < STATE_BYTES) return { failure: `received short state message ${kindOf(base, message)}` };
  return {
    epoch: message.subarray(BASE.bytes, STATE_BYTES),
    note: readFields(BASE, message, 0)?.reserved ?? 0,
    payload: message.subarray(STATE_BYTES),
  };
}

function kindOf(base: BaseHeader, message: Buffer): string {
  return `(type = ${base.type}, subtype = ${base.subtype}, ${message.length} bytes)`;
}
