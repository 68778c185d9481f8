/** Which requests are taken and what the others get (spec/api.md §2.1). */
import type { IncomingMessage } from 'node:http';

export interface Limits {
  readonly max_body_bytes: number;
  readonly max_header_lines: number;
  readonly max_header_bytes: number;
  readonly max_connections: number;
  readonly max_requests_per_connection: number;
  readonly idle_ms: number;
}

/** spec/api.md §1.1 */
export const API_LIMITS: Limits = {
  max_body_bytes: 524_288,
  max_header_lines: 62,
  max_header_bytes: 8192,
  max_connections: 500,
  max_requests_per_connection: 100,
  idle_ms: 5000,
};

export interface Objection {
  readonly status: number;
  readonly reason: string;
}

const verbs = new Set(['GET', 'POST', 'PUT', 'DELETE']);
const bodyTypes = new Set(['application/x-www-form-urlencoded', 'application/json', '']);

/** `abandon`: no answer at all. Undefined: the request is taken. */
export function objectionTo(request: IncomingMessage, limits: Limits): Objection | 'abandon' | undefined {
  const { method = '', url = '', headers, rawHeaders } = request;
  if (rawHeaders.length / 2 > limits.max_header_lines) return 'abandon';
  if (request.httpVersionMajor !== 1) {
    return { status: 506, reason: `http protocol version ${request.httpVersion} not supported` };
  }
  if (/^[^/]*@/.test(url)) return { status: 400, reason: 'invalid url' };
  if (!verbs.has(method)) return { status: 501, reason: `method '${method}' not available` };
  return objectionToBody(method, headers, limits);
}

function objectionToBody(
  method: string,
  headers: IncomingMessage['headers'],
  { max_body_bytes }: Limits,
): Objection | undefined {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    const isChunked = coding.toLowerCase() === 'chunked';
    const reason = isChunked ? 'chunked transfer encoding not supported' : `Unknown transfer encoding '${coding}'`;
    return { status: 501, reason };
  }
  const length = Number(headers['content-length'] ?? 0);
  if (length === 0) return undefined;
  if (method === 'GET' || method === 'DELETE') {
    return { status: 501, reason: `Unexpected content for method '${method}'` };
  }
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (!bodyTypes.has(type)) return { status: 506, reason: `upload 'Content-Type '${type}' not implemented` };
  return length > max_body_bytes ? { status: 501, reason: 'for data too large' } : undefined;
}

/** For what Node's parser refuses. `code` and `packet` are its error's. */
export function parserObjection(code: string | undefined, packet: Buffer | undefined): Objection | 'abandon' {
  const line =
    packet
      ?.toString('latin1', 0, Math.min(packet.length, 8192))
      .split(/\r?\n/)
      .find((one) => one !== '') ?? '';
  const [, method, version] = /^([A-Za-z]+) \S+ HTTP\/([0-9]+\.[0-9]+)$/.exec(line) ?? [];
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
    case 'ECONNRESET':
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'abandon';
    case 'HPE_INVALID_VERSION':
      return version === undefined
        ? { status: 400, reason: 'bad request' }
        : { status: 506, reason: `http protocol version ${version} not supported` };
    case 'HPE_INVALID_METHOD':
      return method === undefined
        ? { status: 400, reason: 'bad request' }
        : { status: 501, reason: `method '${method}' not available` };
    case 'HPE_INVALID_HEADER_TOKEN':
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
      return { status: 506, reason: 'unable to parse request header' };
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return { status: 501, reason: 'chunked transfer encoding not supported' };
    default:
      return { status: 400, reason: 'bad request' };
  }
}
