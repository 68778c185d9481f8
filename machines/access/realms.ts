/** `/access/domains`: the realms (spec/access.md §8, §10; updating: spec/storage.md §1.4). */

import { realmSections, realmTfaFormat } from '../../runtime/formats/access/realm-config.schema.ts';
import {
  builtinRealms,
  type Realm,
  type RealmConfig,
  type RealmType,
  realmFormats,
} from '../../runtime/formats/access/realm-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { checkValue } from '../../runtime/formats/property-check.ts';
import { splitPropertyString } from '../../runtime/formats/property-string.ts';
import type { ResolvedType } from '../../runtime/formats/section-config-types.ts';
import { isTrue } from './parameters.ts';
import { done, failed, type Result } from './refusal.ts';

export interface RealmListing {
  readonly realm: string;
  readonly type: RealmType;
  readonly comment?: string;
  readonly default?: 1;
  /** The kind of second factor that the realm demands. */
  readonly tfa?: string;
}

/** What everybody may know, without credentials; sorted by name. */
export function listRealms({ realms }: RealmConfig): readonly RealmListing[] {
  return [...realms]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([realm, { type, options }]) => {
      const tfa = realmTfaKind(options);
      return {
        realm,
        type,
        ...(options.has('comment') && { comment: String(options.get('comment')) }),
        ...(options.get('default') === 1 && { default: 1 as const }),
        ...(tfa !== undefined && { tfa }),
      };
    });
}

function realmTfaKind(options: Realm['options']): string | undefined {
  const read = splitPropertyString(String(options.get('tfa') ?? ''), realmTfaFormat);
  return 'error' in read ? undefined : read.values.get('type');
}

export function readRealm(
  config: RealmConfig,
  name: string,
): Result<Readonly<Record<string, string | number>> & { readonly digest: string }> {
  const realm = config.realms.get(name);
  if (realm === undefined) return failed(noSuchDomain(name));
  return done({ type: realm.type, ...Object.fromEntries(realm.options), digest: config.digest });
}

function noSuchDomain(name: string): string {
  return `domain '${name}' does not exist`;
}

export type RealmParameters = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RealmChange {
  readonly config: RealmConfig;
  /** What becomes of the file with the bind password: undefined leaves it, null removes it. */
  readonly password: string | null | undefined;
  /** Bind to the directory before the change is stored. */
  readonly shallCheckConnection: boolean;
}

/** Neither is an option of the file. */
const besideTheFile = new Set(['password', 'check-connection', 'realm', 'type', 'delete', 'digest']);

export function createRealm(before: RealmConfig, params: RealmParameters): Result<RealmChange> {
  const name = String(params.realm);
  const type = String(params.type);
  if (before.realms.has(name)) return failed(`domain '${name}' already exists`);
  if (builtinRealms.has(name)) return failed(`unable to use reserved name '${name}'`);
  if (type === 'pam' || type === 'pve') return failed(`unable to create builtin type '${type}'`);
  const resolved = realmSections.types.get(type);
  if (resolved === undefined) return failed(`unsupported type '${type}'`);
  const options = checkedOptions(resolved, params);
  if (!options.ok) return options;
  const missing = missingOption(resolved, options.value);
  if (missing !== undefined) return failed(`missing value for required option '${missing}'`);
  const realms = new Map(options.value.get('default') === 1 ? withoutDefault(before.realms) : before.realms);
  realms.set(name, { type: type as RealmType, options: options.value });
  return done(changeOf(before, realms, type, params));
}

function changeOf(
  { digest }: RealmConfig,
  realms: ReadonlyMap<string, Realm>,
  type: string,
  params: RealmParameters,
): RealmChange {
  const isDirectory = type === 'ldap' || type === 'ad';
  return {
    config: { digest, realms },
    password: isDirectory && params.password !== undefined ? String(params.password) : undefined,
    shallCheckConnection: isDirectory && isTrue(params['check-connection']),
  };
}

