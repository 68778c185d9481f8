/**
 * The pmxcfs IPC socket (spec/pmxcfs.md §6.9, §13.2.12): request frames in, response frames out, in order, per
 * connection. What a request means is the handler's business; this file owns sockets, framing, peers and bounds.
 *
 * Invariants:
 *  I1 responses leave in the order of their requests, one each;
 *  I2 a connection holds at most one incomplete request (1 MiB), one chunk, and one response beyond the socket's mark;
 *  I3 a frame with an impossible size ends its connection, before anything of it is used;
 *  I4 no connection keeps the event loop for longer than one request or a few milliseconds, whichever is longer.
 */
import type { Socket } from 'node:net';
import { FRAME_PREFIX_BYTES, MAX_REQUEST_BYTES, readFramePrefix } from '../formats/ipc-frame.ts';
import type { Log } from '../log/log.ts';
import { ByteQueue } from './byte-queue.ts';
import { hasPeerCredentials, type PeerCredentials, peerCredentials } from './peer-credentials.ts';
import { type ListenFailure, listenOnUnixSocket, type UnixListener } from './unix-listener.ts';

export interface IpcServerOptions {
  readonly path: string;
  /** gid of `www-data`, the group of the socket; undefined where there is none. */
  readonly gid: number | undefined;
  readonly log: Log;
  /** What a peer may do. */
  admit(peer: PeerCredentials): 'read-write' | 'read-only' | 'refused';
  /** Answers a whole request frame with a whole response frame. */
  answer(frame: Buffer, peer: { readonly access: 'read-write' | 'read-only'; readonly pid: number }): Buffer;
}

const SHARED_MODE = 0o660;
/** Where peers can't be told apart, only the owner may connect. */
const OWNER_MODE = 0o600;
/** Each may hold 1 MiB of an incomplete request. */
const MAX_CONNECTIONS = 256;
const TURN_MS = 2;

export async function startIpcServer(options: IpcServerOptions): Promise<UnixListener | { failure: ListenFailure }> {
  const shared = hasPeerCredentials();
  const listener = await listenOnUnixSocket({
    path: options.path,
    mode: shared ? SHARED_MODE : OWNER_MODE,
    gid: shared ? options.gid : undefined,
    maxConnections: MAX_CONNECTIONS,
    onConnection: (socket) => accept(socket, options),
  });
  if ('failure' in listener) return listener;
  options.log.write('libqb', 'info', 'server name: pve2');
  const close = async () => {
    options.log.write('libqb', 'info', 'withdrawing server sockets');
    await listener.close();
  };
  return { close };
}

function accept(socket: Socket, options: IpcServerOptions): void {
  const peer = hasPeerCredentials() ? peerCredentials(socket) : ownCredentials();
  if (peer === undefined) {
    socket.destroy();
    return;
  }
  const access = options.admit(peer);
  if (access === 'refused') {
    options.log.write('ipcs', 'crit', `connection from bad user ${peer.uid}! - rejected`);
    socket.destroy();
    return;
  }
  serve(socket, { access, pid: peer.pid }, options);
}

function ownCredentials(): PeerCredentials {
  return { pid: 0, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

function serve(
  socket: Socket,
  peer: { readonly access: 'read-write' | 'read-only'; readonly pid: number },
  { log, answer }: IpcServerOptions,
): void {
  const received = new ByteQueue();

  const end = (why: string) => {
    log.write('ipcs', 'crit', `${why} from process ${peer.pid} - closing connection`);
    socket.destroy();
  };

  const answerSome = () => {
    const turnEnd_ms = performance.now() + TURN_MS;
    do {
      if (socket.destroyed) return;
      const prefix = received.peek(FRAME_PREFIX_BYTES);
      const { id, size } = prefix === undefined ? { id: 0, size: FRAME_PREFIX_BYTES } : readFramePrefix(prefix);
      if (size < FRAME_PREFIX_BYTES || size > MAX_REQUEST_BYTES) return end(`malformed request (size ${size})`);
      const frame = received.take(size);
      if (frame === undefined) {
        socket.resume();
        return;
      }
      let response: Buffer;
      try {
        response = answer(frame, peer);
      } catch (error) {
        return end(`request ${id} failed (${(error as Error).message})`);
      }
      if (!socket.write(response)) {
        socket.pause();
        socket.once('drain', answerSome);
        return;
      }
    } while (performance.now() < turnEnd_ms);
    socket.pause();
    setImmediate(answerSome);
  };

  socket.on('data', (chunk) => {
    received.push(chunk);
    answerSome();
  });
}
