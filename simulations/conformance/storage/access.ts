/** The corpus `storage-volume-access` (its README). */
import { privilegesOn } from '../../../machines/access/effective-roles.ts';
import type { Privileges } from '../../../machines/storage/bandwidth-limit.ts';
import { readStorageConfig } from '../../../machines/storage/storage-config.ts';
import { parseStorageVolume } from '../../../machines/storage/storage-volume.ts';
import { type AccessKnowledge, volumeAccessRefusal } from '../../../machines/storage/volume-access.ts';
import { readUserConfig } from '../../../runtime/formats/access/read-user-config.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly volid: string;
  readonly vmid: number | string | null;
  readonly denied_users: readonly string[];
  readonly allowed_types: readonly string[];
}

interface File {
  readonly cases: readonly Vector[];
  readonly storage_cfg: string;
  readonly user_cfg: string;
  readonly users: readonly string[];
  readonly types: readonly string[];
}

export const volumeAccessCorpus = vectorCorpus<Vector, File>('storage-volume-access', (vector, file) => {
  const known = knowledge(file);
  const question = { volid: vector.volid, ...(vector.vmid !== null && { vmid: String(vector.vmid) }) };
  const denied = file.users.filter((user) => volumeAccessRefusal({ ...question, user }, known) !== undefined);
  const allowed = file.types.filter(
    (wantedType) => volumeAccessRefusal({ ...question, user: 'root@pam', wantedType }, known) === undefined,
  );
  return looseDifference(
    { denied: denied.sort(), allowed: allowed.sort() },
    { denied: [...vector.denied_users].sort(), allowed: [...vector.allowed_types].sort() },
  );
});

function knowledge({ storage_cfg, user_cfg }: File): AccessKnowledge {
  const storages = readStorageConfig(storage_cfg);
  const { config } = readUserConfig(user_cfg);
  const privileges: Privileges = (user, path) => new Set(privilegesOn(config, user, path).keys());
  return { parseVolume: (storage, volname) => parseStorageVolume(storages, storage, volname), privileges };
}
