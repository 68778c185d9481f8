/** The corpus `storage-bwlimit` (its README). */
import { type BandwidthLimits, bandwidthLimit } from '../../../machines/storage/bandwidth-limit.ts';
import { readStorageConfig } from '../../../machines/storage/storage-config.ts';
import { storageFormats } from '../../../machines/storage/storage-formats.ts';
import { readPropertyString } from '../../../runtime/formats/property-check.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly user: string;
  readonly operation: string;
  readonly storages: readonly (string | null)[] | null;
  readonly override: number | null;
  readonly expected: number | null;
}

interface File {
  readonly cases: readonly Vector[];
  readonly storage_cfg: string;
  readonly datacenter_cfg: string;
  readonly permissions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

const superuser = 'root@pam';
const allPrivileges = new Set(['Datastore.Allocate', 'Sys.Modify']);

export const bandwidthCorpus = vectorCorpus<Vector, File>('storage-bwlimit', (vector, file) => {
  const { ids } = readStorageConfig(file.storage_cfg);
  const datacenter = /^bwlimit: (.*)$/m.exec(file.datacenter_cfg)?.[1];
  const limit = bandwidthLimit(
    {
      user: vector.user,
      operation: vector.operation,
      storages: (vector.storages ?? []).map((storage) => storage ?? undefined),
      override: vector.override ?? undefined,
    },
    {
      ofStorage: (storage) => limitsOf(ids.get(storage)?.values.get('bwlimit')),
      ofDatacenter: limitsOf(datacenter),
      privileges: (user, path) => (user === superuser ? allPrivileges : new Set(file.permissions[user]?.[path] ?? [])),
    },
  );
  return looseDifference(limit ?? null, vector.expected);
});

function limitsOf(text: unknown): BandwidthLimits | undefined {
  if (typeof text !== 'string') return undefined;
  const read = readPropertyString(text, 'bwlimit', storageFormats);
  return 'error' in read ? undefined : read.values;
}
