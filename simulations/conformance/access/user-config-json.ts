/** The shape in which the corpora write user.cfg: plain objects, flags as values, built-in roles left out. */
import { type AclNode, createAclNode, type Flag, memberKinds } from '../../../runtime/formats/access/acl-tree.ts';
import { createUserConfig, type Token, type UserConfig } from '../../../runtime/formats/access/user-config.ts';

export interface AclJson {
  children?: Record<string, AclJson>;
  users?: Record<string, Record<string, Flag>>;
  groups?: Record<string, Record<string, Flag>>;
  tokens?: Record<string, Record<string, Flag>>;
}

type Entry = Record<string, unknown>;

export interface UserConfigJson {
  acl_root?: AclJson;
  groups?: Record<string, Entry>;
  pools?: Record<string, Entry>;
  roles?: Record<string, Record<string, 1>>;
  users?: Record<string, Entry>;
  vms?: Record<string, string>;
}

export function toJson(config: UserConfig): UserConfigJson {
  const users = mapped(config.users, ({ groups, tokens, ...user }) => ({
    ...user,
    ...(groups.size > 0 && { groups: ones(groups) }),
    ...(tokens.size > 0 && { tokens: Object.fromEntries(tokens) }),
  }));
  return {
    acl_root: aclToJson(config.acl),
    users,
    roles: mapped(config.roles, ones),
    ...(config.groups.size > 0 && {
      groups: mapped(config.groups, (group) => ({ ...group, users: ones(group.users) })),
    }),
    ...(config.pools.size > 0 && {
      pools: mapped(config.pools, (pool) => ({
        ...pool,
        vms: ones(pool.vms),
        storage: ones(pool.storage),
        pools: ones(pool.pools),
      })),
    }),
    ...(config.vms.size > 0 && { vms: Object.fromEntries(config.vms) }),
  };
}

function mapped<T, R>(map: ReadonlyMap<string, T>, of: (value: T) => R): Record<string, R> {
  return Object.fromEntries([...map].map(([key, value]) => [key, of(value)]));
}

function ones(names: ReadonlySet<string>): Record<string, 1> {
  return Object.fromEntries([...names].map((name) => [name, 1 as const]));
}

function aclToJson(node: AclNode): AclJson {
  const json: AclJson = {};
  if (node.children.size > 0) json.children = mapped(node.children, aclToJson);
  for (const kind of memberKinds) {
    if (node[kind].size > 0) json[kind] = mapped(node[kind], (roles) => Object.fromEntries(roles));
  }
  return json;
}

export function fromJson(json: UserConfigJson): UserConfig {
  const config = createUserConfig();
  for (const [id, { groups, tokens, ...user }] of Object.entries(json.users ?? {})) {
    const owned = Object.entries((tokens ?? {}) as Record<string, Partial<Token>>);
    config.users.set(id, {
      ...present(user),
      groups: names(groups),
      tokens: new Map(owned.map(([name, token]) => [name, { expire: 0, privsep: 0, ...token }])),
    });
  }
  for (const [id, { users, ...group }] of Object.entries(json.groups ?? {})) {
    config.groups.set(id, { ...present(group), users: names(users) });
  }
  for (const [id, { vms, storage, pools, ...pool }] of Object.entries(json.pools ?? {})) {
    config.pools.set(id, { ...present(pool), vms: names(vms), storage: names(storage), pools: names(pools) });
  }
  for (const [id, privileges] of Object.entries(json.roles ?? {})) config.roles.set(id, names(privileges));
  for (const [vmid, pool] of Object.entries(json.vms ?? {})) config.vms.set(vmid, pool);
  return { ...config, acl: aclFromJson(json.acl_root ?? {}) };
}

function names(object: unknown): Set<string> {
  return new Set(Object.keys(object ?? {}));
}

/** Null means absent, and so does an empty text, which the file can't tell from it. */
function present(entry: Entry): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null && value !== ''));
}

function aclFromJson(json: AclJson): AclNode {
  const node = createAclNode();
  for (const [name, child] of Object.entries(json.children ?? {})) node.children.set(name, aclFromJson(child));
  for (const kind of memberKinds) {
    for (const [id, roles] of Object.entries(json[kind] ?? {})) node[kind].set(id, new Map(Object.entries(roles)));
  }
  return node;
}

/** The same value with sorted keys, and without what is null or empty text: for comparing. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined && item !== '');
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, canonical(item)]));
}
