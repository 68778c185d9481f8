import type { UserConfig } from '../../runtime/formats/access/user-config.ts';

/** Makes the users' side of memberships what the groups' side says. */
export function recomputeMemberships(config: UserConfig): void {
  for (const user of config.users.values()) user.groups.clear();
  for (const [groupid, group] of config.groups) {
    for (const userid of group.users) config.users.get(userid)?.groups.add(groupid);
  }
}
