/** Serves the page and its run to browsers of this machine. Answers nobody who came by another name: pages elsewhere can't read it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Branches } from './branch/branch-server.ts';
import type { LiveRun } from './live-run.ts';

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly page: string;
  readonly run: Buffer | (() => Promise<LiveRun>);
  /** Where the run is a simulated one that can be run again. */
  readonly branches?: Branches | undefined;
  /** 0 for any free one. */
  readonly port: number;
}

const SECURITY = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' };

/** Rejects where the port is taken. */
export async function serveRun({ port, ...served }: ServeOptions): Promise<Served> {
  const server = createServer((request, response) => void answer(request, response, served));
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: Omit<ServeOptions, 'port'>,
): Promise<void> {
  const { method = '', headers, url = '/' } = request;
  const { page, branches } = served;
  const path = pathOf(url);
  const query = new URLSearchParams(url.slice(path.length));
  // A name that somebody else has bound to this address (DNS rebinding) is no name of ours, and other pages ask for nothing here.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? '')) say(response, 403, 'no such host\n');
  else if (!OWN_SITES.includes(String(headers['sec-fetch-site'] ?? 'none')))
    say(response, 403, 'not for other sites\n');
  else if (method !== 'GET' && method !== 'HEAD') say(response, 405, 'read only\n');
  else if (path === '/') say(response, 200, page, 'text/html; charset=utf-8');
  else if (path === '/run' && !query.has('act')) await giveRun(request, response, served);
  else if (path === '/run' && branches !== undefined) {
    const branch = await branches(query).catch((error: Error) => ({ refusal: error.message }));
    if ('refusal' in branch) say(response, 400, `${branch.refusal}\n`);
    else say(response, 200, branch, BYTES);
  } else say(response, 404, 'there is nothing here\n');
}

async function giveRun(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { run, branches }: Omit<ServeOptions, 'port'>,
): Promise<void> {
  if (typeof run !== 'function') {
    say(response, 200, run, BYTES, branches === undefined ? {} : { 'X-Branches': 'yes' });
    return;
  }
  try {
    const { bytes, mark } = await run();
    const tag = `"${Buffer.from(mark).toString('base64url')}"`;
    if (headers['if-none-match'] === tag) say(response, 304, '');
    else say(response, 200, bytes, BYTES, { 'X-Live': 'yes', ETag: tag });
  } catch (error) {
    say(response, 503, `${(error as Error).message}\n`);
  }
}

const BYTES = 'application/octet-stream';
const OWN_SITES = ['none', 'same-origin'];

function pathOf(url: string): string {
  return url.split('?', 1)[0]!;
}

function say(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  type = 'text/plain',
  more: object = {},
): void {
  response.writeHead(status, { ...SECURITY, ...more, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
