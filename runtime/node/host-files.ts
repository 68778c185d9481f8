/** Files of the host that tools read, replace and link, outside the replicated tree. Failures are thrown as sentences. */
import { lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { hostFile } from '../file-system/host-file.ts';

/** Content; undefined where there is no file. */
export function readHostFile(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw new Error(`unable to read '${path}': ${(error as Error).message}`);
  }
}

/** Replaces a file whole, and makes its folder where that is missing. */
export function replaceHostFile(path: string, content: Buffer, mode: number): void {
  makeParentDirectory(path);
  const failure = hostFile(path, { mode }).replace(content);
  if (failure !== undefined) throw new Error(failure.message);
}

export function makeParentDirectory(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new Error(`unable to create '${dirname(path)}': ${(error as Error).message}`);
  }
}

export function removeHostFile(path: string): void {
  rmSync(path, { force: true });
}

export function isHostDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** True also for a link that leads nowhere. */
export function hasHostEntry(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** True where `path` leads to a file, through links. */
export function reachesHostFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Where a symbolic link leads; undefined for anything else. */
export function linkTarget(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
}

/** Puts a symbolic link to `target` at `path`, in place of whatever file was there, at no instant without either. */
export function replaceByLink(path: string, target: string): void {
  makeParentDirectory(path);
  const temporary = `${path}.tmp.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, path);
}

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
