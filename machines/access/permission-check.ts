/**
 * Evaluates the permission of a method of the API for a caller and the merged parameters (spec/access.md §7).
 *
 *  I1 The superuser passes everything; nobody else passes a method without an expression.
 *  I2 Without a caller only methods for the world pass.
 *  I3 A refusal names what was missing, but that of an `or` names nothing.
 */
import { normalizeAclPath } from '../../runtime/formats/access/acl-path.ts';
import { splitUserId, superuser } from '../../runtime/formats/access/identity.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import { splitList } from '../../runtime/formats/list-text.ts';
import { type Identity, privilegeTest } from './effective-roles.ts';
import { forbidden, type Refusal } from './refusal.ts';

/** As in the inventory of the API: `[name, …arguments]`. */
export type PermissionExpression = readonly [string, ...(readonly unknown[])];

export interface MethodPermission {
  readonly user?: string;
  readonly check?: PermissionExpression;
}

export type Parameters = Readonly<Record<string, unknown>>;

export interface Question {
  readonly config: UserConfig;
  readonly caller: Identity;
  readonly params: Parameters;
}

/**
 * Why the call is refused, or undefined where it may go on.
 * @param caller undefined without credentials
 */
export function methodRefusal(
  permission: MethodPermission | undefined,
  caller: Identity | undefined,
  { config, params }: Omit<Question, 'caller'>,
): Refusal | undefined {
  if (permission?.user === 'world') return undefined;
  if (caller === undefined) return forbidden('user != null');
  if (caller === superuser || permission?.user === 'all') return undefined;
  if (permission?.check === undefined) return forbidden('user != root@pam');
  return checkRefusal(permission.check, { config, caller, params });
}

type Check = (args: readonly unknown[], question: Question) => Refusal | undefined;

const checks: Readonly<Record<string, Check>> = {
  perm: checkPath,
  and: (parts, question) => {
    for (const part of parts) {
      const refusal = checkRefusal(part as PermissionExpression, question);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  },
  or: (parts, question) =>
    parts.some((part) => checkRefusal(part as PermissionExpression, question) === undefined) ? undefined : forbidden(),
  'userid-param': checkUserParameter,
  'userid-group': checkGroupsOfUser,
  'perm-modify': checkMayModify,
};

/** @throws for a form that isn't one: expressions are the program's own */
export function checkRefusal([name, ...args]: PermissionExpression, question: Question): Refusal | undefined {
  if (!Object.hasOwn(checks, name)) throw new Error(`unknown permission test '${name}'`);
  return question.caller === superuser ? undefined : checks[name]!(args, question);
}

/** `any, 1, require_param, x` → by name. */
function optionsOf(args: readonly unknown[]): ReadonlyMap<unknown, unknown> {
  const options = new Map<unknown, unknown>();
  for (let index = 0; index < args.length; index += 2) options.set(args[index], args[index + 1]);
  return options;
}

function checkPath(args: readonly unknown[], question: Question): Refusal | undefined {
  const [template, wanted, ...more] = args as [string, readonly string[], ...unknown[]];
  const options = optionsOf(more);
  const required = options.get('require_param');
  if (typeof required === 'string' && !isGiven(question.params[required])) return forbidden();
  return privilegeRefusal(question, filledIn(template, question.params), wanted, options.get('any') ? 'any' : 'all');
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A parameter that is missing or false leaves `-`, which is no name of anything. */
function filledIn(template: string, params: Parameters): string {
  return template.replace(/\{([^}]+)\}/g, (_all, name: string) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    const isFalse = !isGiven(value) || value === '' || value === '0' || value === 0 || value === false;
    return isFalse ? '-' : String(value);
  });
}

/**
 * Why the caller lacks the privileges on the path, or undefined.
 * @param rule `any`: one of them is enough
 */
export function privilegeRefusal(
  { config, caller }: Omit<Question, 'params'>,
  path: string,
  wanted: readonly string[],
  rule: 'any' | 'all' = 'all',
): Refusal | undefined {
  if (caller === superuser) return undefined;
  const normalized = normalizeAclPath(path);
  // A path that can't be has no entries, and what is above it must not count for it.
  const isHeld = normalized === undefined ? () => false : privilegeTest(config, caller, normalized);
  const named = normalized ?? path;
  if (rule === 'any') {
    return wanted.some(isHeld) ? undefined : forbidden(`${named}, ${wanted.join('|')}`);
  }
  const lacking = wanted.find((privilege) => !isHeld(privilege));
  return lacking === undefined ? undefined : forbidden(`${named}, ${lacking}`);
}

