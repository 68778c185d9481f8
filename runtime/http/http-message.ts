/** A request and its answer as the daemons see them: whole bodies, no sockets. */
import type { Readable } from 'node:stream';

export interface HttpRequest {
  readonly verb: string;
  /** As in the request line: path and query, still encoded. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The peer; IPv4 in its own form. */
  readonly address: string;
  readonly started_ms: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Undefined: the standard phrase. */
  readonly reason?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  /** For the access log. */
  readonly user?: string | undefined;
  /** Made by another daemon: goes out as it is. */
  readonly isPassedOn?: boolean;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpAnswer>;

/** What Node accepts in a status line: UTF-8 as bytes, without control characters. */
export function statusText(reason: string): string {
  return Buffer.from(reason, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
}

export function headerOf(request: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
