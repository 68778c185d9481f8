/**
 * Sends a request to another daemon and brings back its answer whole. What fails on the way becomes one of the pseudo status
 * codes that clients know: 595 connecting, 596 TLS and headers, 597 body, 599 anything else (spec/api.md §5.1).
 */
import { X509Certificate } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { getSystemErrorMap } from 'node:util';
import type { HttpAnswer } from './http-message.ts';

export interface Outgoing {
  readonly verb: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly host: string;
  readonly port: number;
  /** Certificates in PEM of which the peer must show one; undefined: plain HTTP. */
  readonly pins: readonly string[] | undefined;
}

/** Never rejects. */
export type PassOn = (outgoing: Outgoing) => Promise<HttpAnswer>;

const WITHIN_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1_048_576;
/** Of the connection to the next daemon, not of the answer. */
const HOP_HEADERS = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'date',
  'server',
  'expires',
]);

type Phase = 'connecting' | 'headers' | 'body';
const PHASE_STATUS: Readonly<Record<Phase, number>> = { connecting: 595, headers: 596, body: 597 };

export function createPassOn(): PassOn {
  const plain = new HttpAgent({ keepAlive: true, maxFreeSockets: 16, timeout: WITHIN_MS });
  // A resumed session shows no certificate that could be compared.
  const sealed = new HttpsAgent({ keepAlive: true, maxFreeSockets: 16, timeout: WITHIN_MS, maxCachedSessions: 0 });
  return async (outgoing) => {
    // Only what may be sent twice goes over a connection that the other side may just be closing.
    if (outgoing.verb !== 'GET') return (await send(outgoing, false)).answer;
    const first = await send(outgoing, outgoing.pins === undefined ? plain : sealed);
    return first.wasStale ? (await send(outgoing, false)).answer : first.answer;
  };
}

interface Sent {
  readonly answer: HttpAnswer;
  /** A kept connection had ended before the request was heard. */
  readonly wasStale: boolean;
}

function send(outgoing: Outgoing, agent: HttpAgent | HttpsAgent | false): Promise<Sent> {
  const { verb, target, headers, body, host, port, pins } = outgoing;
  return new Promise((resolve) => {
    let phase: Phase = 'connecting';
    const connection = agent === false ? 'close' : 'keep-alive';
    const common = { host, port, method: verb, path: target, headers: { ...headers, Connection: connection } };
    const take = (response: IncomingMessage) => {
      phase = 'body';
      collect(response).then(
        (answer) => resolve({ answer, wasStale: false }),
        (error: Error) => resolve({ answer: failure(PHASE_STATUS.body, error), wasStale: false }),
      );
    };
    const request =
      pins === undefined
        ? httpRequest({ ...common, agent: agent as HttpAgent | false }, take)
        : httpsRequest(
            { ...common, agent: agent as HttpsAgent | false, rejectUnauthorized: false, servername: '' },
            take,
          );
    request.on('socket', (socket) => {
      const connected = () => {
        phase = 'headers';
        if (pins !== undefined && !isPinned(socket as TLSSocket, pins)) {
          request.destroy(new Error('certificate verify failed'));
        }
      };
      if (request.reusedSocket) {
        connected();
        return;
      }
      socket.once('connect', () => {
        phase = 'headers';
      });
      socket.once(pins === undefined ? 'connect' : 'secureConnect', connected);
    });
    request.setTimeout(WITHIN_MS, () => request.destroy(new Error('Connection timed out')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const wasStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      resolve({ answer: failure(PHASE_STATUS[phase], error), wasStale });
    });
    request.end(body);
  });
}

/** What the peers of kept connections have shown: Node forgets it after the first request. */
const shownBy = new WeakMap<object, string>();

function isPinned(socket: TLSSocket, pins: readonly string[]): boolean {
  const shown = shownBy.get(socket) ?? socket.getPeerX509Certificate()?.fingerprint256;
  if (shown === undefined) return false;
  shownBy.set(socket, shown);
  return pins.some((pem) => fingerprintOf(pem) === shown);
}

function fingerprintOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256;
  } catch {
    return undefined;
  }
}

async function collect(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk as Buffer);
  }
  if (!response.complete) throw new Error('Connection reset by peer');
  return {
    status: response.statusCode!,
    reason: Buffer.from(response.statusMessage ?? '', 'latin1').toString('utf8'),
    headers: headersOf(response),
    body: Buffer.concat(chunks),
  };
}

/** Names as the other side wrote them. */
function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = rawHeaders[place]!;
    if (!HOP_HEADERS.has(name.toLowerCase())) headers[name] = rawHeaders[place + 1]!;
  }
  return headers;
}

function failure(status: number, error: NodeJS.ErrnoException): HttpAnswer {
  const known = error.errno === undefined ? undefined : getSystemErrorMap().get(error.errno)?.[1];
  const text = known ?? error.message;
  return { status, reason: `${text.charAt(0).toUpperCase()}${text.slice(1)}` };
}
