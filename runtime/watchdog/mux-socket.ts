/**
 * The socket of the watchdog multiplexer. Nobody may look whether it lives by connecting to it: a connection is a client, and one that
 * goes without a word takes the node with it. So a lock tells, and what is left of a dead one is removed without a look.
 */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { peerCredentials } from '../ipc/peer-credentials.ts';
import { socketPath } from '../ipc/socket-path.ts';
import { type InstanceLock, takeInstanceLock } from '../node/instance-lock.ts';

export interface MuxClients {
  connected(client: number, pid: number): void;
  data(client: number, bytes: Uint8Array): void;
  disconnected(client: number): void;
}

export interface MuxSocket {
  /** Ends one connection. */
  refuse(client: number): void;
  /** Ends all, and removes the socket. */
  close(): void;
}

const BACKLOG = 32;

/** Whether a multiplexer serves this socket. */
export function isMuxServing(path: string): boolean {
  const lock = takeInstanceLock(`${path}.lock`);
  if (!('release' in lock)) return lock.failure === 'held';
  lock.release();
  return false;
}

export async function serveMuxSocket(
  path: string,
  clients: MuxClients,
): Promise<MuxSocket | { readonly failure: string }> {
  const lock = takeInstanceLock(`${path}.lock`);
  if (!('release' in lock)) return { failure: lock.message };
  try {
    return await listen(path, lock, clients);
  } catch (error) {
    lock.release();
    return { failure: `cannot listen on ${path}: ${(error as Error).message}` };
  }
}

async function listen(path: string, lock: InstanceLock, clients: MuxClients): Promise<MuxSocket> {
  rmSync(path, { force: true });
  const place = socketPath(path);
  const sockets = new Map<number, Socket>();
  let last = 0;
  const server = createServer((socket) => {
    const client = ++last;
    sockets.set(client, socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => clients.data(client, bytes));
    socket.on('close', () => {
      if (sockets.delete(client)) clients.disconnected(client);
    });
    clients.connected(client, peerCredentials(socket)?.pid ?? 0);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path: place.short, backlog: BACKLOG }, resolve);
  });
  return {
    refuse: (client) => {
      const socket = sockets.get(client);
      sockets.delete(client);
      socket?.destroy();
    },
    close: () => {
      server.close();
      for (const socket of sockets.values()) socket.destroy();
      sockets.clear();
      rmSync(path, { force: true });
      place.release();
      lock.release();
    },
  };
}
