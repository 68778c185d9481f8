/**
 * Answers the requests of the pmxcfs IPC service (spec/pmxcfs.md §6.9): who may ask, what is refused, what comes back.
 *
 * Invariants:
 *  I1 every request frame gets exactly one response with its id;
 *  I2 a failed request has a negative errno and no body;
 *  I3 a read-only peer changes nothing and reads no private file, whatever the spelling of its path.
 */
import { Buffer } from 'node:buffer';
import { encodeResponseFrame, REQUEST_HEADER_BYTES, readFramePrefix } from '../../../runtime/formats/ipc-frame.ts';
import { components, isPrivatePath } from '../tree/path-class.ts';
import { guestPropertiesText } from './guest-properties.ts';
import { decodeRequestBody, type IpcRequest, type IpcRequestKind, requestKind } from './requests.ts';

const EPERM = 1;
const ENOENT = 2;
const EINVAL = 22;
const ECHRNG = 44;

/** Numbers below are reserved; 0 stands for all guests. */
const MIN_VMID = 100;
const MAX_LOG_PRIORITY = 7;

export type PeerAccess = 'read-write' | 'read-only' | 'refused';

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** What the daemon's own credentials and group `www-data` give to peers. */
export interface AccessRule {
  /** Effective uid of the daemon; where it is not 0, a peer of the same uid is read-write (§13.2.6). */
  readonly uid: number;
  /** gid of `www-data`, or undefined where there is no such group. */
  readonly readOnlyGid: number | undefined;
}

export function peerAccess({ uid, gid }: PeerCredentials, rule: AccessRule): PeerAccess {
  if (uid === 0 && gid === 0) return 'read-write';
  if (rule.uid !== 0 && uid === rule.uid) return 'read-write';
  return gid === rule.readOnlyGid ? 'read-only' : 'refused';
}

/** A message that a client logs. `message` is as the client sent it, unfiltered. */
export interface ClientLogMessage {
  readonly priority: number;
  readonly ident: string;
  readonly tag: string;
  readonly message: Buffer;
  readonly pid: number;
}

/** What the handler asks of the daemon. Texts, keys and paths are byte strings. */
export interface IpcWorld {
  versionText(): string;
  membersText(): string;
  vmlistText(): string;
  rrdText(): string;
  /** `user` undefined: entries of all. */
  clusterLogText(max_entries: number, user: string | undefined): string;
  /** 0 or a negative errno; the handler gives away `value`. */
  setStatus(key: string, value: Buffer): number;
  /** Empty `node`: the local one. */
  getStatus(key: string, node: string): Buffer | undefined;
  /** Bytes of a regular file of the tree, or undefined. */
  readFile(path: string): Buffer | undefined;
  logMessage(message: ClientLogMessage): void;
  /** Listed guests in any order, with the path of their configuration. */
  guests(): Iterable<{ readonly vmid: number; readonly path: string }>;
  guestPath(vmid: number): string | undefined;
}

export interface IpcPeer {
  readonly access: 'read-write' | 'read-only';
  readonly pid: number;
}

/** A body, or a negative errno (0: success without a body). */
type Answer = Buffer | number;

const NEEDS_WRITE: ReadonlySet<IpcRequestKind> = new Set<IpcRequestKind>(['set-status', 'log-cluster-message']);
const DEFAULT_LOG_ENTRIES = 50;

/** Answers one whole request frame (at least a header) with one whole response frame. */
export function answerRequest(frame: Buffer, peer: IpcPeer, world: IpcWorld): Buffer {
  const { id } = readFramePrefix(frame);
  const answer = answerOf(id, frame.subarray(REQUEST_HEADER_BYTES), peer, world);
  if (typeof answer === 'number') return encodeResponseFrame(id, answer, Buffer.alloc(0));
  return encodeResponseFrame(id, 0, answer);
}

function answerOf(id: number, body: Buffer, peer: IpcPeer, world: IpcWorld): Answer {
  const kind = requestKind(id);
  if (kind === undefined) return -ECHRNG;
  if (peer.access === 'read-only' && NEEDS_WRITE.has(kind)) return -EPERM;
  const request = decodeRequestBody(kind, body);
  return request === undefined ? -EINVAL : answerTo(request, peer, world);
}

function answerTo(request: IpcRequest, peer: IpcPeer, world: IpcWorld): Answer {
  switch (request.kind) {
    case 'get-fs-version':
      return bytesOf(world.versionText());
    case 'get-cluster-info':
      return bytesOf(world.membersText());
    case 'get-guest-list':
      return bytesOf(world.vmlistText());
    case 'set-status':
      return world.setStatus(request.key, Buffer.from(request.value));
    case 'get-status':
      return world.getStatus(request.key, request.node) ?? -ENOENT;
    case 'get-config':
      if (peer.access === 'read-only' && isPrivateInAnySpelling(request.path)) return -EPERM;
      return world.readFile(request.path) ?? -ENOENT;
    case 'log-cluster-message':
      if (request.priority > MAX_LOG_PRIORITY) return -EINVAL;
      world.logMessage({ priority: request.priority, pid: peer.pid, ...request.strings });
      return 0;
    case 'get-cluster-log': {
      const user = request.user === '' ? undefined : request.user;
      return bytesOf(world.clusterLogText(request.max || DEFAULT_LOG_ENTRIES, user));
    }
    case 'get-rrd-dump':
      // Q14: always one NUL here; the file `.rrd` has none.
      return bytesOf(`${world.rrdText()}\0`);
    case 'get-guest-property':
      return guestProperties(request.vmid, [request.property], world);
    case 'get-guest-properties':
      return guestProperties(request.vmid, request.properties, world);
    case 'verify-token':
      return hasLine(world.readFile('priv/token.cfg'), request.token) ? 0 : -ENOENT;
  }
}

/** The tree takes repeated slashes as one, which must not open `nodes//n1/priv` to read-only peers. */
function isPrivateInAnySpelling(path: string): boolean {
  return isPrivatePath(path) || isPrivatePath(components(path).join('/'));
}

function guestProperties(vmid: number, properties: readonly string[], world: IpcWorld): Answer {
  if (vmid === 0) {
    const guests = [...world.guests()].sort((a, b) => a.vmid - b.vmid);
    const configs = guests.map(({ vmid, path }) => [vmid, configOf(path, world)] as const);
    return bytesOf(guestPropertiesText(configs, properties));
  }
  if (vmid < MIN_VMID) return -EINVAL;
  const path = world.guestPath(vmid);
  if (path === undefined) return -ENOENT;
  return bytesOf(guestPropertiesText([[vmid, configOf(path, world)]], properties));
}

/** An empty or missing configuration has no properties (Q23). */
function configOf(path: string, world: IpcWorld): Buffer {
  return world.readFile(path) ?? Buffer.alloc(0);
}

function hasLine(file: Buffer | undefined, line: string): boolean {
  return file?.toString('latin1').split('\n').includes(line) ?? false;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
