/** Messages in the field names of `messages.json`: the corpus's words on one side, our codecs on the other. */
import {
  type ClusterLogEntry,
  decodeClusterLogEntry,
  encodeClusterLogEntry,
} from '../../../machines/pmxcfs/messages/cluster-log-entry.ts';
import { decodeEpoch, encodeEpoch } from '../../../machines/pmxcfs/messages/epoch.ts';
import * as file from '../../../machines/pmxcfs/messages/file-message.ts';
import * as header from '../../../machines/pmxcfs/messages/header.ts';
import { decodeInodeUpdate, encodeInodeUpdate } from '../../../machines/pmxcfs/messages/inode-update.ts';
import { decodeKvUpdate, encodeKvUpdate, KV_LOG, KV_UPDATE } from '../../../machines/pmxcfs/messages/kv-update.ts';
import { decodeUnlock, encodeUnlock } from '../../../machines/pmxcfs/messages/unlock-message.ts';
import * as verify from '../../../machines/pmxcfs/messages/verify.ts';
import { decodeIndex } from '../../../machines/pmxcfs/tree/tree-index.ts';
import { fnv1a64 } from '../../../runtime/formats/fnv.ts';
import { byteString, type EntryFields } from './tree-fixture.ts';

/** Fields by the corpus's names; hexadecimal for bytes. */
export type DecodedMessage = Readonly<Record<string, unknown>> & { readonly failure?: never };
type Fields = Readonly<Record<string, unknown>>;
type Failure = { readonly failure: string };

const DCDB = 'pve_dcdb_v1';

export function decodeMessage(group: string, message: Buffer): DecodedMessage | Failure {
  const base = header.decodeBase(message);
  if ('failure' in base) return base;
  const common = {
    type: base.type,
    subtype: base.subtype,
    protocol_version: base.protocolVersion,
    time: base.time_s,
    header_time: base.time_s,
  };
  if (base.type === header.NORMAL) {
    const normal = header.decodeNormal(base, message);
    if ('failure' in normal) return normal;
    const fields = group === DCDB ? dcdbFields(base.subtype, normal.payload) : kvFields(base.subtype, normal.payload);
    return 'failure' in fields ? (fields as Failure) : { ...common, count: normal.count, ...fields };
  }
  const state = header.decodeState(base, message);
  if ('failure' in state) return state;
  const { counter, time_s, nodeid, pid } = decodeEpoch(state.epoch);
  const fields = stateFields(base.type, state.payload);
  if ('failure' in fields) return fields as Failure;
  return { ...common, epoch: { counter, time: time_s, nodeid, pid }, ...fields };
}

function dcdbFields(subtype: number, payload: Buffer): Fields | Failure {
  if (subtype === file.UNLOCK || subtype === file.UNLOCK_REQUEST) {
    const unlock = decodeUnlock(payload);
    return 'failure' in unlock ? unlock : { csum: unlock.checksum.toString('hex'), path: textOf(unlock.path) };
  }
  const decoded = file.decodeFileMessage(payload);
  if ('failure' in decoded) return decoded;
  const { path, to, offset, flags, data } = decoded;
  return { path: textOf(path), to: textOf(to), offset, flags, size: data.length, data: data.toString('utf8') };
}

function kvFields(subtype: number, payload: Buffer): Fields | Failure {
  if (subtype === KV_UPDATE) {
    const update = decodeKvUpdate(payload);
    if ('failures' in update) return { failure: update.failures.join('; ') };
    // The corpus writes a NUL as the two characters \0.
    const value = update.value.toString('utf8').replaceAll('\0', '\\0');
    return { key: textOf(update.key), value, value_len: update.value.length };
  }
  if (subtype !== KV_LOG) return { failure: `unknown kvstore message ${subtype}` };
  const entry = decodeClusterLogEntry(payload);
  if ('failures' in entry) return { failure: entry.failures.join('; ') };
  const { prev, next, uid, time_s, pid, priority } = entry;
  if (entry.nodeDigest !== fnv1a64(entry.node)) return { failure: 'the digest of the node is wrong' };
  if (entry.identDigest !== fnv1a64(entry.ident)) return { failure: 'the digest of the ident is wrong' };
  const texts = { node: textOf(entry.node), ident: textOf(entry.ident), tag: textOf(entry.tag) };
  return { prev, next, uid, time: time_s, pid, pri: priority, ...texts, msg: textOf(entry.message) };
}

