/** Users of the machine, and what belongs to whom. */
import { chownSync, mkdirSync, readFileSync } from 'node:fs';

export { ownUid } from './node-directories.ts';

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
