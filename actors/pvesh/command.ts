/**
 * pvesh: methods of the API, called in this process as root@pam (spec/cli.md §3). Those of another node go to its pveproxy with a
 * ticket that is made here.
 */
import { makeCsrfToken } from '../../runtime/access/csrf-token.ts';
import { signUserTicket, ticketSigningKey } from '../../runtime/access/tickets.ts';
import { superuser } from '../../runtime/formats/access/identity.ts';
import type { PassOn } from '../../runtime/http/pass-on.ts';
import { crossSiteSecrets } from '../api/authentication.ts';
import { type Answer, decide, run } from '../api/dispatch.ts';
import { createForwarder } from '../api/forwarding.ts';
import type { MethodFacts, Verb } from '../api/inventory/registry.ts';
import { encodeForm, type Parameters } from '../api/parameters.ts';
import { proxyPlaces } from '../api/proxy-places.ts';
import { findMethod } from '../api/route.ts';
import type { ApiWorld } from '../api/world.ts';
import { ToolFailure } from '../command-line/failure.ts';
import { followTask, taskExitCode } from '../command-line/foreground-task.ts';
import type { Terminal } from '../command-line/output-format.ts';
import { listing, usageOf } from './children.ts';
import { readShellOptions } from './options.ts';
import { resultText } from './result-text.ts';

export interface ShellPorts {
  readonly world: ApiWorld;
  readonly passOn: PassOn;
  readonly print: (text: string) => void;
  readonly warn: (line: string) => void;
  readonly terminal: Terminal;
}

const VERBS: Readonly<Record<string, Verb>> = { get: 'GET', set: 'PUT', create: 'POST', delete: 'DELETE' };
const COMMANDS = [...Object.keys(VERBS), 'ls', 'usage'];
const CALLER = { identity: superuser, isToken: false };

/** The exit code. A failure is thrown. */
export async function runShell(ports: ShellPorts, args: readonly string[]): Promise<number> {
  const rest = [...args];
  const hasFlag = (flag: string) => {
    if (rest[0] !== flag) return false;
    rest.shift();
    return true;
  };
  let [isLocal, isSilent] = [false, false];
  for (;;) {
    if (hasFlag('--noproxy')) isLocal = true;
    else if (hasFlag('--nooutput')) isSilent = true;
    else break;
  }
  const noproxy = rest.findIndex((arg) => arg === '--noproxy' || arg === '-noproxy');
  if (noproxy >= 0) {
    rest.splice(noproxy, 1);
    isLocal = true;
  }
  const [word, path, ...options] = rest;
  const command = commandNamed(word);
  if (path === undefined) throw new ToolFailure('400 not enough arguments', true);
  const clean = `/${path
    .split('/')
    .filter((part) => part !== '')
    .join('/')}`;
  if (command === 'usage') return usage(ports, clean, options);
  if (command === 'ls') return list(ports, clean, isLocal);
  const verb = VERBS[command]!;
  const found = findMethod(verb, clean);
  if (found === undefined) {
    ports.warn(`No '${command}' handler defined for '${path}'`);
    return 1;
  }
  const { params, format } = readShellOptions(found.facts, options);
  const answer = await call(ports, verb, { path: clean, params, facts: found.facts, isLocal });
  if (!answer.ok) throw failureOf(answer);
  const status = await followTask(ports.world, answer.data, isSilent ? () => {} : ports.print);
  if (!isSilent) ports.print(resultText(answer.data, found.facts.returns, format, ports.terminal));
  return taskExitCode(status, ports.warn);
}

function commandNamed(word: string | undefined): string {
  if (word === undefined) throw new ToolFailure('ERROR: no command specified', true);
  const exact = COMMANDS.find((name) => name === word);
  const [first, ...others] = COMMANDS.filter((name) => name.startsWith(word));
  if (exact !== undefined) return exact;
  if (first === undefined || others.length > 0) throw new ToolFailure(`ERROR: unknown command 'pvesh ${word}'`, true);
  return first;
}

function failureOf({ refusal }: Answer & { readonly ok: false }): ToolFailure {
  const complaints = Object.entries(refusal.errors ?? {}).map(([name, text]) => `${name}: ${text}`);
  if (refusal.status !== 400) return new ToolFailure(refusal.message.trimEnd());
  return new ToolFailure([`400 ${refusal.message.trimEnd()}`, ...complaints].join('\n'), true);
}

