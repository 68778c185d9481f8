/**
 * The datagrams of the ring: layouts as data, encoders and defensive decoders.
 *
 * Protocol source: spec/pmxcfs.md §7.4, §7.5, §13.1.8 (fields of token and commit token). The wire is our own.
 * Every datagram starts with HEADER; `ring` is the ring that the message belongs to, or the sender's last installed
 * ring in `join` and `merge-detect`. A decoder returns undefined for anything malformed: the caller counts and drops it.
 *
 * Two fields differ from the paper:
 * - the token carries a received-up-to value per member, in member order, instead of one value with its owner: the
 *   minimum is the paper's value (garbage collection), and it shows at each visit which members hold which prefix,
 *   which is what majority-stable delivery needs;
 * - `merge-detect` names the nodes that its sender hears, so that a ring isn't torn up for a peer that is connected
 *   one way only.
 */
import { layout, readFields, readU64, writeFields, writeU64 } from './layout.ts';

export const PROTOCOL_VERSION = 1;

/** Node lists on the wire are bounded: spec/pmxcfs.md §7.6, 128 members. */
export const MAX_NODES = 128;

export interface RingId {
  /** Lowest node id of the ring when it was formed. */
  readonly rep: number;
  readonly seq: number;
}

export function sameRing(a: RingId, b: RingId): boolean {
  return a.rep === b.rep && a.seq === b.seq;
}

export const KIND = { token: 1, frame: 2, join: 3, commit: 4, mergeDetect: 5, holdCancel: 6, receipt: 7 } as const;

export const HEADER = layout([
  ['version', 'u8'],
  ['kind', 'u8'],
  ['reserved', 'u16'],
  ['rep', 'u32'],
  ['ringSeq', 'u64'],
]);

export const FRAME = layout([
  ['sender', 'u32'],
  ['flags', 'u32'],
  ['seq', 'u64'],
]);
export const FRAME_HEADER_SIZE = HEADER.size + FRAME.size;
/** The frame carries messages of an old ring (recovery), not the application's. */
export const FRAME_RECOVERY = 1;

/** A chunk is a u32 head (length and two marks) and its bytes; a message is a run of chunks of one sender. */
export const CHUNK_HEAD_SIZE = 4;
export const CHUNK_FIRST = 0x8000_0000;
export const CHUNK_LAST = 0x4000_0000;
export const CHUNK_LENGTH = 0x3fff_ffff;

const TOKEN = layout([
  ['tokenSeq', 'u64'],
  ['seq', 'u64'],
  ['framesInRotation', 'u32'],
  ['backlog', 'u32'],
  ['recovered', 'u8'],
  ['memberCount', 'u8'],
  ['requestCount', 'u16'],
  ['frameBytes', 'u32'],
  ['holder', 'u32'],
]);
const TOKEN_MEMBER = layout([
  ['received', 'u64'],
  ['recoveryDone', 'u8'],
]);
/** Retransmission requests per token: small enough for a 500-byte datagram with 16 members. */
export const MAX_REQUESTS = 32;
export const TOKEN_MAX_SIZE = HEADER.size + TOKEN.size + MAX_NODES * TOKEN_MEMBER.size + MAX_REQUESTS * 8;

const JOIN = layout([
  ['highestSeq', 'u64'],
  ['procCount', 'u16'],
  ['failedCount', 'u16'],
]);
const COMMIT = layout([
  ['hop', 'u32'],
  ['count', 'u32'],
]);
const COMMIT_ENTRY = layout([
  ['nodeid', 'u32'],
  ['filled', 'u32'],
  ['oldRep', 'u32'],
  ['oldSeq', 'u64'],
  ['received', 'u64'],
  ['high', 'u64'],
  ['stable', 'u64'],
]);
const MERGE = layout([['heardCount', 'u16']]);
const RECEIPT = layout([['received', 'u64']]);

/** The ring token. One object per ring is reused: it is decoded into, changed by the visit, and encoded again. */
export interface Token {
  tokenSeq: number;
  /** Highest frame number given out in this ring. */
  seq: number;
  /** Frames sent during the last rotation, by all members. */
  framesInRotation: number;
  /** Frames waiting at all members. */
  backlog: number;
  /** Sticky: recovery was seen complete by one member, so it is complete for all. */
  recovered: boolean;
  /** Per member in ring order: has 1..n of this ring's frames. */
  readonly received: number[];
  /** Per member: has sent all that it has to rebroadcast of its old ring. */
  readonly recoveryDone: boolean[];
  readonly requests: number[];
}

export interface JoinMessage {
  readonly ring: RingId;
  readonly highestSeq: number;
  readonly proc: readonly number[];
  readonly failed: readonly number[];
}

