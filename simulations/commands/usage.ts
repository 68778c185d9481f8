/** What people can get wrong on a command line: each ends in one sentence, and before anything is written. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseTime, SyntaxProblem } from '../scenarios/syntax.ts';

export const EXIT = { ok: 0, safety: 1, liveness: 2, crash: 3, differs: 4, usage: 5 } as const;

/** Ends a command with one sentence and exit code 5. */
export class UsageProblem extends Error {}

/** Where a command speaks: results, and on the way to them. */
export interface Speech {
  readonly print: (text: string) => void;
  readonly tell: (text: string) => void;
}

export interface Range {
  readonly first: number;
  readonly last: number;
}

/** `7` or `1..500`. */
export function readRange(text: string, flag: string): Range {
  const [, first, last = first] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text) ?? [];
  if (first === undefined || Number(last) < Number(first))
    throw new UsageProblem(`${flag} wants N or N..M, not '${text}'`);
  return { first: Number(first), last: Number(last) };
}

export function readCount(text: string, flag: string, least: number): number {
  const count = Number(text);
  if (!/^\d{1,9}$/.test(text) || count < least)
    throw new UsageProblem(`${flag} wants a number from ${least}, not '${text}'`);
  return count;
}

/** `30s`, `2min`, or seconds. */
export function readInstant(text: string, flag: string): number {
  try {
    return parseTime(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
  } catch (error) {
    if (error instanceof SyntaxProblem) throw new UsageProblem(`${flag}: ${error.message}`);
    throw error;
  }
}

/** A file that can be written later on. */
export function checkTarget(path: string | undefined): void {
  if (path === undefined) return;
  const folder = dirname(path);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new UsageProblem(`there is no folder '${folder}'`);
  if (existsSync(path) && statSync(path).isDirectory()) throw new UsageProblem(`'${path}' is a folder`);
}