function stateFields(type: number, payload: Buffer): Fields | Failure {
  switch (type) {
    case header.STATE: {
      const index = decodeIndex(payload);
      return 'failure' in index ? index : { payload_hex: payload.toString('hex') };
    }
    case header.UPDATE: {
      const update = decodeInodeUpdate(payload);
      if ('failure' in update) return update;
      const { inode, parent, version, writer, mtime, data } = update;
      const entry = { inode, parent, version, writer, mtime, type: update.type, name: textOf(update.name) };
      return { entry: { ...entry, data_hex: data.toString('hex') } };
    }
    case header.VERIFY_REQUEST: {
      const id = verify.decodeVerifyRequest(payload);
      return id === undefined ? { failure: 'wrong length' } : { csum_id: id };
    }
    case header.VERIFY: {
      const decoded = verify.decodeVerify(payload);
      if (decoded === undefined) return { failure: 'wrong length' };
      return { csum_id: decoded.id, checksum: decoded.checksum.toString('hex') };
    }
    case header.SYNC_START:
    case header.UPDATE_COMPLETE:
      return payload.length === 0 ? {} : { failure: 'a payload where there is none' };
    default:
      return { failure: `unknown message type ${type}` };
  }
}

/** The bytes of complete fields. */
export function encodeMessage(group: string, fields: Fields): Buffer {
  const type = numberIn(fields, 'type');
  const subtype = numberIn(fields, 'subtype');
  const protocolVersion = numberIn(fields, 'protocol_version');
  if (type === header.NORMAL) {
    const isLog = group !== DCDB && subtype === KV_LOG;
    // The field `time` of a LOG message is the entry's.
    const base = { subtype, protocolVersion, time_s: numberIn(fields, isLog ? 'header_time' : 'time') };
    const payload = group === DCDB ? dcdbPayload(subtype, fields) : kvPayload(subtype, fields);
    return header.encodeNormal(base, numberIn(fields, 'count'), payload);
  }
  const { time, ...epoch } = fields.epoch as { counter: number; time: number; nodeid: number; pid: number };
  const base = { type, protocolVersion, time_s: numberIn(fields, 'time') };
  return header.encodeState(base, encodeEpoch({ ...epoch, time_s: time }), statePayload(type, fields));
}

function dcdbPayload(subtype: number, fields: Fields): Buffer {
  const path = bytesIn(fields, 'path');
  if (subtype === file.UNLOCK || subtype === file.UNLOCK_REQUEST) {
    return encodeUnlock({ checksum: hexIn(fields, 'csum'), path });
  }
  const data = Buffer.from(bytesIn(fields, 'data'), 'latin1');
  const to = bytesIn(fields, 'to');
  return file.encodeFileMessage({
    path,
    to,
    offset: numberIn(fields, 'offset'),
    flags: numberIn(fields, 'flags'),
    data,
  });
}

function kvPayload(subtype: number, fields: Fields): Buffer {
  if (subtype === KV_UPDATE) {
    const value = Buffer.from(bytesIn(fields, 'value').replaceAll('\\0', '\0'), 'latin1');
    return encodeKvUpdate({ key: bytesIn(fields, 'key'), value });
  }
  const node = bytesIn(fields, 'node');
  const ident = bytesIn(fields, 'ident');
  const entry: ClusterLogEntry = {
    prev: numberIn(fields, 'prev'),
    next: numberIn(fields, 'next'),
    uid: numberIn(fields, 'uid'),
    time_s: numberIn(fields, 'time'),
    nodeDigest: fnv1a64(node),
    identDigest: fnv1a64(ident),
    pid: numberIn(fields, 'pid'),
    priority: numberIn(fields, 'pri'),
    node,
    ident,
    tag: bytesIn(fields, 'tag'),
    message: bytesIn(fields, 'msg'),
  };
  return encodeClusterLogEntry(entry);
}

function statePayload(type: number, fields: Fields): Buffer {
  switch (type) {
    case header.STATE:
      return hexIn(fields, 'payload_hex');
    case header.UPDATE: {
      const { data_hex, ...entry } = fields.entry as EntryFields;
      return encodeInodeUpdate({ ...entry, name: byteString(entry.name), data: Buffer.from(data_hex, 'hex') });
    }
    case header.VERIFY_REQUEST:
      return verify.encodeVerifyRequest(numberIn(fields, 'csum_id'));
    case header.VERIFY:
      return verify.encodeVerify(numberIn(fields, 'csum_id'), hexIn(fields, 'checksum'));
    default:
      return Buffer.alloc(0);
  }
}

/** Bytes as the corpus writes them in JSON. */
function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function numberIn(fields: Fields, name: string): number {
  return Number(fields[name]);
}

function bytesIn(fields: Fields, name: string): string {
  return byteString(String(fields[name]));
}

function hexIn(fields: Fields, name: string): Buffer {
  return Buffer.from(String(fields[name]), 'hex');
}
