/**
 * Answers HTTP requests below `/api2` (spec/api.md §2.3 to §2.5, §4, §5): format, credentials, parameters, dispatch, the answer or
 * the way to whoever has it.
 *
 *  I1 A request without valid credentials is told nothing but the case, after 3 s.
 *  I2 pvedaemon believes the address that pveproxy tells, and nobody else is believed.
 */
import { Buffer } from 'node:buffer';
import type { HttpAnswer, HttpRequest } from '../../runtime/http/http-message.ts';
import { headerOf } from '../../runtime/http/http-message.ts';
import {
  type Authentication,
  authenticate,
  type Credentials,
  credentialsOf,
  isCrossSiteSafe,
} from './authentication.ts';
import { loginPage } from './browsable-page.ts';
import { type Answer, type ApiRequest, decide, type Place, run } from './dispatch.ts';
import { isFormat, render } from './envelope.ts';
import type { Forwarder } from './forwarding.ts';
import {
  collected,
  decodeForm,
  decodeJsonBody,
  decodePercent,
  emptyParameters,
  type Parameters,
} from './parameters.ts';
import { findMethod } from './route.ts';
import type { ApiWorld, Caller } from './world.ts';

export interface FaceOptions {
  readonly world: ApiWorld;
  /** pvedaemon: runs what is protected, passes nothing on. */
  readonly isDaemon: boolean;
  readonly forwarder: Forwarder;
}

const DELAY_MS = 3000;
const HTML_LOGIN = '/api2/html/access/ticket';

interface Incoming {
  readonly request: HttpRequest;
  readonly format: string;
  /** Decoded, without the format. */
  readonly path: string;
  readonly query: Parameters;
  readonly body: Parameters | undefined;
  readonly credentials: Credentials;
}

/** Never rejects. */
export async function answerApiRequest(request: HttpRequest, options: FaceOptions): Promise<HttpAnswer> {
  const incoming = readIncoming(request);
  if ('status' in incoming) return incoming;
  try {
    return await answerIncoming(incoming, options);
  } catch (error) {
    const { message, stack } = error as Error;
    options.world.log.write('api', 'error', `${request.verb} ${incoming.path}: ${stack ?? message}`);
    return envelope(incoming, undefined, { ok: false, refusal: { status: 500, message } });
  }
}

function readIncoming(request: HttpRequest): Incoming | HttpAnswer {
  const [pathText = '', queryText] = splitOnce(request.target, '?');
  const path = decodePercent(pathText);
  if (!/^\/+api2(?:\/|$)/.test(path)) return otherPage(request.verb, path);
  const [, format, rest = ''] = /^\/+api2\/+([a-z][a-z0-9]+)(\/.*)?$/s.exec(path) ?? [];
  if (format === undefined) return { status: 501, reason: `no such uri '${path}'` };
  if (!isFormat(format)) return { status: 501, reason: `no formatter for uri ${rest}, ${format}` };
  const credentials = credentialsOf(headerOf(request, 'cookie'), headerOf(request, 'authorization'));
  const body = bodyOf(request);
  if (body === 'malformed') return { status: 400, reason: 'unable to parse JSON body' };
  const cleaned = `/${rest
    .split('/')
    .filter((part) => part !== '')
    .join('/')}`;
  return { request, format, path: cleaned, query: decodeForm(queryText ?? ''), body, credentials };
}

/** There is no web interface in this release; the pages of format `html` are the way in. */
function otherPage(verb: string, path: string): HttpAnswer {
  if (path === '/' && verb === 'GET') return { status: 301, reason: 'Moved', headers: { Location: '/api2/html' } };
  const text = `no such file '${path}'`;
  return { status: 500, reason: text, headers: { 'Content-Type': 'text/plain' }, body: Buffer.from(`${text}\n`) };
}

function splitOnce(text: string, sign: string): readonly [string, string | undefined] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function bodyOf(request: HttpRequest): Parameters | 'malformed' | undefined {
  if (request.body.length === 0) return undefined;
  const text = request.body.toString('utf8');
  if (!isJson(request)) return decodeForm(text);
  return decodeJsonBody(text) ?? 'malformed';
}

function isJson(request: HttpRequest): boolean {
  return headerOf(request, 'content-type')?.split(';')[0]?.trim().toLowerCase() === 'application/json';
}

