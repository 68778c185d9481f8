/** `/access/tfa`: listing, adding, changing and removing second factors (spec/access.md §9.3). */
import {
  type TfaConfig,
  type TfaEntry,
  type TfaKind,
  tfaKinds,
  type UserTfa,
} from '../../../runtime/formats/access/tfa-config.ts';
import { readTotpUri } from '../../../runtime/formats/access/totp-uri.ts';
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { type FlagParameter, isTrue } from '../parameters.ts';
import { badParameters, done, failed, type Result } from '../refusal.ts';
import type { FactorKind } from './lockout.ts';
import { unlocked } from './lockout.ts';
import { makeRecoveryKeys } from './recovery.ts';
import { matchingCounter } from './totp.ts';

export interface TfaListing {
  readonly id: string;
  readonly type: FactorKind;
  readonly description: string;
  readonly created: number;
  readonly enable: 0 | 1;
}

const recoveryId = 'recovery';

/** The factors of one user, by kind. */
export function listFactors(factors: UserTfa): readonly TfaListing[] {
  const listed: TfaListing[] = tfaKinds.flatMap((type) =>
    (factors[type] ?? []).map(({ id, description, created, enable }) => ({
      id,
      type,
      description,
      created,
      enable: enable === false ? (0 as const) : (1 as const),
    })),
  );
  if (factors.recovery !== undefined) {
    const { created } = factors.recovery;
    listed.push({ id: recoveryId, type: 'recovery', description: '', created, enable: 1 });
  }
  return listed;
}

export interface TfaTypes {
  /** What the realm demands. */
  readonly realm?: 'oath' | 'yubico';
  /** What old clients know of. */
  readonly user?: 'oath' | 'u2f';
  readonly types?: readonly FactorKind[];
}

/** `GET /access/users/{userid}/tfa`. @param multiple whether the client understands a list of types */
export function tfaTypes(factors: UserTfa, demand: 'totp' | 'yubico' | undefined, multiple: boolean): TfaTypes {
  const types = [...new Set(listFactors(factors).map(({ type }) => type))];
  const user = types.includes('u2f') ? ('u2f' as const) : types.includes('totp') ? ('oath' as const) : undefined;
  return {
    ...(demand !== undefined && { realm: demand === 'totp' ? ('oath' as const) : demand }),
    ...(multiple ? { types } : user !== undefined && { user }),
  };
}

export interface UserTfaListing {
  readonly userid: string;
  readonly entries: readonly TfaListing[];
  readonly 'totp-locked'?: 1;
  readonly 'tfa-locked-until'?: number;
}

/** The factors of all users that the caller may see, sorted by id. */
export function listAllFactors(config: TfaConfig, isVisible: (userid: string) => boolean): readonly UserTfaListing[] {
  return [...config.users]
    .filter(([userid]) => isVisible(userid))
    .sort(([a], [b]) => byBytes(a, b))
    .map(([userid, factors]) => ({
      userid,
      entries: listFactors(factors),
      ...(factors['totp-locked'] && { 'totp-locked': 1 as const }),
      ...(factors['tfa-locked-until'] !== undefined && { 'tfa-locked-until': factors['tfa-locked-until'] }),
    }));
}

export function readFactor(config: TfaConfig, userid: string, id: string): Result<TfaListing> {
  const found = listFactors(config.users.get(userid) ?? {}).find((entry) => entry.id === id);
  return found === undefined ? noSuchEntry(id) : done(found);
}

function noSuchEntry(id: string): Result<never> {
  return failed(`No such tfa entry '${id}'`, 404);
}

/** tfa.cfg after a change, and what user.cfg's `keys` of the user becomes: undefined where it stays. */
export interface TfaChange {
  readonly config: TfaConfig;
  readonly keys: 'x' | '' | undefined;
}

function changed(config: TfaConfig, userid: string, factors: UserTfa): TfaChange {
  const hadFactors = listFactors(config.users.get(userid) ?? {}).length > 0;
  const hasFactors = listFactors(factors).length > 0;
  const users = new Map(config.users).set(userid, factors);
  return { config: { ...config, users }, keys: hasFactors ? 'x' : hadFactors ? '' : undefined };
}

