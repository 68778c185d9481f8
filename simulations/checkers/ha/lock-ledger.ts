/** Who holds the locks of high availability, as the cluster's one history has it: each change counts when a node applies it first. */
import type { TreeChange } from '../observation.ts';

export const LOCK_LIFETIME_S = 120;
const LOCK = /^priv\/lock\/(ha_.+)$/;
const AGENT = /^ha_agent_(.+)_lock$/;

export interface LockEntry {
  /** Node whose daemon has made the directory. */
  readonly owner: number;
  /** It was made, or its time set. */
  readonly renewed_ms: number;
}

export type LockEvent =
  | { readonly event: 'taken' | 'renewed'; readonly lock: string; readonly by: number }
  | { readonly event: 'removed'; readonly lock: string; readonly by: number; readonly before: LockEntry | undefined };

/** Changes in the order of the cluster's history, each once. */
export function firstTime(): (change: TreeChange) => boolean {
  let newest = 0;
  return ({ result, versionAfter }) => {
    if (result < 0 || versionAfter <= newest) return false;
    newest = versionAfter;
    return true;
  };
}

export class LockLedger {
  readonly #locks = new Map<string, LockEntry>();
  readonly #isFirst = firstTime();

  get(lock: string): LockEntry | undefined {
    return this.#locks.get(lock);
  }

  /** What `change` means for a lock; undefined where it is about none, or is known. */
  note(change: TreeChange, now_ms: number): LockEvent | undefined {
    if (!this.#isFirst(change)) return undefined;
    const { kind, path, writer } = change;
    const lock = LOCK.exec(path)?.[1];
    if (lock === undefined) return undefined;
    const before = this.#locks.get(lock);
    switch (kind) {
      case 'mkdir':
        this.#locks.set(lock, { owner: writer, renewed_ms: now_ms });
        return { event: 'taken', lock, by: writer };
      case 'mtime':
        if (before !== undefined) this.#locks.set(lock, { ...before, renewed_ms: now_ms });
        return { event: 'renewed', lock, by: writer };
      case 'remove':
        this.#locks.delete(lock);
        return { event: 'removed', lock, by: writer, before };
      default:
        return undefined;
    }
  }
}

export const MANAGER_LOCK = 'ha_manager_lock';

export function agentLock(node: string): string {
  return `ha_agent_${node}_lock`;
}

/** Name of the node of an agent lock. */
export function agentOf(lock: string): string | undefined {
  return AGENT.exec(lock)?.[1];
}
