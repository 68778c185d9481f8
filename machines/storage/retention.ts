/**
 * Which backups are kept (spec/storage.md §6).
 *
 *  I1 A protected backup and one with a name of its own are never marked `remove`.
 *  I2 Without a rule nothing is removed.
 *  I3 A rule never keeps more than its count of periods.
 */
import { isoWeek, type TimeZone } from '../../runtime/formats/civil-time.ts';
import { keepRules } from '../../runtime/formats/prune-backups.ts';
import { archiveInfo } from './archive-name.ts';

export type Mark = 'keep' | 'remove' | 'protected' | 'renamed';

export interface ListedBackup {
  readonly volid: string;
  /** Seconds since 1970. */
  readonly ctime: number;
  readonly vmid?: string;
  readonly isProtected?: boolean;
}

export interface MarkedBackup {
  readonly volid: string;
  readonly ctime: number;
  readonly type: string;
  readonly vmid?: string;
  readonly mark: Mark;
}

/** Counts by rule (`keep-last`, …, `keep-all`); others are ignored. */
export type KeepCounts = ReadonlyMap<string, number>;

export interface PruneRestriction {
  readonly vmid?: string;
  readonly type?: string;
}

/** Every backup that the restriction lets through, by volume id. @param zone local time of the names and periods */
export function markBackups(
  backups: readonly ListedBackup[],
  keep: KeepCounts,
  restriction: PruneRestriction,
  zone: TimeZone,
): readonly MarkedBackup[] {
  const marked: MarkedBackup[] = [];
  const guests = new Map<string, Pruned[]>();
  for (const backup of backups) {
    const described = describe(backup, zone);
    if (restriction.vmid !== undefined && described.vmid !== restriction.vmid) continue;
    if (restriction.type !== undefined && described.type !== restriction.type) continue;
    if (described.mark !== undefined) {
      marked.push({ ...described, mark: described.mark });
      continue;
    }
    const guest = `${described.type}/${described.vmid}`;
    guests.set(guest, [...(guests.get(guest) ?? []), described]);
  }
  for (const group of guests.values()) marked.push(...markGuest(group, keep, zone));
  return marked.sort((a, b) => (a.volid < b.volid ? -1 : a.volid > b.volid ? 1 : 0));
}

type Pruned = Omit<MarkedBackup, 'mark'> & { mark?: Mark };

function describe({ volid, ctime, vmid, isProtected }: ListedBackup, zone: TimeZone): Pruned {
  const read = archiveInfo(volid, zone);
  const info = 'info' in read ? read.info : undefined;
  const owner = info?.standard?.vmid ?? vmid;
  const mark = isProtected ? 'protected' : info?.standard === undefined ? 'renamed' : undefined;
  return {
    volid,
    ctime: info?.standard?.ctime ?? ctime,
    type: info?.type ?? 'unknown',
    ...(owner !== undefined && { vmid: owner }),
    ...(mark !== undefined && { mark }),
  };
}

function markGuest(backups: readonly Pruned[], keep: KeepCounts, zone: TimeZone): readonly MarkedBackup[] {
  const newestFirst = [...backups].sort((a, b) => b.ctime - a.ctime);
  const counts = keepRules.map((rule) => keep.get(rule) ?? 0);
  const keepsAll = (keep.get('keep-all') ?? 0) !== 0 || counts.every((count) => count <= 0);
  if (keepsAll) return newestFirst.map((backup) => ({ ...backup, mark: 'keep' }));
  for (const [index, rule] of keepRules.entries()) applyRule(newestFirst, rule, counts[index]!, zone);
  return newestFirst.map((backup) => ({ ...backup, mark: backup.mark ?? 'remove' }));
}

/** Keeps the newest of each period that no earlier rule covers, until there are as many as the count. */
function applyRule(newestFirst: readonly Pruned[], rule: KeepRule, count: number, zone: TimeZone): void {
  if (count <= 0) return;
  const period = (backup: Pruned) => periodOf(backup.ctime, rule, zone);
  const covered = new Set(newestFirst.filter(({ mark }) => mark === 'keep').map(period));
  const taken = new Set<string>();
  for (const backup of newestFirst) {
    if (backup.mark !== undefined || covered.has(period(backup))) continue;
    if (taken.has(period(backup))) {
      backup.mark = 'remove';
      continue;
    }
    if (taken.size >= count) return;
    taken.add(period(backup));
    backup.mark = 'keep';
  }
}

type KeepRule = (typeof keepRules)[number];

function periodOf(ctime: number, rule: KeepRule, zone: TimeZone): string {
  const civil = zone.civil(ctime);
  const { year, month, day, hour } = civil;
  switch (rule) {
    case 'keep-last':
      return String(ctime);
    case 'keep-hourly':
      return [year, month, day, hour].join('-');
    case 'keep-daily':
      return [year, month, day].join('-');
    case 'keep-weekly': {
      const week = isoWeek(civil);
      return [week.year, week.week].join('-');
    }
    case 'keep-monthly':
      return [year, month].join('-');
    case 'keep-yearly':
      return String(year);
  }
}
