/** What a directory's search returned, as our users and groups (spec/access.md §8.3). */
import { isGroupName, isUserId } from '../../runtime/formats/access/identity.ts';
import type { Realm } from '../../runtime/formats/access/realm-config.ts';
import type { User } from '../../runtime/formats/access/user-config.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { generalFormats } from '../../runtime/formats/named-formats.ts';
import { checkValue } from '../../runtime/formats/property-check.ts';
import type { PropertySchema } from '../../runtime/formats/property-schema.ts';

export interface DirectoryEntry {
  readonly dn: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}

export interface DirectoryGroup extends DirectoryEntry {
  /** DNs. */
  readonly members: readonly string[];
}

export interface DirectoryAnswer {
  readonly users: readonly DirectoryEntry[];
  readonly groups: readonly DirectoryGroup[];
}

/** What a directory may say about a user. */
export type UserRecord = Partial<Omit<User, 'groups' | 'tokens'>>;

export interface DirectoryRecords {
  readonly users: ReadonlyMap<string, UserRecord>;
  /** Group id → ids of members. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  /** What was left out, and why. */
  readonly warnings: readonly string[];
}

/** Our fields, and what their values must be. */
const fields: Readonly<Record<string, PropertySchema>> = {
  enable: { type: 'boolean' },
  expire: { type: 'integer', minimum: 0 },
  firstname: { type: 'string', maxLength: 1024 },
  lastname: { type: 'string', maxLength: 1024 },
  email: { type: 'string', format: 'email-opt', maxLength: 254 },
  comment: { type: 'string', maxLength: 2048 },
  keys: { type: 'string', pattern: '[0-9a-zA-Z!=]{0,4096}' },
};

const formats = generalFormats({ timeZones: new Set() });

interface Naming {
  readonly realmName: string;
  readonly options: Realm['options'];
  readonly warnings: string[];
}

export function directoryRecords(realmName: string, realm: Realm, answer: DirectoryAnswer): DirectoryRecords {
  const naming: Naming = { realmName, options: realm.options, warnings: [] };
  const userAttribute = String(realm.options.get('user_attr') ?? (realm.type === 'ad' ? 'sAMAccountName' : 'uid'));
  const sources = attributeSources(naming);
  const users = new Map<string, UserRecord>();
  const userByDn = new Map<string, string>();
  for (const entry of answer.users) {
    const username = firstValue(entry, userAttribute);
    const userid = `${username}@${realmName}`;
    if (username === undefined || !isUserId(userid)) {
      naming.warnings.push(`skipping user '${username ?? entry.dn}' - its name is not valid here`);
      continue;
    }
    users.set(userid, { username, ...recordOf(entry, userid, sources, naming.warnings) });
    userByDn.set(entry.dn.toLowerCase(), userid);
  }
  return { users, groups: groupsOf(answer.groups, userByDn, naming), warnings: naming.warnings };
}

/** Attribute names are compared in any case, as directories do. */
function firstValue({ attributes = {} }: DirectoryEntry, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(attributes).find(([key]) => key.toLowerCase() === wanted)?.[1][0];
}

/** Our field → the attributes that may hold it, the configured one first. */
function attributeSources({ options, warnings }: Naming): ReadonlyMap<string, readonly string[]> {
  const sources = new Map(Object.keys(fields).map((field) => [field, [field]]));
  for (const pair of splitList(String(options.get('sync_attributes') ?? ''))) {
    const [, field = '', attribute = ''] = /^(\w+)=(.+)$/.exec(pair) ?? [];
    if (sources.has(field)) sources.set(field, [attribute, field]);
    else warnings.push(`skipping attribute mapping '${pair}' - no such field`);
  }
  return sources;
}

function recordOf(
  entry: DirectoryEntry,
  userid: string,
  sources: ReadonlyMap<string, readonly string[]>,
  warnings: string[],
): UserRecord {
  const record: Record<string, string | number> = {};
  for (const [field, attributes] of sources) {
    const value = attributes.map((name) => firstValue(entry, name)).find((text) => text !== undefined);
    if (value === undefined) continue;
    const schema = fields[field]!;
    const complaint = checkValue(value, schema, formats);
    if (complaint !== undefined) warnings.push(`skipping '${field}' of user '${userid}' - ${complaint}`);
    else record[field] = schema.type === 'string' ? value : Number(value);
  }
  return record;
}

function groupsOf(
  entries: readonly DirectoryGroup[],
  userByDn: ReadonlyMap<string, string>,
  { realmName, options, warnings }: Naming,
): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, ReadonlySet<string>>();
  const nameAttribute = options.get('group_name_attr');
  for (const entry of entries) {
    const given = nameAttribute === undefined ? undefined : firstValue(entry, String(nameAttribute));
    const name = given ?? firstValue(entry, 'cn') ?? firstComponent(entry.dn);
    const groupid = `${name}-${realmName}`;
    if (name === undefined || !isGroupName(groupid)) {
      warnings.push(`skipping group '${name ?? entry.dn}' - its name is not valid here`);
      continue;
    }
    const members = entry.members.flatMap((dn) => userByDn.get(dn.toLowerCase()) ?? []);
    groups.set(groupid, new Set(members));
  }
  return groups;
}

/** The value of a DN's first component, without its escapes (RFC 4514). */
function firstComponent(dn: string): string | undefined {
  const value = /^[^=]+=((?:\\.|[^\\,+])*)/.exec(dn)?.[1];
  return value?.replace(/\\([0-9a-fA-F]{2}|.)/g, (_all, code: string) =>
    code.length === 2 ? String.fromCharCode(Number.parseInt(code, 16)) : code,
  );
}
