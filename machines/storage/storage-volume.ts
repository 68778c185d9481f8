/** Reads a volume's name by the rules of its storage's type (spec/storage.md §3.1, §3.4). */
import { parseBlockVolume } from './block-volume-name.ts';
import { storageTraits } from './storage-config.schema.ts';
import type { StorageConfig } from './storage-config.ts';
import { type ParsedVolume, parseDirectoryVolume } from './volume-name.ts';

const directoryTypes = new Set(['dir', 'btrfs', 'nfs', 'cifs', 'cephfs']);

export function parseStorageVolume(
  { ids }: Pick<StorageConfig, 'ids'>,
  storage: string,
  volname: string,
): ParsedVolume {
  const definition = ids.get(storage);
  if (definition === undefined || definition === null) return { error: `storage '${storage}' does not exist` };
  if (directoryTypes.has(definition.type)) return parseDirectoryVolume(volname);
  const [format = 'raw'] = storageTraits.get(definition.type)?.formats ?? [];
  return parseBlockVolume(definition.type, volname, format);
}
