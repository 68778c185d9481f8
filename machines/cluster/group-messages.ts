/**
 * What travels in the ring's total order: group membership, group messages, service synchronisation, quorum control.
 *
 * The wire is our own (spec/pmxcfs.md §7: compatibility starts at the group payload). Every message starts with its kind;
 * a decoder returns undefined for anything malformed.
 */
import { layout, readFields, writeFields } from './totem/layout.ts';
import type { RingId } from './totem/messages.ts';
import type { VoteInfo } from './votequorum.ts';

export const GROUP_KIND = { join: 1, leave: 2, message: 3, sync: 4, votes: 5, expected: 6, kill: 7 } as const;

/** A group name is at most this long (§7.6). */
export const MAX_GROUP_NAME = 128;
/** At most this many processes in one report (§7.6). */
export const MAX_PROCESSES = 1024;

const GROUP_HEADER = layout([
  ['kind', 'u8'],
  ['nameLength', 'u8'],
  ['pid', 'u32'],
]);
const SYNC = layout([
  ['kind', 'u8'],
  ['flags', 'u8'],
  ['votes', 'u32'],
  ['expected', 'u32'],
  ['ringRep', 'u32'],
  ['ringSeq', 'u64'],
  ['configVersion', 'u64'],
  ['count', 'u16'],
]);
const SYNC_PROCESS = layout([
  ['pid', 'u32'],
  ['nameLength', 'u8'],
]);
const VOTES = layout([
  ['kind', 'u8'],
  ['flags', 'u8'],
  ['votes', 'u32'],
  ['expected', 'u32'],
]);
const NUMBER = layout([
  ['kind', 'u8'],
  ['value', 'u32'],
]);

const FLAG_QUORATE = 1;
const FLAG_WAITING = 2;

export interface GroupEnvelope {
  readonly group: string;
  readonly pid: number;
  /** Bytes behind the envelope. */
  readonly body: Buffer;
}

/** One node's part of a service synchronisation. */
export interface SyncReport {
  readonly ring: RingId;
  readonly votes: VoteInfo;
  readonly configVersion: number;
  /** Processes of this node that are joined. */
  readonly processes: readonly { readonly group: string; readonly pid: number }[];
}

/** Envelope of a process's messages; made once per process. */
export function encodeEnvelope(kind: number, group: string, pid: number): Buffer {
  const name = Buffer.from(group, 'latin1');
  const buffer = Buffer.alloc(GROUP_HEADER.size + name.length);
  writeFields(GROUP_HEADER, buffer, 0, { kind, nameLength: name.length, pid });
  name.copy(buffer, GROUP_HEADER.size);
  return buffer;
}

export function decodeEnvelope(message: Buffer): GroupEnvelope | undefined {
  if (message.length < GROUP_HEADER.size) return undefined;
  const end = GROUP_HEADER.size + message[GROUP_HEADER.offset.nameLength]!;
  if (end > message.length) return undefined;
  return {
    group: message.toString('latin1', GROUP_HEADER.size, end),
    pid: message.readUInt32LE(GROUP_HEADER.offset.pid),
    body: message.subarray(end),
  };
}

export function encodeSync(report: SyncReport): Buffer {
  const names = report.processes.map((local) => Buffer.from(local.group, 'latin1'));
  const tail = names.reduce((sum, name) => sum + SYNC_PROCESS.size + name.length, 0);
  const buffer = Buffer.alloc(SYNC.size + tail);
  let at = writeFields(SYNC, buffer, 0, {
    kind: GROUP_KIND.sync,
    flags: flagsOf(report.votes),
    votes: report.votes.votes,
    expected: report.votes.expected_votes,
    ringRep: report.ring.rep,
    ringSeq: report.ring.seq,
    configVersion: report.configVersion,
    count: names.length,
  });
  for (const [i, name] of names.entries()) {
    at = writeFields(SYNC_PROCESS, buffer, at, { pid: report.processes[i]!.pid, nameLength: name.length });
    at += name.copy(buffer, at);
  }
  return buffer;
}

export function decodeSync(message: Buffer): SyncReport | undefined {
  const fields = readFields(SYNC, message, 0);
  if (fields === undefined || fields.count > MAX_PROCESSES) return undefined;
  const processes: { group: string; pid: number }[] = [];
  let at = SYNC.size;
  for (let i = 0; i < fields.count; i++) {
    const local = readFields(SYNC_PROCESS, message, at);
    if (local === undefined) return undefined;
    at += SYNC_PROCESS.size;
    if (at + local.nameLength > message.length) return undefined;
    processes.push({ group: message.toString('latin1', at, at + local.nameLength), pid: local.pid });
    at += local.nameLength;
  }
  if (at !== message.length) return undefined;
  return {
    ring: { rep: fields.ringRep, seq: fields.ringSeq },
    votes: votesFrom(fields.votes, fields.expected, fields.flags),
    configVersion: fields.configVersion,
    processes,
  };
}

export function encodeVotes(info: VoteInfo): Buffer {
  const buffer = Buffer.alloc(VOTES.size);
  const { votes, expected_votes: expected } = info;
  writeFields(VOTES, buffer, 0, { kind: GROUP_KIND.votes, flags: flagsOf(info), votes, expected });
  return buffer;
}

export function decodeVotes(message: Buffer): VoteInfo | undefined {
  const fields = readFields(VOTES, message, 0);
  return fields === undefined ? undefined : votesFrom(fields.votes, fields.expected, fields.flags);
}

/** `expected` (votes) and `kill` (node id). */
export function encodeNumber(kind: number, value: number): Buffer {
  const buffer = Buffer.alloc(NUMBER.size);
  writeFields(NUMBER, buffer, 0, { kind, value });
  return buffer;
}

export function decodeNumber(message: Buffer): number | undefined {
  return readFields(NUMBER, message, 0)?.value;
}

function flagsOf(info: VoteInfo): number {
  return (info.quorate ? FLAG_QUORATE : 0) | (info.waiting ? FLAG_WAITING : 0);
}

function votesFrom(votes: number, expected_votes: number, flags: number): VoteInfo {
  return { votes, expected_votes, quorate: (flags & FLAG_QUORATE) !== 0, waiting: (flags & FLAG_WAITING) !== 0 };
}
