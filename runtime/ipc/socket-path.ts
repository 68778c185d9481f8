/**
 * Unix sockets below deep directories. The kernel takes at most 107 bytes of path, which a checkout's
 * `var/n1/run/pve-cluster/pmxcfs.sock` soon exceeds; `/proc/self/fd/N/<name>` names the same file in a few bytes.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const MAX_BYTES = 107;

export interface SocketPath {
  /** What to hand to `listen` or `connect`. */
  readonly short: string;
  /** Call when `short` is no longer needed: for a listener after it was closed. */
  release(): void;
}

/** Throws as `openSync` does when the directory of a long path is missing. */
export function socketPath(path: string): SocketPath {
  if (Buffer.byteLength(path) <= MAX_BYTES) return { short: path, release: () => {} };
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  let released = false;
  const release = () => {
    if (!released) closeSync(directory);
    released = true;
  };
  return { short: `/proc/self/fd/${directory}/${basename(path)}`, release };
}
