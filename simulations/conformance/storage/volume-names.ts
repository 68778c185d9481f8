/** The corpora of names and paths of volumes on directories (their READMEs). */
import { contentDirectory, type DirectoryLayout, volumePath } from '../../../machines/storage/content-directory.ts';
import { parseDirectoryVolume, type Volume } from '../../../machines/storage/volume-name.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface VolnameVector {
  readonly id: string;
  readonly volname: string;
  readonly snapname?: string | null;
  readonly expected?: unknown;
  readonly error?: string;
}

export const parseVolnameCorpus = vectorCorpus<VolnameVector, { readonly cases: readonly VolnameVector[] }>(
  'storage-parse-volname',
  ({ volname, expected, error }) => {
    const parsed = parseDirectoryVolume(volname);
    if ('error' in parsed) return looseDifference(`${parsed.error}\n`, error);
    return looseDifference(sevenFields(parsed.volume), expected);
  },
);

function sevenFields({ vtype, name, vmid, basename, basevmid, isBase, format }: Volume): unknown {
  return {
    vtype,
    name,
    vmid: vmid ?? null,
    basename: basename ?? null,
    basevmid: basevmid ?? null,
    isBase: isBase ? 'base-' : null,
    format,
  };
}

export const filesystemPathCorpus = vectorCorpus<VolnameVector, { readonly cases: readonly VolnameVector[] }>(
  'storage-filesystem-path',
  ({ volname, snapname, expected, error }) => {
    const found = volumePath({ path: '/some/path' }, volname, snapname ?? undefined);
    if ('error' in found) return looseDifference(`${found.error}\n`, error);
    return looseDifference([found.path, found.vmid ?? null, found.vtype], expected);
  },
);

interface SubdirVector {
  readonly id: string;
  readonly scfg: { readonly path?: string; readonly 'content-dirs'?: Readonly<Record<string, string>> };
  readonly vtype: string;
  readonly expected?: string;
  readonly error?: string;
}

export const subdirCorpus = vectorCorpus<SubdirVector, { readonly cases: readonly SubdirVector[] }>(
  'storage-subdir',
  ({ scfg, vtype, expected, error }) => {
    const layout: DirectoryLayout = {
      ...(scfg.path !== undefined && { path: scfg.path }),
      contentDirs: new Map(Object.entries(scfg['content-dirs'] ?? {})),
    };
    const found = contentDirectory(layout, vtype);
    return 'error' in found ? looseDifference(`${found.error}\n`, error) : looseDifference(found.path, expected);
  },
);
