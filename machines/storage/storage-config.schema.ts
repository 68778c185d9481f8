/** The properties of storage.cfg and which type of storage takes which (spec/storage.md §2.1, §2.2). */
import type { Properties, PropertySchema } from '../../runtime/formats/property-schema.ts';
import { definedSections, type OptionFlags, type SectionType } from '../../runtime/formats/section-config-types.ts';
import { type ContentType, contentTypes } from './storage-formats.ts';

const text = { type: 'string', optional: 1 } as const satisfies PropertySchema;
const flag = { type: 'boolean', optional: 1 } as const satisfies PropertySchema;
const path = { ...text, format: 'pve-storage-path' } as const satisfies PropertySchema;

const base: Properties = {
  type: { type: 'string', description: 'Storage type.' },
  storage: { type: 'string', format: 'pve-storage-id', description: 'The storage identifier.' },
  nodes: { ...text, format: 'pve-node-list' },
  content: { ...text, format: 'pve-storage-content-list' },
  disable: flag,
  shared: flag,
  'prune-backups': { ...text, format: 'prune-backups' },
  'max-protected-backups': { type: 'integer', minimum: -1, optional: 1 },
  format: { ...text, enum: ['raw', 'qcow2', 'subvol', 'vmdk'] },
  preallocation: { ...text, enum: ['off', 'metadata', 'falloc', 'full'], default: 'metadata' },
  'content-dirs': { ...text, format: 'pve-dir-override-list' },
  options: { ...text, format: 'pve-storage-options' },
  port: { type: 'integer', minimum: 1, maximum: 65535, optional: 1 },
  bwlimit: { ...text, format: 'bwlimit' },
  'snapshot-as-volume-chain': { ...flag, default: 0 },
  subdir: path,
};

const own: Readonly<Record<string, Properties>> = {
  dir: {
    path,
    mkdir: { ...flag, default: 'yes' },
    'create-base-path': { ...flag, default: 'yes' },
    'create-subdirs': { ...flag, default: 'yes' },
    is_mountpoint: { ...text, default: 'no' },
  },
  btrfs: { nocow: { ...flag, default: 0 } },
  nfs: { export: path, server: { ...text, format: 'pve-storage-server' } },
  cifs: {
    share: text,
    username: text,
    password: { ...text, maxLength: 256 },
    domain: { ...text, maxLength: 256 },
    smbversion: { ...text, enum: ['default', '2.0', '2.1', '3', '3.0', '3.11'], default: 'default' },
  },
  lvm: {
    vgname: { ...text, format: 'pve-storage-vgname' },
    base: { ...text, format: 'pve-volume-id' },
    saferemove: flag,
    'saferemove-stepsize': { type: 'integer', enum: ['1', '2', '4', '8', '16', '32'], default: 32, optional: 1 },
    saferemove_throughput: text,
    tagged_only: flag,
  },
  lvmthin: { thinpool: { ...text, format: 'pve-storage-vgname' } },
  zfspool: { pool: text, blocksize: text, sparse: flag, mountpoint: path },
  zfs: {
    iscsiprovider: text,
    lio_tpg: text,
    comstar_hg: text,
    comstar_tg: text,
    nowritecache: flag,
    'zfs-base-path': path,
  },
  iscsi: { portal: { ...text, format: 'pve-storage-portal-dns' }, target: text },
  rbd: {
    monhost: { ...text, format: 'pve-storage-portal-dns-list' },
    'data-pool': text,
    namespace: text,
    krbd: { ...flag, default: 0 },
    keyring: text,
    authsupported: text,
  },
  cephfs: { 'fs-name': { ...text, format: 'pve-configid' }, fuse: flag },
  pbs: {
    datastore: text,
    fingerprint: { ...text, pattern: '([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}' },
    'encryption-key': text,
    'master-pubkey': text,
  },
  esxi: { 'skip-cert-verification': { ...flag, default: 'false' } },
};

type Options = Readonly<Record<string, OptionFlags>>;

function options(keys: string, flags: OptionFlags): Options {
  return Object.fromEntries(keys.split(' ').map((key) => [key, flags]));
}

const optional = (keys: string) => options(keys, { optional: 1 });
const requiredForGood = (keys: string) => options(keys, { fixed: 1 });
const optionalForGood = (keys: string) => options(keys, { optional: 1, fixed: 1 });

const all = optional('nodes content disable');
const limited = { ...all, ...optional('bwlimit') };
const backups = optional('prune-backups max-protected-backups');
const directory = { ...backups, ...optional('format mkdir create-base-path create-subdirs') };
const mounted = { ...limited, ...directory, ...optional('content-dirs options') };
const image = { ...optional('preallocation'), ...optionalForGood('snapshot-as-volume-chain') };

