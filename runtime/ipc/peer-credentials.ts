/**
 * Credentials of the process at the other end of a Unix socket (SO_PEERCRED), which Node does not offer: one getsockopt
 * through koffi on the descriptor of the socket.
 */
import type { Socket } from 'node:net';
import koffi from 'koffi';

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Linux, the generic numbers (x86, ARM, RISC-V). */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** `struct ucred`: pid, uid, gid, 32 bits each. */
const UCRED_BYTES = 12;

type GetSockOpt = (fd: number, level: number, option: number, value: Buffer, length: Buffer) => number;

let loaded: GetSockOpt | null | undefined;

/** null where the call can't be reached (no koffi binary, no such libc). */
function getSockOpt(): GetSockOpt | null {
  if (loaded !== undefined) return loaded;
  try {
    loaded = koffi.load(null).func('int getsockopt(int fd, int level, int option, void *value, void *length)');
  } catch {
    loaded = null;
  }
  return loaded;
}

/** True when `peerCredentials` can work on this machine. */
export function hasPeerCredentials(): boolean {
  return process.platform === 'linux' && getSockOpt() !== null;
}

/** Undefined where the credentials can't be reached, or the peer is gone. */
export function peerCredentials(socket: Socket): PeerCredentials | undefined {
  const fd = (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd;
  const call = getSockOpt();
  if (fd === undefined || fd < 0 || call === null) return undefined;
  const value = Buffer.alloc(UCRED_BYTES);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(UCRED_BYTES);
  if (call(fd, SOL_SOCKET, SO_PEERCRED, value, length) !== 0 || length.readUInt32LE() !== UCRED_BYTES) return undefined;
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}
