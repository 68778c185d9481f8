/** Client of a control socket (`control-server.ts`). One connection, any number of calls at the same time. */
import type { Socket } from 'node:net';
import { type ConnectFailure, connectToService } from './connect.ts';
import { type ControlOutcome, MAX_LINE_BYTES } from './control-server.ts';
import { LineReader } from './line-reader.ts';

export interface ControlCallOptions {
  /** Default 30 s; `undefined` waits as long as the connection lives, for calls that stream. */
  readonly deadline_ms?: number | undefined;
  onEvent?(value: unknown): void;
}

const CONNECT_DEADLINE_MS = 5000;
const CALL_DEADLINE_MS = 30_000;

/** `service` names the process in messages, e.g. `the cluster process`. */
export async function connectControl(service: string, path: string): Promise<ControlClient | ConnectFailure> {
  const socket = await connectToService(service, path, CONNECT_DEADLINE_MS);
  return 'failure' in socket ? socket : new ControlClient(service, socket);
}

interface OpenCall {
  onEvent(value: unknown): void;
  settle(outcome: ControlOutcome): void;
}

export class ControlClient {
  readonly #service: string;
  readonly #socket: Socket;
  readonly #lines = new LineReader(2 * MAX_LINE_BYTES);
  readonly #open = new Map<number, OpenCall>();
  #lastId = 0;

  /** `socket` is connected; use `connectControl`. */
  constructor(service: string, socket: Socket) {
    this.#service = service;
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('close', () => this.#failAll('closed', `${service} closed the connection`));
  }

  /** Resolves in any case: with the handler's outcome, or an error of code `closed`, `deadline` or `malformed`. */
  call(method: string, params: unknown, options: ControlCallOptions = {}): Promise<ControlOutcome> {
    if (this.#socket.destroyed)
      return Promise.resolve(failure('closed', `the connection to ${this.#service} is closed`));
    const id = ++this.#lastId;
    const deadline_ms = 'deadline_ms' in options ? options.deadline_ms : CALL_DEADLINE_MS;
    return new Promise((resolve) => {
      const timer = deadline_ms === undefined ? undefined : setTimeout(() => late(deadline_ms), deadline_ms);
      const settle = (outcome: ControlOutcome) => {
        clearTimeout(timer);
        this.#open.delete(id);
        resolve(outcome);
      };
      const late = (ms: number) => {
        settle(failure('deadline', `${this.#service} did not answer '${method}' within ${ms} ms`));
      };
      this.#open.set(id, { settle, onEvent: (value) => options.onEvent?.(value) });
      this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const wellFormed = this.#lines.push(chunk).every((line) => this.#take(line));
    if (!wellFormed || this.#lines.overflown) this.#malformed();
  }

  /** False for a line that is no response. One to a call that has missed its deadline is dropped. */
  #take(line: string): boolean {
    let message: { id?: unknown; event?: unknown; result?: unknown; error?: { code: string; message: string } };
    try {
      message = JSON.parse(line);
    } catch {
      return false;
    }
    if (typeof message.id !== 'number') return false;
    const call = this.#open.get(message.id);
    if ('event' in message) call?.onEvent(message.event);
    else if (message.error !== undefined) call?.settle({ error: message.error });
    else call?.settle({ result: message.result });
    return true;
  }

  #malformed(): void {
    this.#failAll('malformed', `${this.#service} sent a malformed answer`);
    this.#socket.destroy();
  }

  #failAll(code: string, message: string): void {
    for (const call of [...this.#open.values()]) call.settle(failure(code, message));
  }
}

function failure(code: string, message: string): ControlOutcome {
  return { error: { code, message } };
}
