/** The corpus `storage-archive-info` (its README). */
import { type ArchiveInfo, archiveInfo } from '../../../machines/storage/archive-name.ts';
import { utc } from '../../../runtime/formats/civil-time.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly archive: string;
  readonly expected?: unknown;
  readonly error?: string;
}

export const archiveInfoCorpus = vectorCorpus<Vector, { readonly cases: readonly Vector[] }>(
  'storage-archive-info',
  ({ archive, expected, error }) => {
    const read = archiveInfo(archive, utc);
    return 'error' in read ? looseDifference(`${read.error}\n`, error) : looseDifference(facts(read.info), expected);
  },
);

/** As one record. */
function facts({ standard, ...info }: ArchiveInfo): unknown {
  return { ...info, is_std_name: standard === undefined ? 0 : 1, ...standard };
}