/** What one member says about its old ring while the new one is being agreed. */
export interface CommitEntry {
  readonly nodeid: number;
  readonly filled: boolean;
  readonly oldRing: RingId;
  /** Has 1..n of the old ring's frames. */
  readonly received: number;
  /** Highest frame number of the old ring that it holds. */
  readonly high: number;
  /** Frames 1..n are known to be stable and held by this member. */
  readonly stable: number;
}

export interface CommitToken {
  readonly ring: RingId;
  /** Number of times the token was passed on. */
  readonly hop: number;
  readonly entries: readonly CommitEntry[];
}

export function newToken(members: number): Token {
  return {
    tokenSeq: 0,
    seq: 0,
    framesInRotation: 0,
    backlog: 0,
    recovered: false,
    received: new Array<number>(members).fill(0),
    recoveryDone: new Array<boolean>(members).fill(false),
    requests: [],
  };
}

/** Kind of a datagram, or 0 when it is too short or of another protocol version. */
export function kindOf(buffer: Buffer): number {
  if (buffer.length < HEADER.size || buffer[HEADER.offset.version] !== PROTOCOL_VERSION) return 0;
  return buffer[HEADER.offset.kind]!;
}

/** Ring of a datagram whose kind is known; undefined when malformed. */
export function ringOf(buffer: Buffer): RingId | undefined {
  const seq = readU64(buffer, HEADER.offset.ringSeq);
  return seq < 0 ? undefined : { rep: buffer.readUInt32LE(HEADER.offset.rep), seq };
}

/** True when the datagram belongs to `ring`; without allocation, for the hot path. */
export function isOfRing(buffer: Buffer, ring: RingId): boolean {
  return buffer.readUInt32LE(HEADER.offset.rep) === ring.rep && readU64(buffer, HEADER.offset.ringSeq) === ring.seq;
}

export function writeHeader(buffer: Buffer, kind: number, ring: RingId): void {
  buffer[HEADER.offset.version] = PROTOCOL_VERSION;
  buffer[HEADER.offset.kind] = kind;
  buffer.writeUInt16LE(0, HEADER.offset.reserved);
  buffer.writeUInt32LE(ring.rep, HEADER.offset.rep);
  writeU64(buffer, HEADER.offset.ringSeq, ring.seq);
}

/** Bytes of a token without a frame. */
export function tokenSizeOf(token: Token): number {
  return HEADER.size + TOKEN.size + token.received.length * TOKEN_MEMBER.size + token.requests.length * 8;
}

/**
 * Encodes into `buffer` (at least TOKEN_MAX_SIZE bytes and those of the frame); returns the length. `holder` is the member that is to
 * take it; others may overhear it. The last frame of a visit may travel with the token, which spares a datagram.
 */
export function encodeToken(buffer: Buffer, ring: RingId, token: Token, holder: number, frame?: Buffer): number {
  writeHeader(buffer, KIND.token, ring);
  let at = HEADER.size;
  writeU64(buffer, at + TOKEN.offset.tokenSeq, token.tokenSeq);
  writeU64(buffer, at + TOKEN.offset.seq, token.seq);
  buffer.writeUInt32LE(token.framesInRotation, at + TOKEN.offset.framesInRotation);
  buffer.writeUInt32LE(token.backlog, at + TOKEN.offset.backlog);
  buffer[at + TOKEN.offset.recovered] = token.recovered ? 1 : 0;
  buffer[at + TOKEN.offset.memberCount] = token.received.length;
  buffer.writeUInt16LE(token.requests.length, at + TOKEN.offset.requestCount);
  buffer.writeUInt32LE(frame?.length ?? 0, at + TOKEN.offset.frameBytes);
  buffer.writeUInt32LE(holder, at + TOKEN.offset.holder);
  at += TOKEN.size;
  for (let i = 0; i < token.received.length; i++) {
    writeU64(buffer, at, token.received[i]!);
    buffer[at + TOKEN_MEMBER.offset.recoveryDone] = token.recoveryDone[i] ? 1 : 0;
    at += TOKEN_MEMBER.size;
  }
  for (const request of token.requests) {
    writeU64(buffer, at, request);
    at += 8;
  }
  return frame === undefined ? at : at + frame.copy(buffer, at);
}

/** The frame that came with a token that `decodeToken` has taken; not checked itself. */
export function frameOfToken(buffer: Buffer): Buffer | undefined {
  const bytes = buffer.readUInt32LE(HEADER.size + TOKEN.offset.frameBytes);
  return bytes === 0 ? undefined : buffer.subarray(buffer.length - bytes);
}

