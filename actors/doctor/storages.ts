/** Which storages every node sees: `storage.cfg`. */

export interface Storage {
  readonly type: string;
  readonly isShared: boolean;
  /** Nodes that have it; undefined: all. */
  readonly nodes: ReadonlySet<string> | undefined;
}

export type Storages = ReadonlyMap<string, Storage>;

const sharedTypes = new Set([
  'nfs',
  'cifs',
  'cephfs',
  'rbd',
  'iscsi',
  'iscsidirect',
  'glusterfs',
  'zfs',
  'pbs',
  'esxi',
]);

export function storagesOf(text: string): Storages {
  const storages = new Map<string, Storage>();
  for (const block of text.split(/\n(?=\S)/)) {
    const head = /^(\S+?):\s*(\S+)/.exec(block);
    if (head === null) continue;
    const nodes = /^\s+nodes\s+(\S+)/m.exec(block)?.[1]?.split(/[,;]/);
    storages.set(head[2]!, {
      type: head[1]!,
      isShared: sharedTypes.has(head[1]!) || /^\s+shared(?:\s+1)?\s*$/m.test(block),
      nodes: nodes && new Set(nodes),
    });
  }
  return storages;
}
