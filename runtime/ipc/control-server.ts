/**
 * The control socket: commands of this project to one of its processes, by the same user only (mode 0600).
 *
 * JSON lines (UTF-8). Request `{"id", "method", "params"}`; response `{"id", "result"}` or
 * `{"id", "error": {"code", "message"}}`; a call that streams sends `{"id", "event"}` lines before it. Calls of one
 * connection run at the same time and answer in any order.
 *
 * Invariants:
 *  I1 every well-formed request gets exactly one response, unless its connection ends before;
 *  I2 when a connection ends, the signal of each of its calls is aborted;
 *  I3 lines, open calls and unread output of a connection are bounded; beyond, it is closed.
 */
import type { Socket } from 'node:net';
import type { Log } from '../log/log.ts';
import { LineReader } from './line-reader.ts';
import { type ListenFailure, listenOnUnixSocket, type UnixListener } from './unix-listener.ts';

export interface ControlFailure {
  /** Stable, for programs: kebab-case. */
  readonly code: string;
  /** A sentence for people. */
  readonly message: string;
}

/** What a handler answers: a JSON value, or a failure. */
export type ControlOutcome = { readonly result: unknown } | { readonly error: ControlFailure };

export interface ControlCall {
  /** Sends one event line; after the call has ended or the connection is gone it does nothing. */
  event(value: unknown): void;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
}

/** Handles one method. `params` comes from outside, unchecked. What it throws is answered with code `internal`. */
export type ControlHandler = (params: unknown, call: ControlCall) => ControlOutcome | Promise<ControlOutcome>;

export interface ControlServerOptions {
  readonly path: string;
  /** Domain of log lines. */
  readonly domain: string;
  readonly log: Log;
  readonly handlers: Readonly<Record<string, ControlHandler>>;
}

export const MAX_LINE_BYTES = 8 * 1_048_576;
const MAX_CONNECTIONS = 256;
const MAX_OPEN_CALLS = 64;
/** A reader of events that lags by more than this is cut off. */
const MAX_UNREAD_BYTES = 32 * 1_048_576;

export function startControlServer(options: ControlServerOptions): Promise<UnixListener | { failure: ListenFailure }> {
  return listenOnUnixSocket({
    path: options.path,
    mode: 0o600,
    maxConnections: MAX_CONNECTIONS,
    onConnection: (socket) => serve(socket, options),
  });
}

function serve(socket: Socket, { domain, log, handlers }: ControlServerOptions): void {
  const gone = new AbortController();
  const lines = new LineReader(MAX_LINE_BYTES);
  let open = 0;

  const end = (why: string) => {
    log.write(domain, 'error', `control socket: ${why} - closing connection`);
    socket.destroy();
  };

  const send = (message: object) => {
    if (socket.destroyed) return;
    socket.write(`${JSON.stringify(message)}\n`);
    if (socket.writableLength > MAX_UNREAD_BYTES) end('a client does not read its answers');
  };

  const run = async (request: ControlRequest) => {
    const { id, method, params } = request;
    let running = true;
    const event = (value: unknown) => {
      if (running) send({ id, event: value });
    };
    open++;
    const outcome = await outcomeOf(handlers, method, params, { event, signal: gone.signal });
    open--;
    running = false;
    if ('error' in outcome && outcome.error.code === 'internal') log.write(domain, 'error', outcome.error.message);
    send({ id, ...outcome });
  };

  socket.on('close', () => gone.abort());
  socket.on('data', (chunk) => {
    for (const line of lines.push(chunk)) {
      const request = parseRequest(line);
      if (request === undefined) return end('malformed request');
      if (open >= MAX_OPEN_CALLS) return end(`more than ${MAX_OPEN_CALLS} open calls`);
      void run(request);
    }
    if (lines.overflown) end(`a line is longer than ${MAX_LINE_BYTES} bytes`);
  });
}

interface ControlRequest {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}

function parseRequest(line: string): ControlRequest | undefined {
  try {
    const { id, method, params } = JSON.parse(line) as Partial<ControlRequest>;
    return Number.isSafeInteger(id) && typeof method === 'string' ? { id: id as number, method, params } : undefined;
  } catch {
    return undefined;
  }
}

async function outcomeOf(
  handlers: Readonly<Record<string, ControlHandler>>,
  method: string,
  params: unknown,
  call: ControlCall,
): Promise<ControlOutcome> {
  const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
  if (handler === undefined) return { error: { code: 'no-such-method', message: `unknown command '${method}'` } };
  try {
    const outcome = await handler(params, call);
    // JSON has no undefined: without this, a response would lack its result.
    return 'result' in outcome ? { result: outcome.result ?? null } : outcome;
  } catch (error) {
    return { error: { code: 'internal', message: `command '${method}' failed: ${(error as Error).message}` } };
  }
}
