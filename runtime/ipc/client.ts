/**
 * Client of the pmxcfs IPC socket, for tools and for the other daemons (spec/pmxcfs.md §6.9). One connection; requests
 * may be sent while others are open, and are answered in order. All failures are values with a code and a sentence.
 */
import { existsSync, unlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeResponseFrame, encodeRequestFrame, FRAME_PREFIX_BYTES, readFramePrefix } from '../formats/ipc-frame.ts';
import { ByteQueue } from './byte-queue.ts';
import { connectToService } from './connect.ts';

export interface IpcReply {
  /** 0 or a negative errno. */
  readonly error: number;
  readonly body: Buffer;
}

export interface IpcFailure {
  readonly failure: {
    readonly code: 'not-running' | 'no-permission' | 'closed' | 'deadline' | 'malformed';
    readonly message: string;
  };
}

export interface IpcConnectOptions {
  /** For connecting; default 5 s. */
  readonly deadline_ms?: number;
  /** `cfs-restart-flag`: while it is there, a restart is awaited for up to 10 s, and then the flag is removed (§1.9). */
  readonly restartFlag?: string;
}

const CONNECT_DEADLINE_MS = 5000;
const REQUEST_DEADLINE_MS = 30_000;
const RESTART_RETRY_MS = 100;
const RESTART_RETRIES = 100;
/** No response of the daemon comes near this. */
const MAX_RESPONSE_BYTES = 64 * 1_048_576;

export async function connectIpc(path: string, options: IpcConnectOptions = {}): Promise<IpcClient | IpcFailure> {
  const { restartFlag, deadline_ms = CONNECT_DEADLINE_MS } = options;
  let client = await connectOnce(path, deadline_ms);
  if (restartFlag === undefined) return client;
  for (let retry = 0; isNotRunning(client) && existsSync(restartFlag) && retry < RESTART_RETRIES; retry++) {
    await delay(RESTART_RETRY_MS);
    client = await connectOnce(path, deadline_ms);
  }
  if (isNotRunning(client)) removeFlag(restartFlag);
  return client;
}

function isNotRunning(client: IpcClient | IpcFailure): boolean {
  return 'failure' in client && client.failure.code === 'not-running';
}

function removeFlag(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not ours to remove.
  }
}

async function connectOnce(path: string, deadline_ms: number): Promise<IpcClient | IpcFailure> {
  const socket = await connectToService('pmxcfs', path, deadline_ms);
  return 'failure' in socket ? socket : new IpcClient(socket);
}

function failed(code: IpcFailure['failure']['code'], message: string): IpcFailure {
  return { failure: { code, message } };
}

const MALFORMED = failed('malformed', 'pmxcfs sent a malformed response');

interface Waiting {
  readonly id: number;
  settle(result: IpcReply | IpcFailure): void;
}

export class IpcClient {
  readonly #socket: Socket;
  readonly #received = new ByteQueue();
  readonly #waiting: Waiting[] = [];
  #ended: IpcFailure | undefined;

  /** `socket` is connected; use `connectIpc`. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('close', () => this.#end(failed('closed', 'pmxcfs closed the connection: not allowed, or stopped')));
  }

  /** Resolves in any case; a missed deadline ends the connection, since answers come in order. */
  request(id: number, body: Buffer, deadline_ms = REQUEST_DEADLINE_MS): Promise<IpcReply | IpcFailure> {
    if (this.#ended !== undefined) return Promise.resolve(this.#ended);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#end(failed('deadline', `pmxcfs did not answer request ${id} within ${deadline_ms} ms`));
      }, deadline_ms);
      const settle = (result: IpcReply | IpcFailure) => {
        clearTimeout(timer);
        resolve(result);
      };
      this.#waiting.push({ id, settle });
      this.#socket.write(encodeRequestFrame(id, body));
    });
  }

  close(): void {
    this.#end(failed('closed', 'the connection to pmxcfs was closed by this client'));
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk);
    for (;;) {
      const prefix = this.#received.peek(FRAME_PREFIX_BYTES);
      if (prefix === undefined) return;
      const { size } = readFramePrefix(prefix);
      if (size < FRAME_PREFIX_BYTES || size > MAX_RESPONSE_BYTES) {
        this.#end(MALFORMED);
        return;
      }
      const frame = this.#received.take(size);
      if (frame === undefined) return;
      const response = decodeResponseFrame(frame);
      const waiting = this.#waiting.shift();
      if (response === undefined || response.id !== waiting?.id) {
        waiting?.settle(MALFORMED);
        this.#end(MALFORMED);
        return;
      }
      waiting.settle({ error: response.error, body: response.body });
    }
  }

  #end(failure: IpcFailure): void {
    if (this.#ended !== undefined) return;
    this.#ended = failure;
    this.#socket.destroy();
    for (const { settle } of this.#waiting.splice(0)) settle(failure);
  }
}
