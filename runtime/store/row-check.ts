import type { StoreChange, StoreFailure, StoreRow } from './store.ts';

const MAX_U32 = 0xffff_ffff;

/** Why a row is none that a Store holds, or undefined. Both adapters refuse the same rows. */
export function rowProblem(row: Omit<StoreRow, 'name' | 'data'>): string | undefined {
  for (const [column, value] of [
    ['inode', row.inode],
    ['parent', row.parent],
    ['version', row.version],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0) return `${column} of inode ${row.inode} is not within 0 to 2^53 - 1`;
  }
  for (const [column, value] of [
    ['writer', row.writer],
    ['mtime', row.mtime],
    ['type', row.type],
  ] as const) {
    if (!Number.isInteger(value) || value < 0 || value > MAX_U32) return `${column} of inode ${row.inode} is not a u32`;
  }
  return undefined;
}

/** The first refusal of a list of changes. */
export function changesProblem(changes: readonly StoreChange[]): StoreFailure | undefined {
  for (const change of changes) {
    const problem = change.kind === 'replace' ? rowProblem(change.row) : undefined;
    if (problem !== undefined) return { code: 'MALFORMED_ROW', message: problem };
  }
  return undefined;
}
