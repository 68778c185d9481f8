import { Buffer } from 'node:buffer';
import {
  createRealm,
  deleteRealm,
  listRealms,
  type RealmChange,
  type RealmParameters,
  readRealm,
  updateRealm,
} from '../../../../machines/access/realms.ts';
import type { Result } from '../../../../machines/access/refusal.ts';
import type { RealmConfig } from '../../../../runtime/formats/access/realm-config.ts';
import { readCoded, realmFile, writeCoded } from '../../access-files.ts';
import { ApiFailure, granted } from '../../failure.ts';
import { changesOf, method, requiredText } from '../../method.ts';
import type { Call } from '../../world.ts';

/** The file and the bind password beside it. */
async function change(call: Call, realm: string, run: (before: RealmConfig) => Result<RealmChange>): Promise<null> {
  const changes = changesOf(call);
  await changes.withLock(realmFile.lock, async () => {
    const { config, password, shallCheckConnection } = granted(run(await readCoded(call.world, realmFile)));
    if (shallCheckConnection)
      throw new ApiFailure('checking the connection to a directory is not in this release', 501);
    const file = `priv/realm/${realm}.pw`;
    if (typeof password === 'string') await changes.replace(file, Buffer.from(`${password}\n`));
    else if (password === null && (await changes.read(file)) !== undefined) await changes.remove(file);
    await writeCoded(changes, realmFile, config);
  });
  return null;
}

const given = ({ params }: Call) => params as RealmParameters;

export const methods = [
  method('GET', '/access/domains', async ({ world }) => listRealms(await readCoded(world, realmFile))),
  method('POST', '/access/domains', (call) =>
    change(call, requiredText(call, 'realm'), (before) => createRealm(before, given(call))),
  ),
  method('GET', '/access/domains/{realm}', async (call) =>
    granted(readRealm(await readCoded(call.world, realmFile), requiredText(call, 'realm'))),
  ),
  method('PUT', '/access/domains/{realm}', (call) => {
    const realm = requiredText(call, 'realm');
    return change(call, realm, (before) => updateRealm(before, realm, given(call)));
  }),
  method('DELETE', '/access/domains/{realm}', (call) => {
    const realm = requiredText(call, 'realm');
    return change(call, realm, (before) => deleteRealm(before, realm));
  }),
];
