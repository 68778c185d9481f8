/** Whether a password is right, by the kind of its realm (spec/access.md §8.1). */
import { hashPassword, isPassword } from '../../runtime/access/password-hash.ts';
import { splitUserId } from '../../runtime/formats/access/identity.ts';
import { changeCoded, readCoded, realmFile, shadowFile } from './access-files.ts';
import { ApiFailure } from './failure.ts';
import type { ApiWorld, ClusterChanges } from './world.ts';

/** Why it is not right, for the log; undefined where it is. */
export async function passwordComplaint(
  world: ApiWorld,
  userid: string,
  password: string,
): Promise<string | undefined> {
  const parts = splitUserId(userid);
  if (parts === undefined) return 'invalid user name';
  if (password === '') return 'no password';
  const { realms } = await readCoded(world, realmFile);
  const realm = realms.get(parts.realm);
  switch (realm?.type) {
    case undefined:
      return `authentication domain '${parts.realm}' does not exist`;
    case 'pve':
      return builtinComplaint(world, parts.name, password);
    case 'openid':
      return 'OpenID realm does not allow password verification.';
    default:
      return `realms of type '${realm?.type}' are not in this release`;
  }
}

/** A hash that no password has costs unknown names as much time as known ones. */
const NOBODY = '$5$........$........................................... ';

async function builtinComplaint(world: ApiWorld, name: string, password: string): Promise<string | undefined> {
  const hash = (await readCoded(world, shadowFile)).get(name);
  const isRight = await isPassword(password, hash ?? NOBODY.trim());
  if (hash === undefined) return 'no password set';
  return isRight ? undefined : 'invalid credentials';
}

/** spec/access.md §8.2 */
export async function setPassword(
  world: ApiWorld,
  changes: ClusterChanges,
  userid: string,
  password: string,
): Promise<void> {
  const parts = splitUserId(userid);
  const { realms } = await readCoded(world, realmFile);
  const type = realms.get(parts?.realm ?? '')?.type;
  if (parts === undefined || type !== 'pve') throw new ApiFailure(`can't set password on auth type '${type ?? ''}'`);
  const hash = await hashPassword(password, world.random);
  await changeCoded(changes, shadowFile, (before) => ({ ok: true, value: new Map(before).set(parts.name, hash) }));
}
