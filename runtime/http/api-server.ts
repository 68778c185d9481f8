/**
 * The HTTP side of pveproxy and pvedaemon: fastify over TLS or plain sockets, with the acceptance rules, headers and limits of
 * spec/api.md §1.1, §2.1 and §2.2. What requests mean is the handler's business.
 *
 *  I1 Every request that is taken gets exactly one answer, or its connection ends.
 *  I2 An answer of 400 or above ends its connection.
 *  I3 After `drain` nothing new is accepted, and each answer ends its connection.
 */
import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createHttps, type ServerOptions as TlsOptions } from 'node:https';
import { createServer as createNet, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline, Readable } from 'node:stream';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Clock } from '../clock/clock.ts';
import { API_LIMITS, type Limits, type Objection, objectionTo, parserObjection } from './acceptance.ts';
import { type AccessList, isAdmitted, plainAddress } from './access-list.ts';
import type { AccessLog } from './access-log.ts';
import { codingFor, compressed } from './compression.ts';
import { type HttpAnswer, type HttpHandler, headerOf, statusText } from './http-message.ts';

export interface ApiServerOptions {
  readonly handler: HttpHandler;
  /** Undefined: plain HTTP. */
  readonly tls: TlsOptions | undefined;
  /** Undefined: everybody. */
  readonly accessList?: AccessList;
  readonly compresses: boolean;
  /** Header with the client's address for the log, and who may set it. */
  readonly realAddress?: { readonly header: string; readonly from: AccessList } | undefined;
  readonly accessLog: AccessLog;
  readonly clock: Clock;
  readonly limits?: Limits;
  /** Called for each request that is taken. */
  readonly onRequest?: () => void;
}

/** What a worker listens on: an inherited descriptor, or an address of its own (tests). */
export type ListenPlace = { readonly fd: number } | { readonly host: string; readonly port: number };

const TLS_HANDSHAKE = 0x16;
const KEEP_ALIVE_RESERVE = 20;

