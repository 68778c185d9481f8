/**
 * Reads `user.cfg` (spec/access.md §2). Reading always succeeds: what is wrong is dropped with a warning, and is gone at
 * the next write.
 */
import { utf8ToText } from '../byte-string.ts';
import { decodeText } from '../encoded-text.ts';
import { splitList } from '../list-text.ts';
import { normalizeAclPath } from './acl-path.ts';
import { type AclMember, type Flag, setAclEntry } from './acl-tree.ts';
import { isGroupName, isPoolName, isRoleName, isStorageName, isUserId, parentPool, splitTokenId } from './identity.ts';
import { builtinRoles, privileges } from './privileges.ts';
import { createPool, createUserConfig, ensureSuperuser, rolePrivileges, type UserConfig } from './user-config.ts';

export interface UserConfigReading {
  readonly config: UserConfig;
  /** In the order of the file. */
  readonly warnings: readonly string[];
}

/** Everything that reading a line may touch. */
interface Reading {
  readonly config: UserConfig;
  /** For a part of a line that is dropped. */
  warn(sentence: string): void;
}

type Fields = readonly string[];

/** Each returns why the whole line is dropped, or undefined. */
const lineReaders: Readonly<Record<string, (fields: Fields, reading: Reading) => string | undefined>> = {
  user: readUser,
  token: readToken,
  group: readGroup,
  pool: readPool,
  role: readRole,
  acl: readAcl,
};

/** @param text byte string, as in the file */
export function readUserConfig(text: string): UserConfigReading {
  const config = createUserConfig();
  ensureSuperuser(config);
  const warnings: string[] = [];
  const reading = { config, warn: (sentence: string) => void warnings.push(`user config - ${sentence}`) };
  for (const raw of text.split('\n')) {
    const line = trimmed(raw);
    if (line === '') continue;
    const [type, ...fields] = line.split(':').map(trimmed);
    const dropped = Object.hasOwn(lineReaders, type!)
      ? lineReaders[type!]!(fields, reading)
      : `ignore config line: ${utf8ToText(line)}`;
    if (dropped !== undefined) reading.warn(dropped);
  }
  return { config, warnings };
}

/** Without the blanks of the file around it; others belong to names and comments. */
function trimmed(bytes: string): string {
  return bytes.replace(/^[ \t\r\n\f\v]+|[ \t\r\n\f\v]+$/g, '');
}

/** Text that stands as it is. */
function plain(field: string | undefined): string {
  return utf8ToText(field ?? '');
}

function flag(field: string | undefined): Flag {
  return field === undefined || field === '' || field === '0' ? 0 : 1;
}

/** Seconds, or undefined where the field is no number. */
function seconds(field: string | undefined): number | undefined {
  if (field === undefined || field === '') return 0;
  return /^[0-9]+$/.test(field) ? Number(field) : undefined;
}

/** An entry for every field with text. */
function texts<K extends string>(fields: Readonly<Record<K, string>>): { [key in K]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, text]) => text !== '')) as { [key in K]?: string };
}

function readUser(fields: Fields, { config }: Reading): string | undefined {
  const userid = plain(fields[0]);
  if (!isUserId(userid)) return `ignore user '${userid}' - invalid user name`;
  const expire = seconds(fields[2]);
  if (expire === undefined) return `ignore user '${userid}' - (illegal characters in expire '${plain(fields[2])}')`;
  config.users.set(userid, {
    enable: flag(fields[1]),
    expire,
    ...texts({
      firstname: decodeText(fields[3] ?? ''),
      lastname: decodeText(fields[4] ?? ''),
      email: plain(fields[5]),
      comment: decodeText(fields[6] ?? ''),
      keys: plain(fields[7]),
    }),
    groups: new Set(),
    tokens: new Map(),
  });
  return undefined;
}

function readToken(fields: Fields, { config }: Reading): string | undefined {
  const id = plain(fields[0]);
  const names = splitTokenId(id);
  if (names === undefined) return `ignore invalid token '${id}'`;
  const owner = config.users.get(names.userid);
  if (owner === undefined) return `ignore token '${id}' - no such user '${names.userid}'`;
  const expire = seconds(fields[1]);
  if (expire === undefined) return `ignore token '${id}' - (illegal characters in expire '${plain(fields[1])}')`;
  owner.tokens.set(names.tokenName, {
    expire,
    privsep: flag(fields[2]),
    ...texts({ comment: decodeText(fields[3] ?? '') }),
  });
  return undefined;
}

