/** `GET /access/permissions`: what an identity may do, path by path (spec/access.md §6). */
import { normalizeAclPath } from '../../runtime/formats/access/acl-path.ts';
import { walkAcl } from '../../runtime/formats/access/acl-tree.ts';
import { splitTokenId } from '../../runtime/formats/access/identity.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import { accountProblem } from './account-state.ts';
import { type Identity, type PrivilegeFlags, privilegesOn } from './effective-roles.ts';
import { done, failed, forbidden, type Result } from './refusal.ts';

/** Path → privileges. */
export type PermissionOverview = ReadonlyMap<string, PrivilegeFlags>;

export interface OverviewQuery {
  /** Default: the caller. */
  readonly userid?: string;
  /** Default: all paths that matter. */
  readonly path?: string;
}

export function permissionOverview(
  config: UserConfig,
  caller: Identity,
  { userid = caller, path }: OverviewQuery,
): Result<PermissionOverview> {
  const isOwn = userid === caller || splitTokenId(userid)?.userid === caller;
  if (!isOwn && !privilegesOn(config, caller, '/access').has('Sys.Audit')) {
    return { ok: false, refusal: forbidden('/access, Sys.Audit') };
  }
  // A disabled account's permissions may be looked at; one that isn't there has none.
  const problem = accountProblem(config, userid, 0);
  if (problem?.kind === 'missing') return failed(problem.message);
  if (path === undefined) return done(effectivePermissions(config, userid));
  return done(new Map([[path, privilegesOn(config, userid, normalizeAclPath(path) ?? path)]]));
}

const alwaysAsked = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms'] as const;

/** All paths with at least one privilege, of those that can have their own. */
function effectivePermissions(config: UserConfig, identity: Identity): PermissionOverview {
  const paths = new Set<string>(alwaysAsked);
  for (const { path } of walkAcl(config.acl)) paths.add(path);
  for (const pool of config.pools.values()) {
    for (const vmid of pool.vms) paths.add(`/vms/${vmid}`);
    for (const storage of pool.storage) paths.add(`/storage/${storage}`);
  }
  const found = [...paths].sort().map((path) => [path, privilegesOn(config, identity, path)] as const);
  return new Map(found.filter(([, privileges]) => privileges.size > 0));
}
