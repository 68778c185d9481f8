import { realmDemand } from '../../../../machines/access/second-factor/challenge.ts';
import { tfaTypes, unlockUser, withoutUser } from '../../../../machines/access/second-factor/entries.ts';
import {
  generateToken,
  listTokens,
  readToken,
  removeToken,
  updateToken,
  withoutTokensOf,
} from '../../../../machines/access/tokens.ts';
import {
  createUser,
  deleteUser,
  disableUser,
  listUsers,
  readUser,
  type UserParameters,
  updateUser,
} from '../../../../machines/access/users.ts';
import { randomUuid } from '../../../../runtime/access/fresh-secrets.ts';
import { splitUserId } from '../../../../runtime/formats/access/identity.ts';
import {
  changeCoded,
  readCoded,
  realmFile,
  shadowFile,
  tfaFile,
  tokenFile,
  userFile,
  writeCoded,
} from '../../access-files.ts';
import { ApiFailure, granted, parameterFailure } from '../../failure.ts';
import { changesOf, flagOf, identityOf, method, requiredText, textOf } from '../../method.ts';
import { setPassword } from '../../password-check.ts';
import type { Call } from '../../world.ts';

const users = '/access/users';
const user = '/access/users/{userid}';
const tokens = '/access/users/{userid}/token';
const token = '/access/users/{userid}/token/{tokenid}';

function userParameters(call: Call): UserParameters {
  return call.params as unknown as UserParameters;
}

interface TokenName {
  readonly userid: string;
  readonly tokenid: string;
}

function tokenName(call: Call): TokenName {
  return { userid: requiredText(call, 'userid'), tokenid: requiredText(call, 'tokenid') };
}

/** user.cfg and token.cfg change together, under the lock of users. */
async function changeTokens<T extends { readonly answer?: unknown }>(
  call: Call,
  change: (state: Parameters<typeof generateToken>[0]) => T & Parameters<typeof generateToken>[0],
): Promise<T['answer']> {
  const changes = changesOf(call);
  return changes.withLock(userFile.lock, async () => {
    const before = { config: await readCoded(call.world, userFile), secrets: await readCoded(call.world, tokenFile) };
    const { config, secrets, answer } = change(before);
    if (secrets !== before.secrets) {
      await changes.withLock(tokenFile.lock, () => writeCoded(changes, tokenFile, secrets));
    }
    await writeCoded(changes, userFile, config);
    return answer;
  });
}

export const methods = [
  method('GET', users, async (call) => {
    const sources = { realms: await readCoded(call.world, realmFile), tfa: await readCoded(call.world, tfaFile) };
    return listUsers(await call.world.userConfig(), identityOf(call), call.params, sources);
  }),
  method('POST', users, async (call) => {
    const changes = changesOf(call);
    const params = userParameters(call);
    const realm = (await readCoded(call.world, realmFile)).realms.get(splitUserId(params.userid)?.realm ?? '');
    if (realm === undefined) {
      const name = splitUserId(params.userid)?.realm;
      throw parameterFailure({ userid: `authentication domain '${name}' does not exist` });
    }
    const isCaseSensitive = realm.options.get('case-sensitive') !== 0;
    await changeCoded(changes, userFile, (before) => createUser(before, params, isCaseSensitive));
    const password = textOf(call, 'password');
    if (password !== undefined) {
      await setPassword(call, changes, { caller: identityOf(call), userid: params.userid, password });
    }
    return null;
  }),
  method('GET', user, async (call) => granted(readUser(await call.world.userConfig(), requiredText(call, 'userid')))),
  method('PUT', user, async (call) => {
    await changeCoded(changesOf(call), userFile, (before) => updateUser(before, userParameters(call)));
    return null;
  }),
  method('DELETE', user, async (call) => {
    const changes = changesOf(call);
    const userid = requiredText(call, 'userid');
    if (userid === identityOf(call)) throw new ApiFailure('unable to delete user used for current session');
    await changeCoded(changes, userFile, (before) => disableUser(before, userid));
    const name = splitUserId(userid);
    await changeCoded(changes, shadowFile, (before) => {
      const hashes = new Map(before);
      if (name?.realm === 'pve') hashes.delete(name.name);
      return { ok: true, value: hashes };
    });
    await changeCoded(changes, tfaFile, (before) => ({ ok: true, value: withoutUser(before, userid) }));
    await changeCoded(changes, tokenFile, (before) => ({ ok: true, value: withoutTokensOf(before, userid) }));
    await changeCoded(changes, userFile, (before) => deleteUser(before, userid));
    return null;
  }),
  method('GET', '/access/users/{userid}/tfa', async (call) => {
    const userid = requiredText(call, 'userid');
    granted(readUser(await call.world.userConfig(), userid));
    const factors = (await readCoded(call.world, tfaFile)).users.get(userid) ?? {};
    const realm = (await readCoded(call.world, realmFile)).realms.get(splitUserId(userid)?.realm ?? '');
    const demand = realmDemand(realm?.options.get('tfa') as string | undefined);
    return tfaTypes(factors, demand?.kind, flagOf(call, 'multiple') ?? false);
  }),
  method('PUT', '/access/users/{userid}/unlock-tfa', async (call) => {
    const changes = changesOf(call);
    const now_s = Math.floor(call.world.clock.wall_ms() / 1000);
    return changes.withLock(tfaFile.lock, async () => {
      const { config, wasLocked } = unlockUser(
        await readCoded(call.world, tfaFile),
        requiredText(call, 'userid'),
        now_s,
      );
      if (wasLocked) await writeCoded(changes, tfaFile, config);
      return wasLocked;
    });
  }),
  method('GET', tokens, async (call) =>
    granted(listTokens(await call.world.userConfig(), requiredText(call, 'userid'))),
  ),
  method('GET', token, async (call) => granted(readToken(await call.world.userConfig(), tokenName(call)))),
  method('POST', token, (call) =>
    changeTokens(call, (state) =>
      granted(generateToken(state, { ...call.params, ...tokenName(call) }, randomUuid(call.world.random))),
    ),
  ),
  method('PUT', token, (call) =>
    changeTokens(call, (state) => {
      const secret = flagOf(call, 'regenerate') ? randomUuid(call.world.random) : undefined;
      return granted(updateToken(state, { ...call.params, ...tokenName(call) }, secret));
    }),
  ),
  method('DELETE', token, async (call) => {
    await changeTokens(call, (state) => granted(removeToken(state, tokenName(call))));
    return null;
  }),
];