/** The member that is to take a token of a known size. */
export function holderOfToken(buffer: Buffer): number {
  return buffer.readUInt32LE(HEADER.size + TOKEN.offset.holder);
}

/** Number of the token, to tell a copy from a new one before decoding; -1 when malformed. */
export function tokenSeqOf(buffer: Buffer): number {
  if (buffer.length < HEADER.size + TOKEN.size) return -1;
  return readU64(buffer, HEADER.size + TOKEN.offset.tokenSeq);
}

/** Decodes into `token`, whose member count must match; false (and `token` undefined in part) when malformed. */
export function decodeToken(buffer: Buffer, token: Token): boolean {
  const head = HEADER.size;
  if (buffer.length < head + TOKEN.size) return false;
  const members = buffer[head + TOKEN.offset.memberCount]!;
  const requests = buffer.readUInt16LE(head + TOKEN.offset.requestCount);
  if (members !== token.received.length || requests > MAX_REQUESTS) return false;
  const frameBytes = buffer.readUInt32LE(head + TOKEN.offset.frameBytes);
  if (buffer.length !== head + TOKEN.size + members * TOKEN_MEMBER.size + requests * 8 + frameBytes) return false;
  token.tokenSeq = readU64(buffer, head + TOKEN.offset.tokenSeq);
  token.seq = readU64(buffer, head + TOKEN.offset.seq);
  token.framesInRotation = buffer.readUInt32LE(head + TOKEN.offset.framesInRotation);
  token.backlog = buffer.readUInt32LE(head + TOKEN.offset.backlog);
  token.recovered = buffer[head + TOKEN.offset.recovered] === 1;
  if (token.tokenSeq < 0 || token.seq < 0) return false;
  let at = head + TOKEN.size;
  for (let i = 0; i < members; i++) {
    const received = readU64(buffer, at);
    if (received < 0 || received > token.seq) return false;
    token.received[i] = received;
    token.recoveryDone[i] = buffer[at + TOKEN_MEMBER.offset.recoveryDone] === 1;
    at += TOKEN_MEMBER.size;
  }
  token.requests.length = 0;
  for (let i = 0; i < requests; i++) {
    const request = readU64(buffer, at);
    if (request < 1 || request > token.seq) return false;
    token.requests.push(request);
    at += 8;
  }
  return true;
}

export function frameSeqOf(buffer: Buffer): number {
  return readU64(buffer, HEADER.size + FRAME.offset.seq);
}

export function frameSenderOf(buffer: Buffer): number {
  return buffer.readUInt32LE(HEADER.size + FRAME.offset.sender);
}

export function isRecoveryFrame(buffer: Buffer): boolean {
  return (buffer.readUInt32LE(HEADER.size + FRAME.offset.flags) & FRAME_RECOVERY) !== 0;
}

export function writeFrameHeader(buffer: Buffer, ring: RingId, sender: number, seq: number, flags: number): void {
  writeHeader(buffer, KIND.frame, ring);
  buffer.writeUInt32LE(sender, HEADER.size + FRAME.offset.sender);
  buffer.writeUInt32LE(flags, HEADER.size + FRAME.offset.flags);
  writeU64(buffer, HEADER.size + FRAME.offset.seq, seq);
}

/** True when header and chunks fill the datagram exactly: checked once, at reception. */
export function isWellFormedFrame(buffer: Buffer): boolean {
  if (buffer.length < FRAME_HEADER_SIZE || frameSeqOf(buffer) < 1) return false;
  let at = FRAME_HEADER_SIZE;
  while (at + CHUNK_HEAD_SIZE <= buffer.length) at += CHUNK_HEAD_SIZE + (buffer.readUInt32LE(at) & CHUNK_LENGTH);
  return at === buffer.length;
}

export function encodeJoin(message: JoinMessage): Buffer {
  const buffer = Buffer.alloc(HEADER.size + JOIN.size + 4 * (message.proc.length + message.failed.length));
  writeHeader(buffer, KIND.join, message.ring);
  const at = writeFields(JOIN, buffer, HEADER.size, {
    highestSeq: message.highestSeq,
    procCount: message.proc.length,
    failedCount: message.failed.length,
  });
  writeNodes(buffer, writeNodes(buffer, at, message.proc), message.failed);
  return buffer;
}