const typeOptions: Readonly<Record<string, Options>> = {
  dir: {
    ...limited,
    ...directory,
    ...image,
    ...requiredForGood('path'),
    ...optional('shared content-dirs is_mountpoint'),
  },
  btrfs: {
    ...all,
    ...directory,
    ...requiredForGood('path'),
    ...optional('shared preallocation is_mountpoint nocow'),
  },
  nfs: { ...mounted, ...image, ...requiredForGood('path server export') },
  cifs: {
    ...mounted,
    ...image,
    ...requiredForGood('path server share'),
    ...optional('subdir username password domain smbversion'),
  },
  lvm: {
    ...limited,
    ...requiredForGood('vgname'),
    ...optionalForGood('base'),
    ...optional('shared snapshot-as-volume-chain saferemove saferemove-stepsize saferemove_throughput tagged_only'),
  },
  lvmthin: { ...limited, ...requiredForGood('vgname thinpool') },
  zfspool: { ...limited, ...requiredForGood('pool'), ...optional('blocksize sparse mountpoint') },
  zfs: {
    ...limited,
    ...requiredForGood('portal target pool blocksize iscsiprovider'),
    ...optional('sparse lio_tpg comstar_hg comstar_tg nowritecache zfs-base-path'),
  },
  iscsi: { ...limited, ...requiredForGood('portal target') },
  iscsidirect: { ...limited, ...requiredForGood('portal target') },
  rbd: {
    ...limited,
    ...optional('pool monhost username data-pool namespace krbd keyring'),
  },
  cephfs: {
    ...mounted,
    ...requiredForGood('path'),
    ...optional('subdir monhost username fs-name fuse keyring'),
  },
  pbs: {
    ...all,
    ...backups,
    ...requiredForGood('server datastore'),
    ...optional('port username password fingerprint namespace encryption-key master-pubkey'),
  },
  esxi: {
    ...all,
    ...options('server username', {}),
    ...optional('shared port password skip-cert-verification'),
  },
};

const sectionTypes: Readonly<Record<string, SectionType>> = Object.fromEntries(
  Object.entries(typeOptions).map(([name, used]) => [name, { properties: own[name] ?? {}, options: used }]),
);

export const storageSections = definedSections({ base, types: sectionTypes });

export interface StorageTraits {
  readonly content: readonly ContentType[];
  /** What a definition without `content` holds. */
  readonly defaultContent: readonly ContentType[];
  /** Image formats, the default first. */
  readonly formats: readonly string[];
  /** Seen by all nodes whatever the definition says. */
  readonly isAlwaysShared: boolean;
}

const alwaysShared = new Set('iscsi nfs cifs rbd cephfs iscsidirect zfs drbd pbs'.split(' '));

function words<T extends string>(list: string): readonly T[] {
  return list.split(' ').filter((word) => word !== '') as T[];
}

/** Possible content, default content, image formats; `*` is all, `-` all but `none`. */
const traitTexts: Readonly<Record<string, readonly [string, string, string]>> = {
  dir: ['*', 'images rootdir', 'raw qcow2 vmdk subvol'],
  btrfs: ['*', 'images rootdir', 'raw subvol'],
  nfs: ['-', 'images', 'raw qcow2 vmdk'],
  cifs: ['-', 'images', 'raw qcow2 vmdk'],
  lvm: ['images rootdir', 'images', 'raw qcow2'],
  lvmthin: ['images rootdir', 'images rootdir', 'raw'],
  zfspool: ['images rootdir', 'images rootdir', 'raw subvol'],
  zfs: ['images', 'images', 'raw'],
  iscsi: ['images none', 'images', 'raw'],
  iscsidirect: ['images none', 'images', 'raw'],
  rbd: ['images rootdir', 'images', 'raw'],
  cephfs: ['vztmpl iso backup snippets import', 'backup', ''],
  pbs: ['backup none', 'backup', ''],
  esxi: ['import', 'import', ''],
};

function possibleContent(text: string): readonly ContentType[] {
  if (text === '*') return contentTypes;
  return text === '-' ? contentTypes.filter((word) => word !== 'none') : words(text);
}

export const storageTraits: ReadonlyMap<string, StorageTraits> = new Map(
  Object.entries(traitTexts).map(([name, [content, defaultContent, formats]]) => [
    name,
    {
      content: possibleContent(content),
      defaultContent: words(defaultContent),
      formats: words(formats),
      isAlwaysShared: alwaysShared.has(name),
    },
  ]),
);
