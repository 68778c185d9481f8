/**
 * Volume ids, and the names of volumes on storages that are directories (spec/storage.md §3, §3.1). Other storages have
 * block-volume-name.ts.
 */
import { backupEnding } from './archive-name.ts';

export interface Volume {
  readonly vtype: string;
  readonly name: string;
  /** The guest that owns it. */
  readonly vmid?: string;
  /** Of a linked clone: the image that it stands on. */
  readonly basename?: string;
  readonly basevmid?: string;
  /** The image is a base of clones. */
  readonly isBase?: boolean;
  readonly format: string;
}

export type ParsedVolume = { readonly volume: Volume } | { readonly error: string };

const volumeId = /^([a-z][a-z0-9\-_.]*[a-z0-9]):(.+)$/i;

export function parseVolumeId(
  text: string,
): { readonly storage: string; readonly volname: string } | { readonly error: string } {
  const [, storage, volname] = volumeId.exec(text) ?? [];
  if (storage === undefined || volname === undefined) return { error: `unable to parse volume ID '${text}'` };
  return { storage, volname };
}

const linkedClone = /^([0-9]+)\/(\S+)\/([0-9]+)\/(\S+)$/;
const image = /^([0-9]+)\/(\S+)$/;
const importedInside = /^import\/([A-Za-z0-9\-.+=_ ]+\.ova\/[A-Za-z0-9\-.+=_ ]+\.(qcow2|raw|vmdk))$/;
const imported = /^import\/([A-Za-z0-9\-.+=_ ]+\.(ova|ovf|qcow2|raw|vmdk))$/;
const backupOwner = /^vzdump-(?:openvz|lxc|qemu)-([0-9]+)-./;

/** What a file in a directory for one kind of content must be called. */
export const contentNames: readonly { readonly vtype: string; readonly file: RegExp }[] = [
  { vtype: 'iso', file: /^[^/]+\.(?:iso|img)$/i },
  { vtype: 'vztmpl', file: /^[^/]+\.tar(?:\.(?:gz|xz|zst|bz2))?$/i },
  { vtype: 'backup', file: new RegExp(`^[^/]+${backupEnding}$`) },
  { vtype: 'snippets', file: /^[^/]+$/ },
];

/** @param volname what follows the storage in a volume id */
export function parseDirectoryVolume(volname: string): ParsedVolume {
  const clone = linkedClone.exec(volname);
  if (clone !== null) return cloneVolume(clone);
  const plain = image.exec(volname);
  if (plain !== null) return imageVolume(plain[1]!, plain[2]!);
  const slash = volname.indexOf('/');
  const [folder, file] = [volname.slice(0, slash), volname.slice(slash + 1)];
  if (slash > 0 && contentNames.some((content) => content.vtype === folder && content.file.test(file))) {
    return { volume: fileVolume(folder, file) };
  }
  const inside = importedInside.exec(volname);
  if (inside !== null) return { volume: { vtype: 'import', name: inside[1]!, format: `ova+${inside[2]}` } };
  const whole = imported.exec(volname);
  if (whole !== null) return { volume: { vtype: 'import', name: whole[1]!, format: whole[2]! } };
  return { error: `unable to parse directory volume name '${volname}'` };
}

function fileVolume(vtype: string, name: string): Volume {
  const vmid = vtype === 'backup' ? backupOwner.exec(name)?.[1] : undefined;
  return { vtype, name, format: 'raw', ...(vmid !== undefined && { vmid }) };
}

function cloneVolume([, basevmid = '', basename = '', vmid = '', name = '']: RegExpExecArray): ParsedVolume {
  const base = parseImageName(basename);
  if ('error' in base) return base;
  const own = imageVolume(vmid, name);
  return 'error' in own ? own : { volume: { ...own.volume, basevmid, basename } };
}

function imageVolume(vmid: string, name: string): ParsedVolume {
  const parsed = parseImageName(name);
  if ('error' in parsed) return parsed;
  const { format, isBase } = parsed;
  return { volume: { vtype: 'images', name, vmid, format, ...(isBase && { isBase }) } };
}

/**
 * The forms `vm-`, `base-` and `subvol-` with a guest's number need no look of their own: any name with the ending of an
 * image will do, except that of a snapshot's file.
 */
export function parseImageName(
  file: string,
): { readonly format: string; readonly isBase: boolean } | { readonly error: string } {
  if (/^snap-.+\.qcow2$/.test(file)) return { error: `'${file}' is a snapshot filename, not a volume!` };
  const format = /^[^/\s]+\.(raw|qcow2|vmdk|subvol)$/.exec(file)?.[1];
  if (format === undefined) return { error: `unable to parse volume filename '${file}'` };
  return { format, isBase: file.startsWith('base-') };
}
