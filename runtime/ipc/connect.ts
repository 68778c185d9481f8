/** Connecting to a Unix socket of a daemon on this machine, with a deadline and failures that people understand. */
import { connect, type Socket } from 'node:net';
import { type SocketPath, socketPath } from './socket-path.ts';

export interface ConnectFailure {
  readonly failure: { readonly code: 'not-running' | 'no-permission' | 'deadline'; readonly message: string };
}

/** `service` names the daemon in messages, e.g. `pmxcfs`. The socket has no listeners and is not read yet. */
export function connectToService(service: string, path: string, deadline_ms: number): Promise<Socket | ConnectFailure> {
  return new Promise((resolve) => {
    let place: SocketPath;
    try {
      place = socketPath(path);
    } catch (error) {
      resolve(failureOf(service, path, error as NodeJS.ErrnoException));
      return;
    }
    const socket = connect(place.short);
    const settle = (result: Socket | ConnectFailure) => {
      place.release();
      clearTimeout(timer);
      socket.removeAllListeners('connect');
      socket.removeAllListeners('error');
      socket.on('error', () => socket.destroy());
      if (result !== socket) socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => {
      const message = `${service} did not accept a connection within ${deadline_ms} ms (${path})`;
      settle({ failure: { code: 'deadline', message } });
    }, deadline_ms);
    socket.once('error', (error) => settle(failureOf(service, path, error)));
    socket.once('connect', () => settle(socket));
  });
}

function failureOf(service: string, path: string, error: NodeJS.ErrnoException): ConnectFailure {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { failure: { code: 'not-running', message: `${service} is not running (no ${path})` } };
    case 'EACCES':
    case 'EPERM':
      return { failure: { code: 'no-permission', message: `no permission to connect to ${path}` } };
    case 'ECONNREFUSED':
      return { failure: { code: 'not-running', message: `${service} is not running (nobody listens on ${path})` } };
    default:
      return { failure: { code: 'not-running', message: `cannot connect to ${path}: ${error.message}` } };
  }
}
