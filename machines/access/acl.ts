/** `/access/acl`: reading and changing access control lists (spec/access.md §5, §10). */
import { isKnownAclPath, normalizeAclPath } from '../../runtime/formats/access/acl-path.ts';
import {
  type AclMember,
  type Flag,
  type MemberKind,
  memberKinds,
  removeAclEntry,
  setAclEntry,
  walkAcl,
} from '../../runtime/formats/access/acl-tree.ts';
import { splitTokenId } from '../../runtime/formats/access/identity.ts';
import { noAccess } from '../../runtime/formats/access/privileges.ts';
import { copyUserConfig, rolePrivileges, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { noSuchToken, noSuchUser } from './account-state.ts';
import { type Identity, privilegesOn } from './effective-roles.ts';
import { type FlagParameter, isTrue } from './parameters.ts';
import { modifyRefusal, privilegeRefusal } from './permission-check.ts';
import { badParameters, done, failed, type Refusal, type Result } from './refusal.ts';
import { noSuchRole } from './roles.ts';

export interface AclListing {
  readonly path: string;
  readonly type: 'user' | 'group' | 'token';
  readonly ugid: string;
  readonly roleid: string;
  readonly propagate: Flag;
}

const typeOf: Readonly<Record<MemberKind, AclListing['type']>> = { users: 'user', groups: 'group', tokens: 'token' };

/** The entries that the caller may see: those it may change, or all with Sys.Audit on `/access`. */
export function listAcl(config: UserConfig, caller: Identity): readonly AclListing[] {
  const question = { config, caller };
  const seesAll = privilegeRefusal(question, '/access', ['Sys.Audit']) === undefined;
  return [...walkAcl(config.acl)]
    .filter(({ path }) => seesAll || modifyRefusal(question, path) === undefined)
    .flatMap(({ path, node }) =>
      memberKinds.flatMap((kind) =>
        sorted(node[kind]).flatMap(([ugid, roles]) =>
          sorted(roles).map(([roleid, propagate]) => ({ path, type: typeOf[kind], ugid, roleid, propagate })),
        ),
      ),
    );
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => byBytes(a, b));
}

export interface AclParameters {
  readonly path: string;
  /** Lists. */
  readonly roles: string;
  readonly users?: string;
  readonly groups?: string;
  readonly tokens?: string;
  /** Default 1. */
  readonly propagate?: FlagParameter;
  /** Default 0: entries are added. */
  readonly delete?: FlagParameter;
}

/** The method's own permission (`perm-modify`) has been checked before. */
export function updateAcl(before: UserConfig, caller: Identity, params: AclParameters): Result<UserConfig> {
  const isRemoval = isTrue(params.delete);
  const path = normalizeAclPath(params.path);
  if (path === undefined || !(isRemoval || isKnownAclPath(path))) {
    return badParameters({ path: `invalid ACL path '${params.path}'` });
  }
  if (params.users === undefined && params.groups === undefined && params.tokens === undefined) {
    const text = "either 'users', 'groups' or 'tokens' is required.";
    return badParameters({ users: text, groups: text, tokens: text });
  }
  const propagate = params.propagate === undefined || isTrue(params.propagate) ? 1 : 0;
  const roles = splitList(params.roles);
  const refusal = rolesRefusal({ config: before, caller }, path, roles, propagate);
  if (refusal !== undefined) return { ok: false, refusal };
  const members = membersOf(before, params);
  if (!members.ok) return members;
  const config = copyUserConfig(before);
  for (const role of roles) {
    for (const member of members.value) {
      if (isRemoval) removeAclEntry(config.acl, path, member, role);
      else setAclEntry(config.acl, path, member, role, propagate);
    }
  }
  return done(config);
}

/** Who may not modify permissions freely hands on only what it holds itself. */
function rolesRefusal(
  { config, caller }: { readonly config: UserConfig; readonly caller: Identity },
  path: string,
  roles: readonly string[],
  propagate: Flag,
): Refusal | undefined {
  const held = privilegesOn(config, caller, path);
  for (const role of roles) {
    const given = rolePrivileges(config, role);
    if (given === undefined) return { status: 500, message: noSuchRole(role) };
    if (held.has('Permissions.Modify')) continue;
    const isHeld = [...given].every((privilege) => held.get(privilege) === 1 || (held.has(privilege) && !propagate));
    if (role !== noAccess && isHeld) continue;
    const text = `Cannot add role '${role}' - requires 'Permissions.Modify' or superset of privileges.`;
    return { status: 400, message: 'Parameter verification failed.', errors: { role: text } };
  }
  return undefined;
}

function membersOf(config: UserConfig, params: AclParameters): Result<readonly AclMember[]> {
  const members: AclMember[] = [];
  for (const kind of ['groups', 'users', 'tokens'] as const) {
    for (const id of splitList(params[kind] ?? '')) {
      const complaint = missingMember(config, kind, id);
      if (complaint !== undefined) return failed(complaint);
      members.push({ kind, id });
    }
  }
  return done(members);
}

function missingMember(config: UserConfig, kind: MemberKind, id: string): string | undefined {
  if (kind === 'groups') return config.groups.has(id) ? undefined : `group '${id}' does not exist`;
  if (kind === 'users') return config.users.has(id) ? undefined : noSuchUser(id);
  const token = splitTokenId(id);
  if (token === undefined) return `value '${id}' does not look like a valid token ID`;
  if (config.users.get(token.userid)?.tokens.has(token.tokenName)) return undefined;
  return config.users.has(token.userid) ? noSuchToken(token.userid, token.tokenName) : noSuchUser(token.userid);
}
