/** Users of the machine, and what belongs to whom. */

import { chownSync, mkdirSync, readFileSync } from 'node:fs';
import { groupId } from '../file-system/owner.ts';
import { ownUid } from './node-directories.ts';

/** By `/etc/passwd`; undefined for an unknown name. */
export function userId(name: string): number | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.split(':')[2]);
}

/** Makes a folder where it is missing, and gives it away. */
export function giveFile(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  mkdirSync(path, { recursive: true });
  chownSync(path, uid, gid);
}

const WEB_USER = 'www-data';

/** The user of the web daemons, where there is one and we may become it. */
export function webOwner(): { readonly uid: number; readonly gid: number } | undefined {
  const [uid, gid] = [userId(WEB_USER), groupId(WEB_USER)];
  return ownUid() !== 0 || uid === undefined || gid === undefined ? undefined : { uid, gid };
}
