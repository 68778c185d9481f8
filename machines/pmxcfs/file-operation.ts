/**
 * A change of the tree as the file-system layer asks for it (spec/pmxcfs.md §1.6), before it is encoded for the cluster
 * (§5.1) or applied in local mode (§1.7). Paths are byte strings without leading slash.
 */
import type { Buffer } from 'node:buffer';

export type FileOperation =
  /**
   * `data` is valid during the call that gets it; whoever keeps it copies it. Offsets are below 2^32 (Q4). With `isEnd` the file
   * ends where the data end.
   */
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly data: Buffer;
      readonly offset: number;
      readonly isEnd: boolean;
    }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  | { readonly kind: 'create'; readonly path: string }
  | { readonly kind: 'mkdir'; readonly path: string }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  /** `mtime`: u32 seconds. */
  | { readonly kind: 'mtime'; readonly path: string; readonly mtime: number }
  /**
   * Asks for the removal of a lock if it has expired (§5.7); `checksum` names the incarnation seen. Sent before the
   * `mtime` operation of the same call, and without waiting: in a cluster `done(0)`. In local mode an expired lock is
   * removed at once, which `done(LOCK_REMOVED)` says.
   */
  | { readonly kind: 'unlock-request'; readonly path: string; readonly checksum: Buffer };

/** Result of an `unlock-request` that has removed the lock. */
export const LOCK_REMOVED = 1;