/** The options among the parameters, as the file holds them. */
function checkedOptions(type: ResolvedType, params: RealmParameters): Result<Map<string, string | number>> {
  const options = new Map<string, string | number>();
  for (const [key, given] of Object.entries(params)) {
    if (given === undefined || besideTheFile.has(key)) continue;
    const schema = type.definition(key);
    if (schema === undefined || !type.options.has(key)) return failed(`unexpected property '${key}'`);
    const value = typeof given === 'boolean' ? Number(given) : given;
    const complaint = checkValue(String(value), schema, realmFormats);
    if (complaint !== undefined) return failed(complaint);
    const isNumber = schema.type === 'boolean' || schema.type === 'integer';
    if (value !== '') options.set(key, isNumber ? Number(value) : String(value));
  }
  return done(options);
}

function missingOption(type: ResolvedType, options: ReadonlyMap<string, unknown>): string | undefined {
  const required = [...type.options].filter(([, flags]) => !flags.optional).map(([key]) => key);
  return required.sort(byBytes).find((key) => !options.has(key));
}

function withoutDefault(realms: ReadonlyMap<string, Realm>): ReadonlyMap<string, Realm> {
  const others = [...realms].map(([name, realm]) => {
    const options = new Map(realm.options);
    options.delete('default');
    return [name, { ...realm, options }] as const;
  });
  return new Map(others);
}

export function updateRealm(before: RealmConfig, name: string, params: RealmParameters): Result<RealmChange> {
  const { digest } = params;
  if (digest !== undefined && digest !== before.digest) {
    return failed('detected modified configuration - file changed by other user? Try again.');
  }
  const realm = before.realms.get(name);
  if (realm === undefined) return failed(noSuchDomain(name));
  const given = Object.entries(params).filter(([key, value]) => value !== undefined && !noChange.has(key));
  if (given.length === 0) return failed('no options specified');
  const type = realmSections.types.get(realm.type)!;
  const deleted = splitList(String(params.delete ?? ''));
  const set = checkedOptions(type, params);
  if (!set.ok) return set;
  const complaint = deletionComplaint(type, deleted, params) ?? fixedComplaint(type, realm, set.value);
  if (complaint !== undefined) return failed(complaint);
  const options = new Map([...realm.options, ...set.value]);
  // Empty text isn't written, so it takes an option away as well.
  const emptied = given.filter(([, value]) => value === '').map(([key]) => key);
  const complaintAboutEmpty = deletionComplaint(type, emptied, {});
  if (complaintAboutEmpty !== undefined) return failed(complaintAboutEmpty);
  for (const key of [...deleted, ...emptied]) options.delete(key);
  const realms = new Map(set.value.get('default') === 1 ? withoutDefault(before.realms) : before.realms);
  realms.set(name, { ...realm, options });
  const change = changeOf(before, realms, realm.type, params);
  return done(deleted.includes('password') ? { ...change, password: null } : change);
}

const noChange = new Set(['realm', 'digest', 'check-connection']);

function deletionComplaint(
  type: ResolvedType,
  deleted: readonly string[],
  params: RealmParameters,
): string | undefined {
  for (const key of deleted) {
    if (params[key] !== undefined) return `cannot set and delete property '${key}' at the same time!`;
    if (key === 'password' && type.options.has('bind_dn')) continue;
    const flags = type.options.get(key);
    if (flags === undefined) return `no such option '${key}'`;
    if (!flags.optional) return `unable to delete required option '${key}'`;
    if (flags.fixed) return `unable to delete fixed option '${key}'`;
  }
  return undefined;
}

function fixedComplaint(
  type: ResolvedType,
  realm: Realm,
  set: ReadonlyMap<string, string | number>,
): string | undefined {
  for (const [key, value] of set) {
    if (type.options.get(key)?.fixed && realm.options.get(key) !== value) {
      return `can't change value of fixed parameter '${key}'`;
    }
  }
  return undefined;
}

export function deleteRealm(before: RealmConfig, name: string): Result<RealmChange> {
  if (!before.realms.has(name)) return failed(`authentication domain '${name}' does not exist`);
  if (builtinRealms.has(name)) return failed(`unable to delete built-in realm '${name}'`);
  const realms = new Map(before.realms);
  realms.delete(name);
  return done({ config: { digest: before.digest, realms }, password: null, shallCheckConnection: false });
}
