/**
 * Who calls (spec/api.md §4): ticket or token of a request, and the token against cross-site requests. The phrase of a
 * refusal depends on the case alone; the detail goes to the log.
 */
import type { Buffer } from 'node:buffer';
import { accountProblem } from '../../machines/access/account-state.ts';
import { currentKeyWindow, oldKeyWindow, ticketWindow } from '../../machines/access/ticket-age.ts';
import { type CsrfSecrets, csrfSecrets, isCsrfToken } from '../../runtime/access/csrf-token.ts';
import { readLoginTicket, type TrustedKey, ticketVerifyingKey } from '../../runtime/access/tickets.ts';
import { splitTokenId } from '../../runtime/formats/access/identity.ts';
import { decodePercent } from './parameters.ts';
import type { ApiWorld, Caller } from './world.ts';

export interface Credentials {
  readonly ticket?: string;
  /** `user@realm!name=secret`, as it came. */
  readonly token?: string;
}

export type Authentication =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly phrase: string; readonly detail: string };

const NO_TICKET = 'No ticket';
const FAILED = 'Authentication failed!';

/** A ticket wins over a token. */
export function credentialsOf(cookie: string | undefined, authorization: string | undefined): Credentials {
  const ofCookie = /(?:^|\s|;)PVEAuthCookie=([^;]*)/.exec(cookie ?? '')?.[1];
  const ofHeader = /^PVEAuthCookie[= ](.*)$/.exec(authorization ?? '')?.[1];
  const ticket = ofCookie ?? ofHeader;
  if (ticket !== undefined && ticket !== '') return { ticket: decodePercent(ticket) };
  const token = /^PVEAPIToken[= ](.*)$/.exec(authorization ?? '')?.[1];
  return token === undefined ? {} : { token: decodePercent(token) };
}

export async function authenticate(world: ApiWorld, { ticket, token }: Credentials): Promise<Authentication> {
  if (ticket !== undefined) return byTicket(world, ticket);
  if (token !== undefined) return byToken(world, token);
  return { ok: false, phrase: NO_TICKET, detail: 'no credentials' };
}

async function byTicket(world: ApiWorld, ticket: string): Promise<Authentication> {
  const now_s = Math.floor(world.clock.wall_ms() / 1000);
  const read = readLoginTicket(ticket, await trustedKeys(world), now_s);
  if (read.kind === 'half') return { ok: false, phrase: NO_TICKET, detail: 'the second factor is missing' };
  if (read.kind === 'invalid') return { ok: false, phrase: FAILED, detail: 'invalid PVE ticket' };
  return forAccount(world, read.userid);
}

async function byToken(world: ApiWorld, token: string): Promise<Authentication> {
  const [, id, secret] = /^([^=]+)=(.+)$/.exec(token) ?? [];
  if (id === undefined || secret === undefined || splitTokenId(id) === undefined) {
    return { ok: false, phrase: FAILED, detail: 'no such token' };
  }
  const account = await forAccount(world, id);
  if (!account.ok) return account;
  const isRight = !/[\s\0]/.test(secret) && (await world.cluster.hasToken(`${id} ${secret}`));
  return isRight ? account : { ok: false, phrase: FAILED, detail: `invalid token value for '${id}'` };
}

async function forAccount(world: ApiWorld, identity: string): Promise<Authentication> {
  const config = await world.userConfig();
  const problem = accountProblem(config, identity, Math.floor(world.clock.wall_ms() / 1000));
  if (problem !== undefined) return { ok: false, phrase: FAILED, detail: problem.message };
  return { ok: true, caller: { identity, isToken: identity.includes('!') } };
}

const KEYS_KEPT_MS = 1000;
const keptKeys = new WeakMap<ApiWorld, { readonly at_ms: number; readonly keys: readonly TrustedKey[] }>();

/** The keys that may have signed a ticket that is shown now. They change once a day: a second late is soon enough. */
export async function trustedKeys(world: ApiWorld): Promise<readonly TrustedKey[]> {
  const at_ms = world.clock.monotonic_ms();
  const kept = keptKeys.get(world);
  if (kept !== undefined && at_ms - kept.at_ms < KEYS_KEPT_MS) return kept.keys;
  const found = await readTrustedKeys(world);
  if (found.length > 0) keptKeys.set(world, { at_ms, keys: found });
  return found;
}

async function readTrustedKeys({ cluster, clock }: ApiWorld): Promise<readonly TrustedKey[]> {
  const now_s = Math.floor(clock.wall_ms() / 1000);
  const paths = ['authkey.pub', 'authkey.pub.old'];
  const [current, old] = await Promise.all(paths.map((path) => cluster.read(path)));
  const [current_s, old_s] = await Promise.all(paths.map((path) => cluster.modified(path)));
  const found: TrustedKey[] = [];
  if (current !== undefined) {
    const isQuorate = (await cluster.members()).cluster?.quorate !== 0;
    const window =
      current_s === undefined ? ticketWindow : currentKeyWindow({ public_key_mtime_s: current_s, isQuorate }, now_s);
    found.push({ key: keyOf(current), ...window });
  }
  if (old !== undefined && old.length > 0) {
    found.push({ key: keyOf(old), ...(old_s === undefined ? ticketWindow : oldKeyWindow(old_s, now_s)) });
  }
  return found;
}

type VerifyingKey = TrustedKey['key'];
const keys = new Map<string, VerifyingKey>();
const KEPT_KEYS = 8;

function keyOf(file: Buffer): VerifyingKey {
  const pem = file.toString('latin1');
  const known = keys.get(pem);
  if (known !== undefined) return known;
  if (keys.size >= KEPT_KEYS) keys.clear();
  const made = ticketVerifyingKey(pem);
  keys.set(pem, made);
  return made;
}

/** Tickets come with a cookie that a browser sends by itself; tokens don't. */
export async function isCrossSiteSafe(world: ApiWorld, userid: string, token: string | undefined): Promise<boolean> {
  if (token === undefined) return false;
  const now_s = Math.floor(world.clock.wall_ms() / 1000);
  return isCsrfToken(token, { userid, secrets: await crossSiteSecrets(world), window: ticketWindow }, now_s);
}

export async function crossSiteSecrets(world: ApiWorld): Promise<CsrfSecrets> {
  const file = await world.cluster.read('pve-www.key');
  if (file === undefined) throw new Error('pve-www.key is missing; pvecm updatecerts makes it');
  return csrfSecrets(file);
}
