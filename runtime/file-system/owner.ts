/** Who owns what the mount shows (spec/pmxcfs.md §1.2, §13.2.6). */
import { readFileSync } from 'node:fs';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const OWNER_GROUP = 'www-data';

/** Root shows uid 0 and the group www-data; anybody else is shown as the owner itself. */
export function entryOwner(): Owner | { readonly failure: string } {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? 0 };
  const gid = groupId(OWNER_GROUP);
  return gid === undefined ? { failure: `Unable to get ${OWNER_GROUP} group ID` } : { uid, gid };
}

/** Number of a local group, or undefined. `file` has the form of /etc/group. */
export function groupId(name: string, file = '/etc/group'): number | undefined {
  try {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [group, , gid] = line.split(':');
      if (group === name && gid !== undefined && /^\d+$/.test(gid)) return Number(gid);
    }
  } catch {
    // Without the file there are no groups.
  }
  return undefined;
}
