/** The corpus `storage-path-to-volid` (its README): each file is made, as an image where its name says so. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { volumeOfPath } from '../../../actors/storage/path-to-volume.ts';
import { readStorageConfig } from '../../../machines/storage/storage-config.ts';
import { realStorageFiles } from '../../../runtime/storage/real-storage-files.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly path: string;
  readonly expected: unknown;
}

export const pathToVolidCorpus = vectorCorpus<Vector, { readonly cases: readonly Vector[] }>(
  'storage-path-to-volid',
  async ({ path: template, expected }) => {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'path-to-volid-')));
    try {
      const path = template.replace('$DIR', directory);
      makeFile(path);
      const found = await volumeOfPath(path, localAt(directory), realStorageFiles);
      return looseDifference(found === undefined ? [''] : [found.vtype, found.volid], expected);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

/** `local` is replaced on reading where its path isn't the usual one, so the corpus's storage is read by another name. */
function localAt(directory: string): { readonly ids: ReturnType<typeof readStorageConfig>['ids'] } {
  const text = `dir: there\n\tpath ${directory}\n\tcontent snippets,rootdir,images,iso,backup,vztmpl\n`;
  return { ids: new Map([['local', readStorageConfig(text).ids.get('there') ?? null]]) };
}

function makeFile(path: string): void {
  if (path.endsWith('/')) {
    mkdirSync(path, { recursive: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contentOf(path));
}

const qcow2Header_bytes = 104;

function contentOf(path: string): Buffer {
  if (path.endsWith('.vmdk')) return Buffer.from('KDMV');
  if (!path.endsWith('.qcow2')) return Buffer.alloc(512);
  const header = Buffer.alloc(qcow2Header_bytes);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4);
  return header;
}
