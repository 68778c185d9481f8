import type { StoreChange, StoreFailure, StoreRow } from './store.ts';

const MAX_U32 = 0xffff_ffff;

/** Why a row is none that a Store holds, or undefined. Both adapters refuse the same rows. */
export function rowProblem(row: Omit<StoreRow, 'name' | 'data'>): string | undefined {
  const { inode, parent, version, writer, mtime, type } = row;
  if (!isU53(inode)) return tooLarge('inode', row);
  if (!isU53(parent)) return tooLarge('parent', row);
  if (!isU53(version)) return tooLarge('version', row);
  if (!isU32(writer)) return notU32('writer', row);
  if (!isU32(mtime)) return notU32('mtime', row);
  return isU32(type) ? undefined : notU32('type', row);
}

function isU53(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_U32;
}

function tooLarge(column: string, { inode }: { readonly inode: number }): string {
  return `${column} of inode ${inode} is not within 0 to 2^53 - 1`;
}

function notU32(column: string, { inode }: { readonly inode: number }): string {
  return `${column} of inode ${inode} is not a u32`;
}

/** The first refusal of a list of changes. */
export function changesProblem(changes: readonly StoreChange[]): StoreFailure | undefined {
  for (const change of changes) {
    const problem = change.kind === 'replace' ? rowProblem(change.row) : undefined;
    if (problem !== undefined) return { code: 'MALFORMED_ROW', message: problem };
  }
  return undefined;
}
