/** Finds the volume of a path, over all storages with a path (spec/storage.md §3.2). */
import { cloneVolumeName, type PathStorage, volumesOfPath } from '../../machines/storage/path-to-volume.ts';
import { storageTraits } from '../../machines/storage/storage-config.schema.ts';
import { layoutOf, type StorageConfig } from '../../machines/storage/storage-config.ts';
import { parseDirectoryVolume, parseVolumeId } from '../../machines/storage/volume-name.ts';
import type { StorageFiles } from '../../runtime/storage/storage-files.ts';

export interface FoundVolume {
  readonly vtype: string;
  readonly volid: string;
}

/** Undefined: the path belongs to no storage. @param path a path, or a volume id, which is kept */
export async function volumeOfPath(
  path: string,
  config: Pick<StorageConfig, 'ids'>,
  files: StorageFiles,
): Promise<FoundVolume | undefined> {
  const storages = directoryStorages(config);
  const id = parseVolumeId(path);
  if (!('error' in id))
    return keptVolume(
      path,
      id.volname,
      storages.some((storage) => storage.id === id.storage),
    );
  const resolved = await files.resolve(path);
  if (resolved === undefined) return undefined;
  for (const { storage, vtype, volname, image } of volumesOfPath(resolved, storages)) {
    if (image === undefined) return { vtype, volid: `${storage}:${volname}` };
    const listed = await files.image(resolved, image.format);
    if (listed !== undefined) return { vtype, volid: `${storage}:${cloneVolumeName(volname, listed.backing)}` };
  }
  return undefined;
}

function keptVolume(volid: string, volname: string, hasPath: boolean): FoundVolume | undefined {
  const parsed = parseDirectoryVolume(volname);
  return hasPath && 'volume' in parsed ? { vtype: parsed.volume.vtype, volid } : undefined;
}

/** In the order of their names. */
function directoryStorages({ ids }: Pick<StorageConfig, 'ids'>): readonly PathStorage[] {
  const storages: PathStorage[] = [];
  for (const [id, definition] of [...ids].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (definition === null) continue;
    const layout = layoutOf(definition);
    if (layout.path === undefined) continue;
    storages.push({ id, layout, formats: storageTraits.get(definition.type)?.formats ?? [] });
  }
  return storages;
}