export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #limits: Limits;
  readonly #front: NetServer;
  readonly #answered = new WeakMap<object, number>();
  readonly #connections = new Set<Socket>();
  #server!: Server;
  #redirects: Server | undefined;
  #isDraining = false;

  private constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? API_LIMITS;
    this.#front = createNet({ noDelay: true, allowHalfOpen: true }, (socket) => this.#admit(socket));
    this.#front.maxConnections = this.#limits.max_connections;
  }

  /** Rejects with a sentence where it can't listen. */
  static async start(options: ApiServerOptions, place: ListenPlace): Promise<ApiServer> {
    const server = new ApiServer(options);
    await server.#prepare();
    await new Promise<void>((resolve, reject) => {
      server.#front.once('error', reject);
      server.#front.listen(place, () => resolve());
    });
    return server;
  }

  get port(): number {
    return (this.#front.address() as { port: number }).port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Accepts no more; resolves when the last connection has ended. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const ended = new Promise<void>((resolve) => this.#front.close(() => resolve()));
    this.#server.closeIdleConnections();
    this.#redirects?.closeIdleConnections();
    await ended;
  }

  /** Ends at once. */
  close(): Promise<void> {
    const drained = this.drain();
    for (const socket of this.#connections) socket.destroy();
    return drained;
  }

  async #prepare(): Promise<void> {
    const { tls } = this.#options;
    const httpOptions = {
      maxHeaderSize: this.#limits.max_header_bytes,
      requireHostHeader: false,
      headersTimeout: this.#limits.idle_ms,
      keepAliveTimeout: this.#limits.idle_ms,
      connectionsCheckingInterval: 1000,
    };
    const app = fastify({
      logger: false,
      bodyLimit: this.#limits.max_body_bytes,
      // Paths of the API may hold anything; routing is not fastify's here.
      routerOptions: { ignoreDuplicateSlashes: true },
      serverFactory: (listener) => {
        const taken: RequestListener = (request, response) => this.#take(request, response, listener);
        this.#server =
          tls === undefined
            ? createHttp(httpOptions, taken)
            : (createHttps({ ...tls, ...httpOptions }, taken) as Server);
        this.#server.maxHeadersCount = 0;
        this.#server.on('clientError', (error, socket) => this.#refuseUnparsed(error, socket));
        this.#server.on('upgrade', (_request, socket) => endWith(socket, { status: 501, reason: 'no such uri' }));
        this.#server.on('connect', (_request, socket) => {
          endWith(socket, { status: 501, reason: `method 'CONNECT' not available` });
        });
        this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
        return this.#server;
      },
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) =>
      this.#write(reply, { status: error.statusCode ?? 500, reason: error.message }),
    );
    const answer = (request: FastifyRequest, reply: FastifyReply) => this.#answer(request, reply);
    app.setNotFoundHandler(answer);
    app.route({ method: ['GET', 'POST', 'PUT', 'DELETE'], url: '*', handler: answer });
    await app.ready();
    if (tls !== undefined) this.#redirects = createHttp(httpOptions, redirectToTls);
  }

  #admit(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    const { accessList, accessLog, clock } = this.#options;
    socket.on('error', () => socket.destroy());
    if (accessList !== undefined && !isAdmitted(address, accessList)) {
      accessLog({ address, user: undefined, wall_ms: clock.wall_ms(), requestLine: '', status: 403, bytes: undefined });
      socket.destroy();
      return;
    }
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    if (this.#redirects === undefined) {
      this.#server.emit('connection', socket);
      return;
    }
    this.#byFirstByte(socket, this.#redirects);
  }

  /** Plain HTTP on the TLS port is told where to go. */
  #byFirstByte(socket: Socket, redirects: Server): void {
    const timer = this.#options.clock.setTimeout(() => socket.destroy(), this.#limits.idle_ms);
    socket.once('close', () => this.#options.clock.clearTimeout(timer));
    socket.once('end', () => socket.destroy());
    socket.once('data', (chunk: Buffer) => {
      this.#options.clock.clearTimeout(timer);
      socket.removeAllListeners('end');
      socket.pause();
      socket.unshift(chunk);
      (chunk[0] === TLS_HANDSHAKE ? this.#server : redirects).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  }

  #take(request: IncomingMessage, response: ServerResponse, next: RequestListener): void {
    const objection = objectionTo(request, this.#limits);
    if (objection === 'abandon') {
      request.socket.destroy();
      return;
    }
    this.#options.onRequest?.();
    if (objection === undefined) {
      next(request, response);
      return;
    }
    response.writeHead(objection.status, statusText(objection.reason), {
      ...dynamicHeaders(this.#options.clock),
      Connection: 'close',
    });
    response.end();
    this.#log(request, objection.status, 0, undefined);
  }

  async #answer({ raw, body }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const address = plainAddress(raw.socket.remoteAddress ?? '');
    const answer = await this.#options.handler({
      verb: raw.method!,
      target: raw.url!,
      headers: raw.headers,
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      address,
      started_ms: this.#options.clock.monotonic_ms(),
    });
    return this.#write(reply, answer);
  }

  /** Written without fastify, which would add a content type where there is none, and change the case of names. */
  async #write(reply: FastifyReply, answer: HttpAnswer): Promise<FastifyReply> {
    const { raw: request } = reply.request;
    const { status, reason, headers = {}, body = Buffer.alloc(0) } = answer;
    const isClosing = this.#closesAfter(request, status);
    const head: Record<string, string> = { ...dynamicHeaders(this.#options.clock), ...headers };
    head.Connection = isClosing ? 'close' : 'Keep-Alive';
    const text = statusText(reason ?? '') || (STATUS_CODES[status] ?? 'Unknown');
    reply.hijack();
    if (body instanceof Readable) {
      this.#log(request, status, undefined, answer.user);
      reply.raw.writeHead(status, text, head);
      pipeline(body, reply.raw, () => {});
      return reply;
    }
    const isCompressible = !answer.isPassedOn && this.#options.compresses;
    const coding = isCompressible ? codingFor(headerOf(request, 'accept-encoding'), body.length) : undefined;
    const sent = coding === undefined ? body : await compressed(body, coding);
    if (coding !== undefined) head['Content-Encoding'] = coding;
    head['Content-Length'] = String(sent.length);
    this.#log(request, status, sent.length, answer.user);
    reply.raw.writeHead(status, text, head);
    reply.raw.end(sent);
    return reply;
  }

  #closesAfter(request: IncomingMessage, status: number): boolean {
    const answered = (this.#answered.get(request.socket) ?? 0) + 1;
    this.#answered.set(request.socket, answered);
    if (status >= 400 || this.#isDraining) return true;
    if (this.#connections.size >= this.#limits.max_connections - KEEP_ALIVE_RESERVE) return true;
    if (answered >= this.#limits.max_requests_per_connection) return true;
    const wish = request.headers.connection?.toLowerCase() ?? '';
    if (wish.includes('close')) return true;
    return request.httpVersionMinor === 0 && !wish.includes('keep-alive');
  }

  #refuseUnparsed(error: Error & { code?: string; rawPacket?: Buffer }, socket: Duplex): void {
    const objection = parserObjection(error.code, error.rawPacket);
    if (objection === 'abandon') socket.destroy();
    else endWith(socket, objection);
  }

  #log(request: IncomingMessage, status: number, bytes: number | undefined, user: string | undefined): void {
    const { accessLog, clock } = this.#options;
    const requestLine = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
    accessLog({ address: this.#loggedAddress(request), user, wall_ms: clock.wall_ms(), requestLine, status, bytes });
  }

  #loggedAddress(request: IncomingMessage): string {
    const peer = plainAddress(request.socket.remoteAddress ?? '');
    const { realAddress } = this.#options;
    if (realAddress === undefined || !isAdmitted(peer, realAddress.from)) return peer;
    const told = headerOf(request, realAddress.header)?.split(',')[0]?.trim();
    return told !== undefined && /^[0-9a-fA-F.:]+$/.test(told) ? told : peer;
  }
}

function dynamicHeaders(clock: Clock): Record<string, string> {
  const date = new Date(clock.wall_ms()).toUTCString();
  return { Date: date, Expires: date, 'Cache-Control': 'max-age=0', Pragma: 'no-cache', Server: 'pve-api-daemon/3.0' };
}

function endWith(socket: Duplex, { status, reason }: Objection): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status} ${statusText(reason)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}

const redirectToTls: RequestListener = (request, response) => {
  const [status, phrase] = request.method === 'GET' ? [301, 'Moved Permanently'] : [308, 'Permanent Redirect'];
  const location = `https://${(request.headers.host ?? '').replace(/[\r\n]/g, '')}${request.url}`;
  response.writeHead(status as number, phrase as string, {
    Location: location,
    Connection: 'close',
    'Content-Length': '0',
  });
  response.end(() => request.socket.destroySoon?.());
};
