/** `storage.cfg` as the API shows and changes it (spec/storage.md §1.4). */
import { Buffer } from 'node:buffer';
import {
  readStorageConfig,
  type StorageDefinition,
  writeStorageConfig,
} from '../../machines/storage/storage-config.ts';
import { digestRefusal } from '../../runtime/formats/section-update.ts';
import { ApiFailure } from './failure.ts';
import type { ApiWorld, ClusterChanges } from './world.ts';

export const STORAGE_FILE = 'storage.cfg';
const LOCK = 'file-storage_cfg';

export async function storageConfig(world: ApiWorld) {
  const source = world.changes ?? world.cluster;
  return readStorageConfig((await source.read(STORAGE_FILE))?.toString('latin1') ?? '');
}

/** Sets as sorted lists, maps as property strings. */
export function shownDefinition(storage: string, { type, values }: StorageDefinition, digest: string) {
  const shown = [...values].map(([key, value]) => [key, shownValue(value)] as const);
  return { storage, type, ...Object.fromEntries(shown), digest };
}

function shownValue(value: unknown): unknown {
  if (value instanceof Set) return [...value].sort().join(',');
  if (value instanceof Map) return [...value].map(([key, one]) => `${key}=${one}`).join(',');
  return value;
}

type Ids = Map<string, StorageDefinition | null>;

/** Changes the file under its lock. `change` may throw. */
export async function changeStorages(
  changes: ClusterChanges,
  digest: string | undefined,
  change: (ids: Ids, order: Map<string, number>) => void,
): Promise<void> {
  await changes.withLock(LOCK, async () => {
    const before = readStorageConfig((await changes.read(STORAGE_FILE))?.toString('latin1') ?? '');
    const refusal = digestRefusal(digest, before.digest);
    if (refusal !== undefined) throw new ApiFailure(refusal);
    const [ids, order] = [new Map(before.ids), new Map(before.order)];
    change(ids, order);
    const written = writeStorageConfig({ ids, order } as Parameters<typeof writeStorageConfig>[0]);
    if ('error' in written) throw new ApiFailure(written.error);
    await changes.replace(STORAGE_FILE, Buffer.from(written.text, 'latin1'));
  });
}
