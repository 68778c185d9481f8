/**
 * The smallest sets of privileges with which an expression passes: for sweeps that try each set (it must pass) and each set
 * less one of its members (it must fail). The counterpart of permission-check.ts, written from the same section of the
 * specification but without it (spec/access.md §7).
 *
 *  I1 No set holds another one.
 */
import type { Parameters, PermissionExpression } from './permission-check.ts';

/** A privilege on a path, or being the user whom the parameter `userid` names. */
export type Grant = { readonly path: string; readonly privilege: string } | 'self';

export interface GrantSituation {
  readonly params: Parameters;
  /** A group of the target user, which is also the only one in the parameter `groups`. */
  readonly group: string;
  /** Realm of the target user. */
  readonly realm: string;
}

type GrantSet = ReadonlyMap<string, Grant>;

export function minimalGrants(
  expression: PermissionExpression,
  situation: GrantSituation,
): readonly (readonly Grant[])[] {
  const sets = grantSets(expression, situation);
  const isMinimal = (set: GrantSet, index: number) =>
    !sets.some((other, place) => place !== index && holds(set, other) && (other.size < set.size || place < index));
  return sets.filter(isMinimal).map((set) => [...set.values()]);
}

function holds(set: GrantSet, other: GrantSet): boolean {
  return [...other.keys()].every((key) => set.has(key));
}

function setOf(...grants: readonly Grant[]): GrantSet {
  return new Map(grants.map((grant) => [grant === 'self' ? grant : `${grant.path} ${grant.privilege}`, grant]));
}

function eachAlone(path: string, privileges: readonly string[]): readonly GrantSet[] {
  return privileges.map((privilege) => setOf({ path, privilege }));
}

function grantSets([name, ...args]: PermissionExpression, situation: GrantSituation): readonly GrantSet[] {
  const parts = () => args.map((part) => grantSets(part as PermissionExpression, situation));
  switch (name) {
    case 'and':
      return parts().reduce(
        (sets, more) => sets.flatMap((set) => more.map((other) => new Map([...set, ...other]))),
        [setOf()],
      );
    case 'or':
      return parts().flat();
    case 'perm':
      return setsForPath(args, situation.params);
    case 'userid-param':
      return args[0] === 'self' ? [setOf('self')] : eachAlone(`/access/realm/${situation.realm}`, [String(args[0])]);
    case 'userid-group': {
      const wanted = args[0] as readonly string[];
      return ['/access/groups', `/access/groups/${situation.group}`].flatMap((path) => eachAlone(path, wanted));
    }
    case 'perm-modify': {
      const path = filledIn(String(args[0]), situation.params);
      const kind = /^\/(storage|vms|pool)\/./.exec(path)?.[1];
      const allocates = { storage: 'Datastore.Allocate', vms: 'VM.Allocate', pool: 'Pool.Allocate' } as const;
      const other = kind === undefined ? [] : [allocates[kind as keyof typeof allocates]];
      return eachAlone(path, ['Permissions.Modify', ...other]);
    }
    default:
      throw new Error(`unknown permission test '${name}'`);
  }
}

function setsForPath(args: readonly unknown[], params: Parameters): readonly GrantSet[] {
  const [template, wanted, ...more] = args as [string, readonly string[], ...unknown[]];
  const path = filledIn(template, params);
  const required = more[more.indexOf('require_param') + 1];
  if (more.includes('require_param') && params[String(required)] === undefined) return [];
  if (more.includes('any')) return eachAlone(path, wanted);
  return [setOf(...wanted.map((privilege) => ({ path, privilege })))];
}

function filledIn(template: string, params: Parameters): string {
  return template.replace(/\{([^}]+)\}/g, (_all, name: string) => String(params[name] || '-'));
}
