/**
 * The sealed datagram: layout, key and the one way to seal and to open it (spec/pmxcfs.md §13.2.4). No state of peers here.
 *
 * Invariants:
 *  I1 a (key, nonce) pair seals at most once: the key belongs to one incarnation of one node, which is random, and its
 *     counter only rises;
 *  I2 every byte of a datagram is authenticated: header and incarnation as additional data, the payload by encryption;
 *  I3 a datagram names its destination (0: any peer), because one key seals for all peers: what was sent to one must
 *     not be taken by another.
 */
import * as assert from 'node:assert';
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { sha256 } from '../formats/digest.ts';

/** What a datagram is for: payload of the layer above, session handshake, link supervision. */
export const DATAGRAM_KIND = { data: 0, hello: 1, ping: 2, pong: 3 } as const;
export type DatagramKind = (typeof DATAGRAM_KIND)[keyof typeof DATAGRAM_KIND];

/** Offsets of the header; integers are big-endian. `incarnation` is the first 8 bytes of the sender's. */
const HEADER = {
  magic: 0,
  version: 2,
  kind: 3,
  cluster: 4,
  sender: 8,
  destination: 12,
  incarnation: 16,
  counter: 24,
} as const;
const HEADER_BYTES = 32;
const TAG_BYTES = 16;
const MAGIC = 0x7061;

/** Version of this layout. Release N reads N-1 too (§13.2.5). */
export const DATAGRAM_VERSION = 1;
const OLDEST_DATAGRAM_VERSION = 1;

export const INCARNATION_BYTES = 16;
/** Bytes that sealing adds to a payload. */
export const SEAL_OVERHEAD = HEADER_BYTES + TAG_BYTES;
/** Destination of a datagram that any peer may take. */
export const ANY_PEER = 0;

const ALGORITHM = 'aes-256-gcm';
const CIPHER_OPTIONS = { authTagLength: TAG_BYTES } as const;
const U32 = 0x1_0000_0000;

/** Who seals: one life of one node of one cluster. */
export interface Incarnation {
  readonly clusterName: string;
  readonly nodeid: number;
  /** Random, 16 bytes, drawn at start. */
  readonly incarnation: Buffer;
}

/** The key of one incarnation. */
export function deriveKey(authkey: Buffer, { clusterName, nodeid, incarnation }: Incarnation): Buffer {
  const info = Buffer.alloc(4);
  info.writeUInt32BE(nodeid);
  const label = Buffer.from(`pve-actors datagram\0${clusterName}\0`, 'latin1');
  return Buffer.from(hkdfSync('sha256', authkey, incarnation, Buffer.concat([label, info]), 32));
}

/** Tells clusters apart that share a network; not a secret. */
export function clusterTag(clusterName: string): number {
  return sha256(Buffer.from(clusterName, 'latin1')).readUInt32BE(0);
}

/** Seals for one incarnation, with the counter that makes each nonce unique. */
export class Sealer {
  readonly #key: Buffer;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  readonly #incarnation: Buffer;
  readonly #nonce = Buffer.alloc(12);
  #counter = 0;

