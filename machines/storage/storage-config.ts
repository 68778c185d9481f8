/** `storage.cfg` (spec/storage.md §2): the definitions of storages, with what the original adds on reading. */
import { splitList } from '../../runtime/formats/list-text.ts';
import { storageIdComplaint } from '../../runtime/formats/named-formats.ts';
import {
  type Decoded,
  readSections,
  type Section,
  type SectionHandling,
  type WritableConfig,
  writeSections,
} from '../../runtime/formats/section-config.ts';
import type { DirectoryLayout } from './content-directory.ts';
import { storageSections, storageTraits } from './storage-config.schema.ts';
import { parseDirectoryOverride, storageFormats } from './storage-formats.ts';

/**
 * A definition: `content` and `nodes` are sets, `content-dirs` is a map, `prune-backups` and `bwlimit` stay text. Null: it
 * failed its final check.
 */
export type StorageDefinition = Section;

export interface StorageConfig {
  /** SHA-1 in hex of the raw text. */
  readonly digest: string;
  readonly ids: ReadonlyMap<string, StorageDefinition | null>;
  readonly order: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
}

const localPath = '/var/lib/vz';

export const storageHandling: SectionHandling = {
  formats: storageFormats,
  header(_type, id) {
    const error = storageIdComplaint(id);
    return { id, ...(error !== undefined && { error }) };
  },
  decode,
  encode,
};

export function readStorageConfig(text: string, fileName = 'storage.cfg'): StorageConfig {
  const {
    digest,
    ids: read,
    order: readOrder,
    warnings,
  } = readSections(storageSections, fileName, text, storageHandling);
  const ids = new Map<string, StorageDefinition | null>();
  for (const [id, section] of read) ids.set(id, section === null ? null : completed(id, section));
  const order = new Map(readOrder);
  if (!isUsableLocal(ids.get('local'))) {
    ids.set('local', defaultLocal);
    if (!order.has('local')) order.set('local', Math.max(0, ...order.values()) + 1);
  }
  return { digest, ids, order, warnings };
}

/** An error is the original's sentence. */
export function writeStorageConfig(config: WritableConfig): { readonly text: string } | { readonly error: string } {
  return writeSections(storageSections, config, storageHandling);
}

/** The values that the file leaves to the type. */
function completed(id: string, { type, values: read }: StorageDefinition): StorageDefinition {
  const traits = storageTraits.get(type)!;
  const values = new Map(read);
  if (!values.has('content')) values.set('content', new Set(traits.defaultContent));
  if (traits.isAlwaysShared) values.set('shared', 1);
  if (id === 'local') values.delete('nodes');
  return { type, values };
}

const defaultLocal: StorageDefinition = {
  type: 'dir',
  values: new Map<string, unknown>([
    ['path', localPath],
    ['content', new Set(['backup', 'images', 'iso', 'rootdir', 'snippets', 'vztmpl'])],
    ['prune-backups', 'keep-all=1'],
    ['priority', 0],
  ]),
};

function isUsableLocal(local: StorageDefinition | null | undefined): boolean {
  return local?.type === 'dir' && local.values.get('path') === localPath;
}

function decode(type: string, key: string, value: unknown): Decoded {
  if (key === 'content') return decodeContent(type, String(value));
  if (key === 'nodes') return { value: new Set(splitList(String(value))) };
  if (key === 'content-dirs') return { value: decodeDirectories(String(value)) };
  if (key === 'format') return decodeFormat(type, String(value));
  return { value };
}

function decodeContent(type: string, text: string): Decoded {
  const possible: readonly string[] = storageTraits.get(type)!.content;
  const content = new Set<string>();
  const warnings: string[] = [];
  for (const word of splitList(text)) {
    if (possible.includes(word)) content.add(word);
    else warnings.push(`storage does not support content type '${word}'`);
  }
  if (content.has('none') && content.size > 1) {
    return { error: "unable to combine 'none' with other content types", warnings };
  }
  if (content.size === 0 && !possible.includes('none')) {
    return { error: "storage does not support content type 'none'", warnings };
  }
  return { value: content, warnings };
}

function decodeFormat(type: string, format: string): Decoded {
  if (storageTraits.get(type)!.formats.includes(format)) return { value: format };
  return { value: undefined, warnings: [`storage does not support format '${format}'`] };
}

function decodeDirectories(text: string): ReadonlyMap<string, string> {
  const directories = new Map<string, string>();
  for (const item of splitList(text)) {
    const override = parseDirectoryOverride(item);
    if (!('error' in override)) directories.set(override.content, override.directory);
  }
  return directories;
}

/** Sorted, where the original writes in an order of its own. */
function encode(_type: string, key: string, value: unknown): unknown {
  if (value instanceof Set) return value.size === 0 && key === 'content' ? 'none' : [...value].sort().join(',');
  if (value instanceof Map)
    return [...value]
      .map(([name, directory]) => `${name}=${directory}`)
      .sort()
      .join(',');
  return value;
}

/** Where a definition's volumes lie. */
export function layoutOf({ values }: StorageDefinition): DirectoryLayout {
  const path = values.get('path');
  const contentDirs = values.get('content-dirs');
  return {
    ...(typeof path === 'string' && { path }),
    ...(contentDirs instanceof Map && { contentDirs: contentDirs as ReadonlyMap<string, string> }),
    hasVolumeChain: values.get('snapshot-as-volume-chain') === 1,
  };
}
