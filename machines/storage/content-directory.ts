/** Where a storage that is a directory keeps its volumes (spec/storage.md §3.2). */
import { parseDirectoryVolume } from './volume-name.ts';

export interface DirectoryLayout {
  readonly path?: string;
  /** Directories below `path` for kinds of content, where they aren't the usual ones. */
  readonly contentDirs?: ReadonlyMap<string, string>;
  /** Snapshots are files of their own (`snapshot-as-volume-chain`). */
  readonly hasVolumeChain?: boolean;
}

export type FoundPath = { readonly path: string } | { readonly error: string };

const usualDirectories: ReadonlyMap<string, string> = new Map([
  ['images', 'images'],
  ['rootdir', 'private'],
  ['iso', 'template/iso'],
  ['vztmpl', 'template/cache'],
  ['backup', 'dump'],
  ['snippets', 'snippets'],
  ['import', 'import'],
]);

export function contentDirectory({ path, contentDirs }: DirectoryLayout, vtype: string): FoundPath {
  if (path === undefined) return { error: 'storage definition has no path' };
  const directory = contentDirs?.get(vtype) ?? usualDirectories.get(vtype);
  return directory === undefined ? { error: `unknown vtype '${vtype}'` } : { path: `${path}/${directory}` };
}

export type VolumePath =
  | { readonly path: string; readonly vmid: string | undefined; readonly vtype: string }
  | { readonly error: string };

/** The file of a volume, or of one of its snapshots. */
export function volumePath(layout: DirectoryLayout, volname: string, snapshot?: string): VolumePath {
  const parsed = parseDirectoryVolume(volname);
  if ('error' in parsed) return parsed;
  const { vtype, name, vmid, format } = parsed.volume;
  if (snapshot !== undefined && format !== 'qcow2') return { error: "can't snapshot this image format" };
  const directory = contentDirectory(layout, vtype);
  if ('error' in directory) return directory;
  const isOwnFile = layout.hasVolumeChain && snapshot !== undefined && snapshot !== 'current';
  const file = isOwnFile ? `snap-${snapshot}-${name}` : name;
  const folder = vtype === 'images' ? `${directory.path}/${vmid}` : directory.path;
  return { path: `${folder}/${file}`, vmid, vtype };
}