async function answerIncoming(incoming: Incoming, options: FaceOptions): Promise<HttpAnswer> {
  const { request, path, credentials } = incoming;
  const { world } = options;
  const found = findMethod(request.verb, path);
  const isOpen = found?.facts.permission.user === 'world';
  if (incoming.format === 'html' && path === '/access/ticket' && request.verb === 'GET') {
    return { status: 200, headers: { 'Content-Type': 'text/html;charset=UTF-8' }, body: Buffer.from(loginPage()) };
  }
  const authentication: Authentication =
    isOpen && credentials.ticket === undefined && credentials.token === undefined
      ? { ok: true, caller: { identity: undefined, isToken: false } }
      : await authenticate(world, credentials);
  if (!authentication.ok && !isOpen) return refusedCaller(incoming, authentication, world);
  const address = callerAddress(request, options.isDaemon);
  const caller: Caller = authentication.ok
    ? { ...authentication.caller, address }
    : { identity: undefined, isToken: false, address };
  if (!isOpen && !options.isDaemon && needsCrossSiteToken(request, caller)) {
    if (!(await isCrossSiteSafe(world, caller.identity!, headerOf(request, 'csrfpreventiontoken')))) {
      await delay(world, DELAY_MS);
      return { status: 401, reason: 'Permission denied - invalid csrf token', user: caller.identity };
    }
  }
  return dispatched(incoming, caller, options);
}

function needsCrossSiteToken({ verb }: HttpRequest, { identity, isToken }: Caller): boolean {
  return verb !== 'GET' && identity !== undefined && !isToken;
}

function callerAddress(request: HttpRequest, isDaemon: boolean): string {
  return (isDaemon ? headerOf(request, 'pveclientip') : undefined) ?? request.address;
}

async function refusedCaller(
  { format }: Incoming,
  { phrase, detail }: Authentication & { readonly ok: false },
  world: ApiWorld,
): Promise<HttpAnswer> {
  world.log.write('api', 'notice', `authentication failure: ${detail}`);
  await delay(world, DELAY_MS);
  if (format === 'html') return { status: 301, reason: 'Moved', headers: { Location: HTML_LOGIN } };
  return { status: 401, reason: phrase };
}

async function dispatched(incoming: Incoming, caller: Caller, options: FaceOptions): Promise<HttpAnswer> {
  const { request, path, query } = incoming;
  const { world, isDaemon, forwarder } = options;
  const hasBody = request.verb === 'POST' || request.verb === 'PUT';
  const params = collected(query, hasBody ? incoming.body : emptyParameters());
  const place: Place = {
    nodeName: world.nodeName,
    isPrivileged: isDaemon,
    forwarding: isDaemon ? 'nowhere' : headerOf(request, 'pvedisableproxy') === undefined ? 'anywhere' : 'looped',
  };
  const one: ApiRequest = { verb: request.verb, path, params, caller };
  const decision = await decide(one, place, world);
  switch (decision.kind) {
    case 'refused':
      return late(incoming, caller, { ok: false, refusal: decision.refusal }, world);
    case 'run':
      return late(incoming, caller, await run(decision, caller, world), world);
    case 'to-daemon':
      return forwarder.toDaemon({ ...passedOn(incoming, caller, params) });
    case 'to-node':
      return forwarder.toNode(decision.node, { ...passedOn(incoming, caller, params) });
  }
}

function passedOn({ request, credentials }: Incoming, caller: Caller, params: Parameters) {
  return {
    request,
    credentials,
    params,
    isJson: isJson(request),
    user: caller.identity,
    address: caller.address ?? '',
  };
}

/** A 401 of a method comes no sooner than 3 s after the request. */
async function late(incoming: Incoming, caller: Caller, answer: Answer, world: ApiWorld): Promise<HttpAnswer> {
  if (!answer.ok && answer.refusal.status === 401) {
    const gone_ms = world.clock.monotonic_ms() - incoming.request.started_ms;
    if (gone_ms < DELAY_MS) await delay(world, DELAY_MS - gone_ms);
  }
  return envelope(incoming, caller.identity, answer);
}

function envelope({ format, path }: Incoming, identity: string | undefined, answer: Answer): HttpAnswer {
  const { status, reason, contentType, body } = render(format, answer, { path, identity });
  const isUnspeakable = !answer.ok && reason === undefined && answer.refusal.message.split('\n')[0]?.includes('\r');
  if (isUnspeakable) return { status: 400, reason: 'Bad Request', user: identity };
  return { status, reason, headers: { 'Content-Type': contentType }, body, user: identity };
}

function delay({ clock }: ApiWorld, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}
