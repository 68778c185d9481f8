import { noSuchUser } from '../../../../machines/access/account-state.ts';
import { privilegeRefusal } from '../../../../machines/access/permission-check.ts';
import type { Result } from '../../../../machines/access/refusal.ts';
import {
  addRecovery,
  addTotp,
  deleteEntry,
  listAllFactors,
  listFactors,
  readFactor,
  type TfaChange,
  updateEntry,
} from '../../../../machines/access/second-factor/entries.ts';
import { reauthentication, updateUser } from '../../../../machines/access/users.ts';
import { randomUuid, recoveryCodes, recoverySecret } from '../../../../runtime/access/fresh-secrets.ts';
import type { TfaConfig } from '../../../../runtime/formats/access/tfa-config.ts';
import { changeCoded, readCoded, tfaFile, userFile, writeCoded } from '../../access-files.ts';
import { ApiFailure, granted } from '../../failure.ts';
import { changesOf, identityOf, method, requiredText, textOf } from '../../method.ts';
import { passwordComplaint } from '../../password-check.ts';
import type { Call } from '../../world.ts';

const user = '/access/tfa/{userid}';
const entry = '/access/tfa/{userid}/{id}';

async function listAll(call: Call) {
  const config = await call.world.userConfig();
  const caller = identityOf(call);
  const sees = (path: string) =>
    privilegeRefusal({ config, caller }, path, ['User.Modify', 'Sys.Audit'], 'any') === undefined;
  const seesAll = sees('/access/groups');
  const isVisible = (userid: string) =>
    seesAll ||
    userid === caller ||
    [...config.groups].some(([id, group]) => group.users.has(userid) && sees(`/access/groups/${id}`));
  return listAllFactors(await readCoded(call.world, tfaFile), isVisible);
}

/** Whoever isn't root shows the own password first (spec/access.md §7.2). */
async function reauthenticate(call: Call): Promise<string> {
  const userid = requiredText(call, 'userid');
  const needed = granted(reauthentication(identityOf(call), userid, textOf(call, 'password')));
  if (needed.kind === 'verify') {
    const complaint = await passwordComplaint(call.world, needed.userid, needed.password, call.caller.address);
    if (complaint !== undefined) throw new ApiFailure('authentication failure', 401);
  }
  if (!(await call.world.userConfig()).users.has(userid)) throw new ApiFailure(noSuchUser(userid));
  return userid;
}

/** tfa.cfg, and what user.cfg says about it; the lock of factors comes first (spec/access.md §1). */
async function change(call: Call, userid: string, run: (before: TfaConfig) => Result<TfaChange>): Promise<void> {
  const changes = changesOf(call);
  await changes.withLock(tfaFile.lock, async () => {
    const { config, keys } = granted(run(await readCoded(call.world, tfaFile)));
    await writeCoded(changes, tfaFile, config);
    if (keys === undefined) return;
    await changeCoded(changes, userFile, (before) => updateUser(before, { userid, keys }));
  });
}

async function add(call: Call) {
  const userid = await reauthenticate(call);
  const { random, clock } = call.world;
  const now_s = Math.floor(clock.wall_ms() / 1000);
  const type = requiredText(call, 'type');
  if (type === 'totp') {
    const id = randomUuid(random);
    const [description, totp, value] = [textOf(call, 'description'), textOf(call, 'totp'), textOf(call, 'value')];
    const given = {
      ...(description !== undefined && { description }),
      ...(totp !== undefined && { totp }),
      ...(value !== undefined && { value }),
    };
    await change(call, userid, (before) => addTotp(before, userid, given, { id, now_s }));
    return { id };
  }
  if (type !== 'recovery') throw new ApiFailure(`second factors of type '${type}' are not in this release`, 501);
  const codes = recoveryCodes(random);
  const secret = recoverySecret(random);
  await change(call, userid, (before) => addRecovery(before, userid, { codes, secret, now_s }));
  return { id: 'recovery', recovery: codes };
}

async function update(call: Call): Promise<null> {
  const userid = await reauthenticate(call);
  const { description, enable } = call.params as { description?: string; enable?: boolean };
  const given = { ...(description !== undefined && { description }), ...(enable !== undefined && { enable }) };
  await change(call, userid, (before) => updateEntry(before, userid, requiredText(call, 'id'), given));
  return null;
}

async function remove(call: Call): Promise<null> {
  const userid = await reauthenticate(call);
  await change(call, userid, (before) => deleteEntry(before, userid, requiredText(call, 'id')));
  return null;
}

export const methods = [
  method('GET', '/access/tfa', listAll),
  method('GET', user, async (call) =>
    listFactors((await readCoded(call.world, tfaFile)).users.get(requiredText(call, 'userid')) ?? {}),
  ),
  method('POST', user, add),
  method('GET', entry, async (call) =>
    granted(readFactor(await readCoded(call.world, tfaFile), requiredText(call, 'userid'), requiredText(call, 'id'))),
  ),
  method('PUT', entry, update),
  method('DELETE', entry, remove),
];
