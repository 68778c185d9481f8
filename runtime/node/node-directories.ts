/** Folders, flags and pid files of a node (spec/pmxcfs.md §1.9), below its layout's root. */
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import type { NodeLayout } from './layout.ts';

/** Process id of this process: with the node id it names an incarnation in the group. */
export function ownPid(): number {
  return process.pid;
}

/** Makes what is missing; `gid` is the group of the state and run folders. Throws with the system's sentence. */
export function makeNodeDirectories(layout: NodeLayout, gid: number): void {
  for (const folder of [layout.stateDirectory, layout.runDirectory]) {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    giveTo(folder, gid);
  }
  const plain = [layout.ringDirectory, layout.logDirectory, layout.hostConfig, layout.pidFile, layout.pvecmLock];
  for (const path of plain)
    mkdirSync(path === layout.ringDirectory || path === layout.logDirectory ? path : dirname(path), {
      recursive: true,
      mode: 0o755,
    });
}

export function writePidFile(path: string, pid = process.pid): void {
  writeFileSync(path, `${pid}\n`, { mode: 0o644 });
}

export function removeFile(path: string): void {
  rmSync(path, { force: true });
}

/** Tells IPC clients that a restart may follow (§1.9, stop). */
export function setRestartFlag(path: string, gid: number): void {
  rmSync(path, { force: true });
  writeFileSync(path, '', { mode: 0o440 });
  giveTo(path, gid);
}

function giveTo(path: string, gid: number): void {
  if (process.getuid?.() === 0) chownSync(path, 0, gid);
}

/** Effective uid of this process. */
export function ownUid(): number {
  return process.getuid?.() ?? 0;
}

/** Addresses of all interfaces, in the order of the system. */
export function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
}
