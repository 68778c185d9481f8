/** `domains.cfg`: the realms in which users are authenticated (spec/access.md §8). */
import { decodeText, encodeText } from '../encoded-text.ts';
import { generalFormats } from '../named-formats.ts';
import type { NamedFormats } from '../property-schema.ts';
import { readSections, type Section, type SectionHandling, writeSections } from '../section-config.ts';
import { accessFormats, realmComplaint } from './access-formats.ts';
import { realmSections } from './realm-config.schema.ts';

export type RealmType = 'pam' | 'pve' | 'ldap' | 'ad' | 'openid';

export interface Realm {
  readonly type: RealmType;
  /** By the names of the file; booleans and numbers are numbers, comments are Unicode text. */
  readonly options: ReadonlyMap<string, string | number>;
}

export interface RealmConfig {
  /** SHA-1 in hex of the raw text. */
  readonly digest: string;
  /** In the order of the file. */
  readonly realms: ReadonlyMap<string, Realm>;
}

export const builtinRealms: ReadonlyMap<string, { readonly type: RealmType; readonly comment: string }> = new Map([
  ['pam', { type: 'pam', comment: 'Linux PAM standard authentication' }],
  ['pve', { type: 'pve', comment: 'Proxmox VE authentication server' }],
]);

/** What the options of realms refer to by name. */
export const realmFormats: NamedFormats = new Map([...generalFormats({ timeZones: new Set() }), ...accessFormats]);

const handling: SectionHandling = {
  formats: realmFormats,
  header: (_type, id) => {
    const error = realmComplaint(id);
    return { id, ...(error !== undefined && { error }) };
  },
  decode: (_type, key, value) => ({ value: key === 'comment' ? decodeText(value as string) : value }),
  encode: (_type, key, value) => (key === 'comment' ? encodeText(value as string) : value),
};

/** @param text byte string */
export function readRealmConfig(
  text: string,
  fileName = 'domains.cfg',
): { readonly config: RealmConfig; readonly warnings: readonly string[] } {
  const sections = readSections(realmSections, fileName, text, handling);
  const realms = new Map<string, Realm>();
  let hasDefault = false;
  for (const id of [...sections.order.keys()]) {
    const section = sections.ids.get(id);
    if (section === null || section === undefined) continue;
    const options = new Map(section.values as ReadonlyMap<string, string | number>);
    // One default is enough: the first.
    if (options.get('default') === 1 && hasDefault) options.delete('default');
    hasDefault ||= options.get('default') === 1;
    realms.set(id, { type: section.type as RealmType, options });
  }
  return { config: { digest: sections.digest, realms: withBuiltin(realms) }, warnings: sections.warnings };
}

/** The built-in realms exist with their own type, whatever the file says. */
function withBuiltin(found: ReadonlyMap<string, Realm>): ReadonlyMap<string, Realm> {
  const realms = new Map(found);
  for (const [id, { type, comment }] of builtinRealms) {
    const realm = realms.get(id);
    const options = new Map(realm?.type === type ? realm.options : []);
    if (!options.get('comment')) options.set('comment', comment);
    realms.set(id, { type, options });
  }
  return realms;
}

/** @returns a byte string @throws where an option that its type requires is missing: callers check first */
export function writeRealmConfig({ realms }: Pick<RealmConfig, 'realms'>): string {
  const ids = new Map<string, Section>();
  for (const [id, { type, options }] of realms) ids.set(id, { type, values: options });
  const order = new Map([...realms.keys()].map((id, index) => [id, index + 1]));
  const written = writeSections(realmSections, { ids, order }, handling);
  if ('error' in written) throw new Error(written.error);
  return written.text;
}