function checkUserParameter([test]: readonly unknown[], question: Question): Refusal | undefined {
  const user = targetUser(question.params);
  if (user === undefined) return forbidden();
  if (test === 'self') {
    return user.userid === question.caller && question.config.users.has(user.userid) ? undefined : forbidden();
  }
  if (test === 'Realm.AllocateUser') return privilegeRefusal(question, `/access/realm/${user.realm}`, [test]);
  throw new Error(`unknown userid-param test '${String(test)}'`);
}

function targetUser({ userid }: Parameters): { readonly userid: string; readonly realm: string } | undefined {
  const parts = typeof userid === 'string' ? splitUserId(userid) : undefined;
  return parts === undefined ? undefined : { userid: userid as string, realm: parts.realm };
}

/** spec/access.md §7.1 */
function checkGroupsOfUser(args: readonly unknown[], question: Question): Refusal | undefined {
  const [wanted, ...more] = args as [readonly string[], ...unknown[]];
  const groupsParam = optionsOf(more).get('groups_param');
  if (privilegeRefusal(question, '/access/groups', wanted, 'any') === undefined) return undefined;
  if (groupsParam) {
    const refusal = groupsRefusal(question, wanted);
    if (refusal !== undefined) return refusal;
  }
  if (groupsParam === 'create') return undefined;
  const { userid } = question.params;
  const isReached = [...question.config.groups].some(
    ([groupid, group]) =>
      typeof userid === 'string' &&
      group.users.has(userid) &&
      privilegeRefusal(question, `/access/groups/${groupid}`, wanted, 'any') === undefined,
  );
  return isReached && question.config.users.has(userid as string) ? undefined : forbidden();
}

/** The parameter `groups` has to name groups, all of them the caller's to fill. */
function groupsRefusal(question: Question, wanted: readonly string[]): Refusal | undefined {
  const { groups } = question.params;
  const named = Array.isArray(groups) ? groups.map(String) : splitList(typeof groups === 'string' ? groups : '');
  if (named.length === 0) return forbidden(`/access/groups, ${wanted.join('|')}`);
  for (const groupid of named) {
    const refusal = question.config.groups.has(groupid)
      ? privilegeRefusal(question, `/access/groups/${groupid}`, wanted, 'any')
      : forbidden(`/access/groups/${groupid}, ${wanted.join('|')}`);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const modifiersBelow: readonly (readonly [string, string])[] = [
  ['/storage/', 'Datastore.Allocate'],
  ['/vms/', 'VM.Allocate'],
  ['/pool/', 'Pool.Allocate'],
];

function checkMayModify([template]: readonly unknown[], question: Question): Refusal | undefined {
  return modifyRefusal(question, filledIn(template as string, question.params));
}

/** Whether the caller may change the permissions on a path, or what is in it. */
export function modifyRefusal(question: Omit<Question, 'params'>, written: string): Refusal | undefined {
  const path = normalizeAclPath(written);
  if (path === undefined) return question.caller === superuser ? undefined : forbidden();
  const others = modifiersBelow.filter(([prefix]) => path.startsWith(prefix)).map(([, privilege]) => privilege);
  return privilegeRefusal(question, path, ['Permissions.Modify', ...others], 'any');
}

/** For the program of a method: a privilege on the pool that is given, else on the guest (spec/access.md §7.2). */
export function guestRefusal(
  question: Omit<Question, 'params'>,
  { vmid, pool }: { readonly vmid: number; readonly pool?: string },
  wanted: readonly string[],
  rule: 'any' | 'all' = 'all',
): Refusal | undefined {
  return privilegeRefusal(question, pool === undefined ? `/vms/${vmid}` : `/pool/${pool}`, wanted, rule);
}

/** Any of the privileges on the bridge, or on one of its VLANs. Plain bridges are in zone `localnetwork`. */
export function bridgeRefusal(
  question: Omit<Question, 'params'>,
  { zone, bridge }: { readonly zone: string; readonly bridge: string },
  wanted: readonly string[],
): Refusal | undefined {
  const path = `/sdn/zones/${zone}/${bridge}`;
  const refusal = privilegeRefusal(question, path, wanted, 'any');
  if (refusal === undefined) return undefined;
  const vlans = question.config.acl.children
    .get('sdn')
    ?.children.get('zones')
    ?.children.get(zone)
    ?.children.get(bridge);
  const isReached = [...(vlans?.children.keys() ?? [])].some(
    (vlan) => privilegeRefusal(question, `${path}/${vlan}`, wanted, 'any') === undefined,
  );
  return isReached ? undefined : refusal;
}
