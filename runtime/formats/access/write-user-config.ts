/** Writes `user.cfg`: one text for one configuration (spec/access.md §2). */
import { byBytes, textToUtf8 } from '../byte-string.ts';
import { encodeText } from '../encoded-text.ts';
import { type AclNode, type Flag, type RoleFlags, walkAcl } from './acl-tree.ts';
import { superuser, tokenId } from './identity.ts';
import { builtinRoles } from './privileges.ts';
import type { UserConfig } from './user-config.ts';

/** @returns a byte string */
export function writeUserConfig(config: UserConfig): string {
  const parts = [userLines, groupLines, poolLines, roleLines].map((linesOf) => linesOf(config).join(''));
  return `${parts.join('\n')}\n${aclLines(config.acl).join('')}`;
}

/** @throws where a field would end itself or its line: checks of the API and of the reader keep such text out */
function line(...fields: readonly (string | number | undefined)[]): string {
  const broken = fields.find((field) => typeof field === 'string' && /[:\n]/.test(field));
  if (broken !== undefined) throw new Error(`user.cfg can't hold the field '${broken}'`);
  return `${fields.map((field) => field ?? '').join(':')}:\n`;
}

function sortedEntries<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => byBytes(a, b));
}

function list(items: Iterable<string>): string {
  return textToUtf8([...items].sort(byBytes).join(','));
}

function userLines(config: UserConfig): readonly string[] {
  return sortedEntries(config.users).flatMap(([userid, user]) => [
    line(
      'user',
      textToUtf8(userid),
      user.enable ?? 0,
      user.expire ?? 0,
      encodeText(user.firstname ?? ''),
      encodeText(user.lastname ?? ''),
      textToUtf8(user.email ?? ''),
      encodeText(user.comment ?? ''),
      textToUtf8(user.keys ?? ''),
    ),
    ...sortedEntries(user.tokens).map(([name, { expire, privsep, comment }]) =>
      line('token', textToUtf8(tokenId(userid, name)), expire, privsep, encodeText(comment ?? '')),
    ),
  ]);
}

function groupLines(config: UserConfig): readonly string[] {
  return sortedEntries(config.groups).map(([id, { users, comment }]) =>
    line('group', id, list(users), encodeText(comment ?? '')),
  );
}

function poolLines(config: UserConfig): readonly string[] {
  return sortedEntries(config.pools).map(([id, { comment, vms, storage }]) =>
    line('pool', id, encodeText(comment ?? ''), list(vms), list(storage)),
  );
}

function roleLines(config: UserConfig): readonly string[] {
  return sortedEntries(config.roles)
    .filter(([id]) => !builtinRoles.has(id))
    .map(([id, privileges]) => line('role', id, list(privileges)));
}

function aclLines(root: AclNode): readonly string[] {
  return [...walkAcl(root)].flatMap(({ path, node }) =>
    ([0, 1] as const).flatMap((flag) => pathLines(path, node, flag)),
  );
}

/** Members with the same roles share a line. */
function pathLines(path: string, node: AclNode, propagate: Flag): readonly string[] {
  const membersByRoles = new Map<string, string[]>();
  for (const [member, roles] of membersOf(node)) {
    const wanted = [...roles].filter(([, flag]) => flag === propagate).map(([role]) => role);
    if (wanted.length === 0) continue;
    const key = list(wanted);
    membersByRoles.set(key, [...(membersByRoles.get(key) ?? []), member]);
  }
  return sortedEntries(membersByRoles).map(([roles, members]) => line('acl', propagate, path, list(members), roles));
}

function membersOf(node: AclNode): readonly (readonly [string, RoleFlags])[] {
  return [
    ...[...node.groups].map(([id, roles]) => [`@${id}`, roles] as const),
    ...[...node.users].filter(([id]) => id !== superuser),
    ...node.tokens,
  ];
}
