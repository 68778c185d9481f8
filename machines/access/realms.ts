/** `/access/domains`: the realms (spec/access.md §8, §10; updating: spec/storage.md §1.4). */

import { realmSections, realmTfaFormat } from '../../runtime/formats/access/realm-config.schema.ts';
import {
  builtinRealms,
  type Realm,
  type RealmConfig,
  type RealmType,
} from '../../runtime/formats/access/realm-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { splitPropertyString } from '../../runtime/formats/property-string.ts';
import type { Section } from '../../runtime/formats/section-config.ts';
import { createSection, digestRefusal, updateSection } from '../../runtime/formats/section-update.ts';
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

/** Parameters that are no options of the file. */
const besideTheFile = new Set(['password', 'check-connection', 'realm', 'type', 'delete', 'digest']);

function optionsAmong(params: RealmParameters): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(params).filter(([key, value]) => value !== undefined && !besideTheFile.has(key)));
}

export function createRealm(before: RealmConfig, params: RealmParameters): Result<RealmChange> {
  const name = String(params.realm);
  const type = String(params.type);
  if (before.realms.has(name)) return failed(`domain '${name}' already exists`);
  if (builtinRealms.has(name)) return failed(`unable to use reserved name '${name}'`);
  if (type === 'pam' || type === 'pve') return failed(`unable to create builtin type '${type}'`);
  const created = createSection(realmSections, type, optionsAmong(params));
  return 'error' in created ? failed(created.error) : done(changeOf(before, name, created.section, params));
}

/** The configuration with the section, which is the only default if it is one. */
function changeOf(before: RealmConfig, name: string, { type, values }: Section, params: RealmParameters): RealmChange {
  const realm = { type: type as RealmType, options: values as Realm['options'] };
  const isDefault = optionsAmong(params).has('default') && realm.options.get('default') === 1;
  const realms = new Map(isDefault ? withoutDefault(before.realms) : before.realms).set(name, realm);
  const isDirectory = type === 'ldap' || type === 'ad';
  return {
    config: { digest: before.digest, realms },
    password: isDirectory && params.password !== undefined ? String(params.password) : undefined,
    shallCheckConnection: isDirectory && isTrue(params['check-connection']),
  };
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
  const stale = digestRefusal(params.digest === undefined ? undefined : String(params.digest), before.digest);
  if (stale !== undefined) return failed(stale);
  const realm = before.realms.get(name);
  if (realm === undefined) return failed(noSuchDomain(name));
  const set = optionsAmong(params);
  const deleted = splitList(String(params.delete ?? ''));
  if (set.size === 0 && deleted.length === 0 && params.password === undefined) return failed('no options specified');
  const losesPassword = deleted.includes('password');
  if (losesPassword && params.password !== undefined) {
    return failed("cannot set and delete property 'password' at the same time!");
  }
  const updated = updateSection(
    realmSections,
    { type: realm.type, values: realm.options },
    { set, delete: deleted.filter((key) => key !== 'password') },
  );
  if ('error' in updated) return failed(updated.error);
  const change = changeOf(before, name, updated.section, params);
  return done(losesPassword ? { ...change, password: null } : change);
}

export function deleteRealm(before: RealmConfig, name: string): Result<RealmChange> {
  if (!before.realms.has(name)) return failed(`authentication domain '${name}' does not exist`);
  if (builtinRealms.has(name)) return failed(`unable to delete built-in realm '${name}'`);
  const realms = new Map(before.realms);
  realms.delete(name);
  return done({ config: { digest: before.digest, realms }, password: null, shallCheckConnection: false });
}
