/** Whether a password is right, by the kind of its realm (spec/access.md §8.1). */

import { passwordChange, passwordCheck } from '../../machines/access/passwords.ts';
import { hashPassword, isPassword } from '../../runtime/access/password-hash.ts';
import { changeCoded, readCoded, realmFile, shadowFile } from './access-files.ts';
import { ApiFailure, granted } from './failure.ts';
import type { ApiWorld, Call, ClusterChanges } from './world.ts';

/** Why it is not right, for the log; undefined where it is. @param address of the client, for PAM */
export async function passwordComplaint(
  world: ApiWorld,
  userid: string,
  password: string,
  address = '',
): Promise<string | undefined> {
  const check = passwordCheck(await readCoded(world, realmFile), userid, password);
  if (!check.ok) return check.refusal.message;
  switch (check.value.kind) {
    case 'shadow':
      return builtinComplaint(world, check.value.name, password);
    case 'pam':
      return world.askPam({ name: check.value.name, password, address });
    default:
      return `realms of type '${check.value.realm.type}' are not in this release`;
  }
}

/** A hash that no password has costs unknown names as much time as known ones. */
const NOBODY = `$5$........$${'.'.repeat(43)}`;

async function builtinComplaint(world: ApiWorld, name: string, password: string): Promise<string | undefined> {
  const hash = (await readCoded(world, shadowFile)).get(name);
  const isRight = await isPassword(password, hash ?? NOBODY);
  if (hash === undefined) return 'no password set';
  return isRight ? undefined : 'invalid credentials';
}

/** spec/access.md §8.2 */
export async function setPassword(
  call: Pick<Call, 'world'>,
  changes: ClusterChanges,
  { caller, userid, password }: { readonly caller: string; readonly userid: string; readonly password: string },
): Promise<void> {
  const { world } = call;
  const change = granted(passwordChange(await readCoded(world, realmFile), caller, userid));
  const hash = await hashPassword(password, world.random);
  const { name } = change;
  if (change.kind === 'shadow') {
    await changeCoded(changes, shadowFile, (before) => ({ ok: true, value: new Map(before).set(name, hash) }));
    return;
  }
  const { code, stderr } = await world.host.run('usermod', ['-p', hash, name]);
  if (code !== 0) throw new ApiFailure(`change password failed: ${stderr.trim()}`);
}
