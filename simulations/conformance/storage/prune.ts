/** The corpus `storage-prune` (its README). */
import { type ListedBackup, markBackups } from '../../../machines/storage/retention.ts';
import { storageFormats } from '../../../machines/storage/storage-formats.ts';
import { utc } from '../../../runtime/formats/civil-time.ts';
import { readPropertyString } from '../../../runtime/formats/property-check.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly list: string;
  readonly keep: unknown;
  readonly scfg: Readonly<Record<string, unknown>> | null;
  readonly vmid: string | number | null;
  readonly type: string | null;
  readonly expected: unknown;
}

interface CorpusBackup {
  readonly volid: string;
  readonly ctime: number;
  readonly vmid?: string | number;
  readonly protected?: unknown;
}

interface File {
  readonly cases: readonly Vector[];
  readonly backup_lists: Readonly<Record<string, readonly CorpusBackup[]>>;
}

export const pruneCorpus = vectorCorpus<Vector, File>('storage-prune', (vector, { backup_lists }) => {
  const list = backup_lists[vector.list];
  if (list === undefined) return `no list ${vector.list}`;
  const keep = keepCounts(vector.keep ?? vector.scfg?.['prune-backups'] ?? {});
  if (typeof keep === 'string') return keep;
  const restriction = {
    ...(vector.vmid !== null && { vmid: String(vector.vmid) }),
    ...(vector.type !== null && { type: vector.type }),
  };
  return looseDifference(markBackups(list.map(listed), keep, restriction, utc), vector.expected);
});

/** A property string, or its keys and values. */
function keepCounts(keep: unknown): ReadonlyMap<string, number> | string {
  if (typeof keep !== 'string')
    return new Map(Object.entries(Object(keep)).map(([key, value]) => [key, Number(value)]));
  const read = readPropertyString(keep, 'prune-backups', storageFormats);
  if ('error' in read) return read.error;
  return new Map([...read.values].map(([key, value]) => [key, Number(value)]));
}

function listed({ volid, ctime, vmid, protected: isProtected }: CorpusBackup): ListedBackup {
  return {
    volid,
    ctime,
    ...(vmid !== undefined && { vmid: String(vmid) }),
    isProtected: Boolean(isProtected) && isProtected !== '0',
  };
}