  constructor(authkey: Buffer, identity: Incarnation) {
    assert.equal(identity.incarnation.length, INCARNATION_BYTES);
    this.#key = deriveKey(authkey, identity);
    this.#incarnation = identity.incarnation;
    this.#header.writeUInt16BE(MAGIC, HEADER.magic);
    this.#header.writeUInt8(DATAGRAM_VERSION, HEADER.version);
    this.#header.writeUInt32BE(clusterTag(identity.clusterName), HEADER.cluster);
    this.#header.writeUInt32BE(identity.nodeid, HEADER.sender);
    identity.incarnation.copy(this.#header, HEADER.incarnation, 0, 8);
  }

  /** Seals `payload` into `out` and returns the datagram's length; `out` holds at least payload + 64 bytes. */
  seal(kind: DatagramKind, destination: number, payload: Buffer, out: Buffer): number {
    this.#counter++;
    assert.ok(this.#counter <= Number.MAX_SAFE_INTEGER, 'I1: the counter must not repeat');
    const header = this.#header;
    header[HEADER.kind] = kind;
    header.writeUInt32BE(destination, HEADER.destination);
    header.writeUInt32BE(Math.floor(this.#counter / U32), HEADER.counter);
    header.writeUInt32BE(this.#counter % U32, HEADER.counter + 4);
    header.copy(this.#nonce, 4, HEADER.counter, HEADER.counter + 8);
    header.copy(out);
    let at = HEADER_BYTES;
    if (kind === DATAGRAM_KIND.hello) at += this.#incarnation.copy(out, at);
    const cipher = createCipheriv(ALGORITHM, this.#key, this.#nonce, CIPHER_OPTIONS);
    cipher.setAAD(out.subarray(0, at));
    at += cipher.update(payload).copy(out, at);
    cipher.final();
    return at + cipher.getAuthTag().copy(out, at);
  }
}

/** The header of a datagram, read but not yet authenticated. */
export interface DatagramHeader {
  readonly kind: number;
  readonly cluster: number;
  readonly sender: number;
  readonly destination: number;
  /** The two halves of the short incarnation. */
  readonly incarnationHigh: number;
  readonly incarnationLow: number;
  readonly counter: number;
}

export type HeaderFault = 'short' | 'magic' | 'version' | 'malformed';

/** Reads the header, or says why there is none. Opens nothing. */
export function readHeader(datagram: Buffer): DatagramHeader | HeaderFault {
  if (datagram.length < SEAL_OVERHEAD) return 'short';
  if (datagram.readUInt16BE(HEADER.magic) !== MAGIC) return 'magic';
  const version = datagram[HEADER.version]!;
  if (version < OLDEST_DATAGRAM_VERSION || version > DATAGRAM_VERSION) return 'version';
  const kind = datagram[HEADER.kind]!;
  if (kind > DATAGRAM_KIND.pong) return 'malformed';
  if (kind === DATAGRAM_KIND.hello && datagram.length < SEAL_OVERHEAD + INCARNATION_BYTES) return 'short';
  const counter = datagram.readUInt32BE(HEADER.counter) * U32 + datagram.readUInt32BE(HEADER.counter + 4);
  if (counter > Number.MAX_SAFE_INTEGER) return 'malformed';
  return {
    kind,
    cluster: datagram.readUInt32BE(HEADER.cluster),
    sender: datagram.readUInt32BE(HEADER.sender),
    destination: datagram.readUInt32BE(HEADER.destination),
    incarnationHigh: datagram.readUInt32BE(HEADER.incarnation),
    incarnationLow: datagram.readUInt32BE(HEADER.incarnation + 4),
    counter,
  };
}

/** The full incarnation that a hello carries; call it only for a hello that `readHeader` found long enough. */
export function incarnationOfHello(datagram: Buffer): Buffer {
  return datagram.subarray(HEADER_BYTES, HEADER_BYTES + INCARNATION_BYTES);
}

const openNonce = Buffer.alloc(12);

/** The payload of a datagram whose header was read, or undefined where the tag doesn't fit the key. */
export function open(key: Buffer, datagram: Buffer): Buffer | undefined {
  const start = datagram[HEADER.kind] === DATAGRAM_KIND.hello ? HEADER_BYTES + INCARNATION_BYTES : HEADER_BYTES;
  const end = datagram.length - TAG_BYTES;
  datagram.copy(openNonce, 4, HEADER.counter, HEADER.counter + 8);
  const decipher = createDecipheriv(ALGORITHM, key, openNonce, CIPHER_OPTIONS);
  decipher.setAAD(datagram.subarray(0, start));
  decipher.setAuthTag(datagram.subarray(end));
  const payload = decipher.update(datagram.subarray(start, end));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return payload;
}