export function decodeJoin(buffer: Buffer): JoinMessage | undefined {
  const ring = ringOf(buffer);
  const fields = readFields(JOIN, buffer, HEADER.size);
  if (ring === undefined || fields === undefined) return undefined;
  const start = HEADER.size + JOIN.size;
  if (buffer.length !== start + 4 * (fields.procCount + fields.failedCount)) return undefined;
  const proc = readNodes(buffer, start, fields.procCount);
  const failed = readNodes(buffer, start + 4 * fields.procCount, fields.failedCount);
  if (proc === undefined || failed === undefined) return undefined;
  return { ring, highestSeq: fields.highestSeq, proc, failed };
}

export function encodeCommit(token: CommitToken): Buffer {
  const buffer = Buffer.alloc(HEADER.size + COMMIT.size + token.entries.length * COMMIT_ENTRY.size);
  writeHeader(buffer, KIND.commit, token.ring);
  let at = writeFields(COMMIT, buffer, HEADER.size, { hop: token.hop, count: token.entries.length });
  for (const entry of token.entries) {
    at = writeFields(COMMIT_ENTRY, buffer, at, {
      nodeid: entry.nodeid,
      filled: entry.filled ? 1 : 0,
      oldRep: entry.oldRing.rep,
      oldSeq: entry.oldRing.seq,
      received: entry.received,
      high: entry.high,
      stable: entry.stable,
    });
  }
  return buffer;
}

export function decodeCommit(buffer: Buffer): CommitToken | undefined {
  const ring = ringOf(buffer);
  const fields = readFields(COMMIT, buffer, HEADER.size);
  if (ring === undefined || fields === undefined || fields.count < 1 || fields.count > MAX_NODES) return undefined;
  const entries: CommitEntry[] = [];
  let at = HEADER.size + COMMIT.size;
  if (buffer.length !== at + fields.count * COMMIT_ENTRY.size) return undefined;
  for (let i = 0; i < fields.count; i++) {
    const raw = readFields(COMMIT_ENTRY, buffer, at);
    if (raw === undefined) return undefined;
    const { nodeid, received, high, stable } = raw;
    if (received > high || stable > received) return undefined;
    if (i > 0 && nodeid <= entries[i - 1]!.nodeid) return undefined;
    const oldRing = { rep: raw.oldRep, seq: raw.oldSeq };
    entries.push({ nodeid, filled: raw.filled === 1, oldRing, received, high, stable });
    at += COMMIT_ENTRY.size;
  }
  return { ring, hop: fields.hop, entries };
}

export function encodeMergeDetect(ring: RingId, heard: readonly number[]): Buffer {
  const buffer = Buffer.alloc(HEADER.size + MERGE.size + 4 * heard.length);
  writeHeader(buffer, KIND.mergeDetect, ring);
  writeNodes(buffer, writeFields(MERGE, buffer, HEADER.size, { heardCount: heard.length }), heard);
  return buffer;
}

export function decodeMergeDetect(
  buffer: Buffer,
): { readonly ring: RingId; readonly heard: readonly number[] } | undefined {
  const ring = ringOf(buffer);
  const fields = readFields(MERGE, buffer, HEADER.size);
  if (ring === undefined || fields === undefined) return undefined;
  const start = HEADER.size + MERGE.size;
  if (buffer.length !== start + 4 * fields.heardCount) return undefined;
  const heard = readNodes(buffer, start, fields.heardCount);
  return heard === undefined ? undefined : { ring, heard };
}

export function encodeHoldCancel(ring: RingId): Buffer {
  const buffer = Buffer.alloc(HEADER.size);
  writeHeader(buffer, KIND.holdCancel, ring);
  return buffer;
}

/** A member's word to the holder: it has frames 1..`received`. */
export function encodeReceipt(ring: RingId, received: number): Buffer {
  const buffer = Buffer.alloc(HEADER.size + RECEIPT.size);
  writeHeader(buffer, KIND.receipt, ring);
  writeU64(buffer, HEADER.size, received);
  return buffer;
}

/** -1 when malformed. */
export function receivedOfReceipt(buffer: Buffer): number {
  return buffer.length === HEADER.size + RECEIPT.size ? readU64(buffer, HEADER.size) : -1;
}

function writeNodes(buffer: Buffer, at: number, nodes: readonly number[]): number {
  let position = at;
  for (const node of nodes) position = buffer.writeUInt32LE(node, position);
  return position;
}

/** A strictly ascending list, or undefined. */
function readNodes(buffer: Buffer, at: number, count: number): number[] | undefined {
  if (count > MAX_NODES || at + 4 * count > buffer.length) return undefined;
  const nodes: number[] = [];
  for (let i = 0; i < count; i++) {
    const node = buffer.readUInt32LE(at + 4 * i);
    if (i > 0 && node <= nodes[i - 1]!) return undefined;
    nodes.push(node);
  }
  return nodes;
}
