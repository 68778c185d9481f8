/** Which volume a path is, by its directory and name (spec/storage.md §3.2). Files are looked at by whoever asks. */
import { contentDirectory, type DirectoryLayout } from './content-directory.ts';
import { contentNames, parseImageName } from './volume-name.ts';

export interface PathStorage {
  readonly id: string;
  readonly layout: DirectoryLayout;
  /** Formats of images that the type of storage can hold. */
  readonly formats: readonly string[];
}

export interface PathVolume {
  readonly storage: string;
  readonly vtype: string;
  readonly volname: string;
  /** Only an image that can be read as one is a volume; its volume name is longer where it is a linked clone. */
  readonly image?: { readonly format: string };
}

/** No blanks, unlike in a volume's name, and nothing from inside an archive. */
const imported = /^[A-Za-z0-9\-.+=_]+\.(?:ova|ovf|qcow2|raw|vmdk)$/;
const pathNames = [...contentNames, { vtype: 'import', file: imported }];
const imagePath = /^([0-9]+)\/([^/\s]+)$/;

/** What the path may be on each storage, in the order of the storages. @param path absolute, without symbolic links */
export function volumesOfPath(path: string, storages: readonly PathStorage[]): readonly PathVolume[] {
  return storages.flatMap((storage) => volumeOn(storage, path) ?? []);
}

function volumeOn({ id, layout, formats }: PathStorage, path: string): PathVolume | undefined {
  const [, vmid, file] = imagePath.exec(nameBelow(layout, 'images', path) ?? '') ?? [];
  if (vmid !== undefined && file !== undefined) {
    const parsed = parseImageName(file);
    if ('error' in parsed || !formats.includes(parsed.format)) return undefined;
    return { storage: id, vtype: 'images', volname: `${vmid}/${file}`, image: { format: parsed.format } };
  }
  for (const { vtype, file: fileName } of pathNames) {
    const name = nameBelow(layout, vtype, path);
    if (name !== undefined && fileName.test(name)) return { storage: id, vtype, volname: `${vtype}/${name}` };
  }
  return undefined;
}

function nameBelow(layout: DirectoryLayout, vtype: string, path: string): string | undefined {
  const directory = contentDirectory(layout, vtype);
  if ('error' in directory || !path.startsWith(`${directory.path}/`)) return undefined;
  return path.slice(directory.path.length + 1);
}

/** The volume name of an image by the file that it stands on, as its header names it. */
export function cloneVolumeName(volname: string, backing: string | undefined): string {
  const [, basevmid, basename] = /^\.\.\/([0-9]+)\/([^/\s]+)$/.exec(backing ?? '') ?? [];
  if (basevmid === undefined || basename === undefined || 'error' in parseImageName(basename)) return volname;
  return `${basevmid}/${basename}/${volname}`;
}