export interface NewEntry {
  /** A fresh random UUID. */
  readonly id: string;
  readonly description: string;
  readonly created: number;
}

export interface TotpRegistration {
  readonly description?: string;
  /** The device's URI. */
  readonly totp?: string;
  /** A current code, which proves that the device works. */
  readonly value?: string;
}

export function addTotp(
  before: TfaConfig,
  userid: string,
  { description, totp, value }: TotpRegistration,
  { id, now_s }: { readonly id: string; readonly now_s: number },
): Result<TfaChange> {
  if (totp === undefined) return badParameters({ totp: "missing 'totp' parameter" });
  if (description === undefined) return badParameters({ description: "missing 'description' parameter" });
  if (value === undefined) return badParameters({ value: "missing 'value' parameter" });
  const read = readTotpUri(totp);
  if ('error' in read) return badParameters({ totp: `invalid totp uri - ${read.error}` });
  const counter = matchingCounter(read.totp, value, now_s);
  if (counter === undefined) return failed('failed to verify TOTP challenge');
  const entry = { totp, 'last-count': counter };
  return done(addEntry(before, userid, 'totp', { id, description, created: now_s, entry }));
}

/** Adds what has been verified: a TOTP device, a key, an OTP generator. */
export function addEntry(before: TfaConfig, userid: string, kind: TfaKind, entry: TfaEntry): TfaChange {
  const factors = before.users.get(userid) ?? {};
  return changed(before, userid, { ...factors, [kind]: [...(factors[kind] ?? []), entry] });
}

/** A set of fresh codes under a fresh secret. */
export function addRecovery(
  before: TfaConfig,
  userid: string,
  { codes, secret, now_s }: { readonly codes: readonly string[]; readonly secret: string; readonly now_s: number },
): Result<TfaChange> {
  const factors = before.users.get(userid) ?? {};
  if (factors.recovery !== undefined) return failed('user already has recovery keys');
  return done(changed(before, userid, { ...factors, recovery: makeRecoveryKeys(codes, secret, now_s) }));
}

export interface EntryUpdate {
  readonly description?: string;
  readonly enable?: FlagParameter;
}

export function updateEntry(before: TfaConfig, userid: string, id: string, update: EntryUpdate): Result<TfaChange> {
  const factors = before.users.get(userid) ?? {};
  for (const kind of tfaKinds) {
    const entries = factors[kind] ?? [];
    const index = entries.findIndex((entry) => entry.id === id);
    if (index === -1) continue;
    const { enable, ...entry } = entries[index]!;
    const isEnabled = update.enable === undefined ? enable !== false : isTrue(update.enable);
    const next = {
      ...entry,
      description: update.description ?? entry.description,
      ...(!isEnabled && { enable: false }),
    };
    return done(changed(before, userid, { ...factors, [kind]: entries.with(index, next) }));
  }
  return noSuchEntry(id);
}

export function deleteEntry(before: TfaConfig, userid: string, id: string): Result<TfaChange> {
  const factors = before.users.get(userid) ?? {};
  if (id === recoveryId && factors.recovery !== undefined) {
    const { recovery: _gone, ...others } = factors;
    return done(changed(before, userid, others));
  }
  for (const kind of tfaKinds) {
    const entries = factors[kind] ?? [];
    const left = entries.filter((entry) => entry.id !== id);
    if (left.length < entries.length) return done(changed(before, userid, { ...factors, [kind]: left }));
  }
  return noSuchEntry(id);
}

/** tfa.cfg without a user who is deleted. */
export function withoutUser(before: TfaConfig, userid: string): TfaConfig {
  const users = new Map(before.users);
  users.delete(userid);
  return { ...before, users };
}

/** `PUT /access/users/{userid}/unlock-tfa`. */
export function unlockUser(
  before: TfaConfig,
  userid: string,
  now_s: number,
): { readonly config: TfaConfig; readonly wasLocked: boolean } {
  const factors = before.users.get(userid);
  if (factors === undefined) return { config: before, wasLocked: false };
  const { factors: open, wasLocked } = unlocked(factors, now_s);
  return { config: { ...before, users: new Map(before.users).set(userid, open) }, wasLocked };
}