function readGroup(fields: Fields, { config, warn }: Reading): string | undefined {
  const groupid = plain(fields[0]);
  if (!isGroupName(groupid)) return `ignore group '${groupid}' - invalid characters in group name`;
  const group = config.groups.get(groupid) ?? { users: new Set<string>() };
  Object.assign(group, texts({ comment: decodeText(fields[2] ?? '') }));
  config.groups.set(groupid, group);
  for (const userid of splitList(plain(fields[1]))) {
    if (!isUserId(userid)) {
      warn(`ignore invalid group member '${userid}'`);
      continue;
    }
    group.users.add(userid);
    const user = config.users.get(userid);
    if (user === undefined) warn(`group '${groupid}' has a member that doesn't exist: '${userid}'`);
    else user.groups.add(groupid);
  }
  return undefined;
}

function readRole(fields: Fields, { config, warn }: Reading): string | undefined {
  const roleid = plain(fields[0]);
  if (!isRoleName(roleid)) return `ignore role '${roleid}' - invalid characters in role name`;
  if (builtinRoles.has(roleid)) return `ignore role '${roleid}' - it is built in`;
  const role = config.roles.get(roleid) ?? new Set<string>();
  config.roles.set(roleid, role);
  for (const privilege of splitList(plain(fields[1]))) {
    if (privileges.has(privilege)) role.add(privilege);
    else warn(`ignore invalid privilege '${privilege}'`);
  }
  return undefined;
}

function readPool(fields: Fields, { config, warn }: Reading): string | undefined {
  const poolid = plain(fields[0]);
  if (!isPoolName(poolid)) return `ignore pool '${poolid}' - invalid characters in pool name`;
  const pool = poolWithParents(config, poolid);
  Object.assign(pool, texts({ comment: decodeText(fields[1] ?? '') }));
  for (const vmid of splitList(plain(fields[2]))) {
    const other = config.vms.get(vmid);
    if (!/^[0-9]+$/.test(vmid)) warn(`ignore invalid vmid '${vmid}' in pool '${poolid}'`);
    else if (other !== undefined) warn(`ignore duplicate vmid '${vmid}' in pool '${poolid}' - it is in '${other}'`);
    else {
      pool.vms.add(vmid);
      config.vms.set(vmid, poolid);
    }
  }
  for (const storage of splitList(plain(fields[3]))) {
    if (isStorageName(storage)) pool.storage.add(storage);
    else warn(`ignore invalid storage '${storage}' in pool '${poolid}'`);
  }
  return undefined;
}

/** A pool and the pools that its name says it lies in, made where they are missing. */
export function poolWithParents(config: UserConfig, poolid: string): ReturnType<typeof createPool> {
  const pool = config.pools.get(poolid) ?? createPool();
  config.pools.set(poolid, pool);
  const parent = parentPool(poolid);
  if (parent !== undefined) poolWithParents(config, parent).pools.add(poolid);
  return pool;
}

function readAcl(fields: Fields, reading: Reading): string | undefined {
  const { config, warn } = reading;
  const path = normalizeAclPath(plain(fields[1]));
  if (path === undefined) return `ignore invalid acl path '${plain(fields[1])}'`;
  const roles = splitList(plain(fields[3])).filter((roleid) => {
    const isUsable = isRoleName(roleid) && rolePrivileges(config, roleid) !== undefined;
    if (!isUsable) warn(`ignore invalid acl role '${roleid}'`);
    return isUsable;
  });
  const members = splitList(plain(fields[2])).flatMap((name) => aclMember(name, reading) ?? []);
  for (const role of roles) {
    for (const member of members) setAclEntry(config.acl, path, member, role, flag(fields[0]));
  }
  return undefined;
}

/** Who is meant, or undefined where nobody can be: users and groups may be missing, tokens may not. */
function aclMember(name: string, { config, warn }: Reading): AclMember | undefined {
  const token = splitTokenId(name);
  if (token !== undefined && config.users.get(token.userid)?.tokens.has(token.tokenName)) {
    return { kind: 'tokens', id: name };
  }
  const group = name.startsWith('@') ? name.slice(1) : undefined;
  if (group !== undefined && isGroupName(group)) {
    if (!config.groups.has(group)) warn(`acl member '${name}': no such group`);
    return { kind: 'groups', id: group };
  }
  if (group === undefined && isUserId(name)) {
    if (!config.users.has(name)) warn(`acl member '${name}': no such user`);
    return { kind: 'users', id: name };
  }
  warn(`ignore invalid acl member '${name}'`);
  return undefined;
}
