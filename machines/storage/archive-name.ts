/** What the name of a backup archive says about it (spec/storage.md §3.3). */
import type { TimeZone } from '../../runtime/formats/civil-time.ts';

export type ArchiveFormat = 'tar' | 'vma';
export type Compression = 'gz' | 'lzo' | 'zst' | 'bz2';

export interface ArchiveInfo {
  readonly filename: string;
  readonly type: 'lxc' | 'openvz' | 'qemu';
  readonly format: ArchiveFormat;
  readonly compression?: Compression;
  /** The command that decompresses to standard output, or the archiver that reads it. */
  readonly decompressor?: readonly string[];
  /** Only of a standard name. */
  readonly standard?: StandardName;
}

export interface StandardName {
  readonly vmid: string;
  /** Seconds since 1970. */
  readonly ctime: number;
  readonly logfilename: string;
  readonly notesfilename: string;
}

/** The endings of backups, as part of a regular expression. */
export const backupEnding = '\\.(?:tgz|(?:tar|vma)(?:\\.(?:gz|lzo|zst|bz2))?)';

const archiveName = /^vzdump-(lxc|openvz|qemu)-(.+)\.(?:(tgz)|(tar|vma)(?:\.(gz|lzo|zst|bz2))?)$/;
const standardPart = /^([1-9][0-9]{2,8})-([0-9]{4})_([0-9]{2})_([0-9]{2})-([0-9]{2})_([0-9]{2})_([0-9]{2})$/;

const decompressors: Readonly<Record<ArchiveFormat, Readonly<Record<Compression, readonly string[]>>>> = {
  tar: { gz: ['tar', '-z'], lzo: ['tar', '--lzop'], zst: ['tar', '--zstd'], bz2: ['tar', '--bzip2'] },
  vma: {
    gz: ['zcat'],
    lzo: ['lzop', '-d', '-c'],
    zst: ['zstd', '-q', '-d', '-c'],
    bz2: ['bzcat', '-q'],
  },
};

/**
 * @param archive a path or a volume id
 * @param zone the names hold local times
 */
export function archiveInfo(
  archive: string,
  zone: TimeZone,
): { readonly info: ArchiveInfo } | { readonly error: string } {
  const filename = archive.replace(/\/+$/, '').split('/').at(-1)!;
  const match = archiveName.exec(filename);
  if (match === null) return { error: `ERROR: couldn't determine archive info from '${archive}'` };
  const [, type, middle = '', tgz, plainFormat, ending] = match;
  const format = (tgz === undefined ? plainFormat : 'tar') as ArchiveFormat;
  const compression = (tgz === undefined ? ending : 'gz') as Compression | undefined;
  const standard = standardName(filename, `vzdump-${type}-${middle}`, middle, zone);
  return {
    info: {
      filename,
      type: type as ArchiveInfo['type'],
      format,
      ...(compression !== undefined && { compression, decompressor: decompressors[format][compression] }),
      ...(standard !== undefined && { standard }),
    },
  };
}

function standardName(filename: string, stem: string, middle: string, zone: TimeZone): StandardName | undefined {
  const match = standardPart.exec(middle);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(2).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ctime = zone.epoch_s({ year, month, day, hour, minute, second });
  if (ctime === undefined) return undefined;
  return { vmid: match[1]!, ctime, logfilename: `${stem}.log`, notesfilename: `${filename}.notes` };
}
