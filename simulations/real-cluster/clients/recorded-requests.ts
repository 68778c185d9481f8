/** Requests of clients that can't be run here, recorded as data and sent by curl (spec/clients.md §1, §5, §9). */
import * as assert from 'uvu/assert';

export interface RecordedRequest {
  readonly GET?: string;
  readonly POST?: string;
  readonly PUT?: string;
  readonly DELETE?: string;
  readonly form?: Readonly<Record<string, string>>;
  /** 200 unless it says otherwise. */
  readonly status?: number;
  readonly reason?: string;
  /** What `data` must hold at least: `<integer>` and so on stand for any of that kind. */
  readonly data?: unknown;
}

export interface RecordedSequence {
  readonly name: string;
  readonly login: 'token' | 'ticket' | 'none';
  readonly requests: readonly RecordedRequest[];
}

export interface Received {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Arguments of curl for one request, without credentials and server. */
export function curlArguments(request: RecordedRequest): { readonly args: readonly string[]; readonly path: string } {
  for (const verb of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
    const path = request[verb];
    if (path === undefined) continue;
    const form = Object.entries(request.form ?? {}).flatMap(([key, value]) => ['--data-urlencode', `${key}=${value}`]);
    return { args: ['-X', verb, ...form], path };
  }
  throw new Error(`a recorded request without a method: ${JSON.stringify(request)}`);
}

/** @param text as `curl -i` prints it */
export function readResponse(text: string): Received {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [, status, reason] = /^HTTP\/1\.1 (\d+) ?(.*)$/.exec(first) ?? [];
  const headers = lines.map((line) => [line.replace(/:.*/s, '').toLowerCase(), line.replace(/^[^:]*: */, '')] as const);
  return { status: Number(status), reason: reason ?? '', headers: new Map(headers), body: text.slice(end + 4) };
}

export function checkResponse(request: RecordedRequest, received: Received): void {
  const where = JSON.stringify(request);
  assert.is(received.status, request.status ?? 200, `${where}: ${received.status} ${received.reason}`);
  if (request.reason !== undefined) assert.is(received.reason, request.reason, where);
  if (received.status !== 200) return;
  assert.is(received.headers.get('content-type'), 'application/json;charset=UTF-8', where);
  const envelope = JSON.parse(received.body) as { readonly data?: unknown };
  assert.ok('data' in envelope, where);
  if ('data' in request) assert.is(difference(request.data, envelope.data), undefined, where);
}

const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
  // A text or a number: clients take both.
  '<id>': (value) => /^\d+$/.test(String(value)),
  '<integer>': (value) => Number.isInteger(value),
  '<list>': (value) => Array.isArray(value),
  '<number>': (value) => typeof value === 'number',
  '<text>': (value) => typeof value === 'string' && value !== '',
};

/** Where `value` isn't as wanted; undefined where it holds all of it. */
function difference(wanted: unknown, value: unknown, path = 'data'): string | undefined {
  const told = `${path} is ${JSON.stringify(value)}`;
  if (typeof wanted === 'string' && kinds[wanted] !== undefined) return kinds[wanted](value) ? undefined : told;
  if (typeof wanted !== 'object' || wanted === null) return wanted === value ? undefined : told;
  if (typeof value !== 'object' || value === null || Array.isArray(wanted) !== Array.isArray(value)) return told;
  if (Array.isArray(wanted) && wanted.length !== (value as readonly unknown[]).length) return told;
  for (const [key, one] of Object.entries(wanted)) {
    const found = difference(one, (value as Readonly<Record<string, unknown>>)[key], `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
