/** An administrator with a password and a token for a cluster that was made to be tried. */
import { Buffer } from 'node:buffer';
import { updateAcl } from '../../machines/access/acl.ts';
import { generateToken } from '../../machines/access/tokens.ts';
import { createUser } from '../../machines/access/users.ts';
import { randomUuid } from '../../runtime/access/fresh-secrets.ts';
import { superuser } from '../../runtime/formats/access/identity.ts';
import { readCoded, tokenFile, userFile, writeCoded } from './access-files.ts';
import { granted } from './failure.ts';
import { setPassword } from './password-check.ts';
import type { ApiWorld } from './world.ts';

export interface Administrator {
  readonly userid: string;
  readonly password: string;
  /** `user@realm!name=secret`, as the header wants it. */
  readonly token: string;
}

const USERID = 'admin@pve';
const TOKEN = 'demo';
const PASSWORD_BYTES = 12;

/** Undefined where the user is there already: its password is its own. */
export async function createAdministrator(world: ApiWorld): Promise<Administrator | undefined> {
  const { changes } = world;
  if (changes === undefined) throw new Error('an administrator is made by a privileged process');
  const secret = randomUuid(world.random);
  const isNew = await changes.withLock(userFile.lock, async () => {
    const before = await readCoded(world, userFile);
    if (before.users.has(USERID)) return false;
    const created = granted(createUser(before, { userid: USERID, comment: 'made at the first start' }));
    const secrets = await readCoded(world, tokenFile);
    const state = { config: created, secrets };
    const made = granted(generateToken(state, { userid: USERID, tokenid: TOKEN, privsep: 0 }, secret));
    const config = granted(updateAcl(made.config, superuser, { path: '/', roles: 'Administrator', users: USERID }));
    await writeCoded(changes, tokenFile, made.secrets);
    await writeCoded(changes, userFile, config);
    return true;
  });
  if (!isNew) return undefined;
  const password = Buffer.from(world.random.bytes(PASSWORD_BYTES)).toString('base64url');
  await setPassword({ world }, changes, { caller: superuser, userid: USERID, password });
  return { userid: USERID, password, token: `${USERID}!${TOKEN}=${secret}` };
}
