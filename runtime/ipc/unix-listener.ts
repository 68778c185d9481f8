/**
 * A listening Unix socket with mode and group, that survives a stale file of a crashed predecessor and never takes the
 * place of a living one.
 */
import { chmodSync, chownSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { type SocketPath, socketPath } from './socket-path.ts';

export interface UnixListenerOptions {
  readonly path: string;
  readonly mode: number;
  /** Group of the socket file; undefined leaves it. */
  readonly gid?: number | undefined;
  /** Further connections are closed at once. */
  readonly maxConnections: number;
  onConnection(socket: Socket): void;
}

export interface UnixListener {
  /** Stops listening, closes all connections, removes the socket file. */
  close(): Promise<void>;
}

export interface ListenFailure {
  /** `in-use`, or the system's code, e.g. ENOENT. */
  readonly code: string;
  /** A sentence for people. */
  readonly message: string;
}

const PROBE_TIMEOUT_MS = 1000;

export async function listenOnUnixSocket(
  options: UnixListenerOptions,
): Promise<UnixListener | { failure: ListenFailure }> {
  const { path } = options;
  let place: SocketPath | undefined;
  try {
    place = socketPath(path);
    if (await isListening(place.short)) {
      place.release();
      return { failure: { code: 'in-use', message: `another process listens on ${path} - stop it first` } };
    }
    unlinkIfThere(path);
    return await listen(options, place);
  } catch (error) {
    place?.release();
    const { code, message } = error as NodeJS.ErrnoException;
    return { failure: { code: code ?? 'unknown', message: `cannot listen on ${path}: ${message}` } };
  }
}

async function listen(options: UnixListenerOptions, place: SocketPath): Promise<UnixListener> {
  const { path, mode, gid } = options;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    options.onConnection(socket);
  });
  server.maxConnections = options.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.short, () => {
      server.off('error', reject);
      resolve();
    });
  });
  try {
    if (gid !== undefined) chownSync(path, -1, gid);
    chmodSync(path, mode);
  } catch (error) {
    server.close();
    throw error;
  }
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
    unlinkIfThere(path);
    place.release();
  };
  return { close };
}

/** True when somebody accepts connections at `path`; a file without a listener is a leftover. */
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => answer(true));
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
