/** Serves the page and its run to browsers of this machine. Answers nobody who came by another name: pages elsewhere can't read it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly page: string;
  readonly run: Buffer;
  /** 0 for any free one. */
  readonly port: number;
}

const SECURITY = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' };

/** Rejects where the port is taken. */
export async function serveRun({ page, run, port }: ServeOptions): Promise<Served> {
  const server = createServer((request, response) => answer(request, response, { page, run }));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${bound}/`, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { page, run }: Pick<ServeOptions, 'page' | 'run'>,
): void {
  const { method = '', headers, url = '/' } = request;
  // A name that somebody else has bound to this address (DNS rebinding) is no name of ours.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? ''))
    say(response, 403, 'text/plain', 'no such host\n');
  else if (method !== 'GET' && method !== 'HEAD') say(response, 405, 'text/plain', 'read only\n');
  else if (pathOf(url) === '/') say(response, 200, 'text/html; charset=utf-8', page);
  else if (pathOf(url) === '/run') say(response, 200, 'application/octet-stream', run);
  else say(response, 404, 'text/plain', 'there is nothing here\n');
}

function pathOf(url: string): string {
  return url.split('?', 1)[0]!;
}

function say(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { ...SECURITY, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