interface Wanted {
  readonly path: string;
  readonly params: Parameters;
  readonly facts: MethodFacts;
  readonly isLocal: boolean;
}

async function call(ports: ShellPorts, verb: Verb, { path, params, facts, isLocal }: Wanted): Promise<Answer> {
  const { world } = ports;
  const place = { nodeName: world.nodeName, isPrivileged: true, forwarding: 'anywhere' } as const;
  const decision = await decide({ verb, path, params, caller: CALLER }, place, world);
  switch (decision.kind) {
    case 'refused':
      return { ok: false, refusal: decision.refusal };
    case 'to-node':
      if (isLocal) throw new ToolFailure('proxy loop detected - aborting');
      return callNode(ports, decision.node, { verb, path, params, facts });
    case 'to-daemon':
      throw new Error('a privileged process was sent to another');
    case 'run':
      return run(decision, CALLER, world);
  }
}

async function callNode(
  { world, passOn }: ShellPorts,
  node: string,
  { verb, path, params, facts }: Pick<Wanted, 'path' | 'params' | 'facts'> & { readonly verb: Verb },
): Promise<Answer> {
  const now_s = Math.floor(world.clock.wall_ms() / 1000);
  const key = await world.changes!.read('priv/authkey.key');
  if (key === undefined) throw new ToolFailure('priv/authkey.key is missing; pvecm updatecerts makes it');
  const ticket = signUserTicket(superuser, ticketSigningKey(key.toString('latin1')), now_s);
  const csrf = makeCsrfToken(superuser, await crossSiteSecrets(world), now_s);
  const query = verb === 'GET' || verb === 'DELETE' ? encodeForm(params) : '';
  const target = `/api2/json${path.split('/').map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
  const places = { daemon: { host: '', port: 0 }, proxyOf: (name: string) => proxyPlaces(world, name) };
  const { status, reason, body } = await createForwarder(world, passOn, places).toNode(node, {
    request: {
      verb,
      target,
      headers: { csrfpreventiontoken: csrf },
      body: key.subarray(0, 0),
      address: '127.0.0.1',
      started_ms: 0,
    },
    credentials: { ticket },
    params,
    isJson: false,
    user: superuser,
    address: '127.0.0.1',
  });
  const text = body === undefined || !('length' in body) ? '' : body.toString();
  const envelope =
    text === '' ? {} : (JSON.parse(text) as { data?: unknown; message?: string; errors?: Record<string, string> });
  if (status === 200) return { ok: true, data: envelope.data ?? null, extras: {}, facts };
  const message = envelope.message ?? reason ?? `status ${status}`;
  return { ok: false, refusal: { status, message, ...(envelope.errors && { errors: envelope.errors }) } };
}

async function list(ports: ShellPorts, path: string, isLocal: boolean): Promise<number> {
  const found = findMethod('GET', path);
  if (found === undefined) throw new ToolFailure(`no such resource '${path}'`);
  const key = found.facts.returns.childKey;
  if (typeof key !== 'string') throw new ToolFailure(`resource '${path}' does not define child links`);
  const answer = await call(ports, 'GET', { path, params: {}, facts: found.facts, isLocal });
  if (!answer.ok) throw failureOf(answer);
  const rows = answer.data as readonly Readonly<Record<string, unknown>>[];
  ports.print(
    listing(
      path,
      rows.map((row) => String(row[key])),
    ),
  );
  return 0;
}

function usage({ print, warn }: ShellPorts, path: string, options: readonly string[]): number {
  const at = options.findIndex((option) => /^--?command(?:=|$)/.test(option));
  const written = at < 0 ? undefined : (/=(.*)$/.exec(options[at]!)?.[1] ?? options[at + 1]);
  const has = (name: string) => options.some((option) => option === `--${name}` || option === `-${name}`);
  const text = usageOf(path, written, { isVerbose: has('verbose') || has('v'), returns: has('returns') });
  if (text === undefined || text === '') {
    warn(`no such resource '${path}'`);
    return 255;
  }
  print(text);
  return 0;
}
