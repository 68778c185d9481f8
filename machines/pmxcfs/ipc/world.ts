/** What the IPC requests ask, answered from a node's tree and status (spec/pmxcfs.md §6.9). */
import type { Buffer } from 'node:buffer';
import { nodeFiles, type PublishedTree } from '../status/node-files.ts';
import type { Status } from '../status/status.ts';
import type { Guest, GuestList } from '../tree/guest-list.ts';
import type { GuestType } from '../tree/path-class.ts';
import type { IpcWorld } from './handler.ts';

/** The part of the memory tree (`Memdb`) that requests read. */
export interface RequestedTree extends PublishedTree {
  readonly guests: Pick<GuestList, 'version' | 'entries' | 'get'>;
  lookup(path: string): { readonly type: number; readonly data: Buffer } | undefined;
}

const REGULAR_FILE = 8;
const DIRECTORY_OF: Readonly<Record<GuestType, string>> = { qemu: 'qemu-server', lxc: 'lxc', openvz: 'openvz' };

export function ipcWorld(status: Status, tree: RequestedTree): IpcWorld {
  const files = nodeFiles(status, tree);
  return {
    versionText: files.version,
    membersText: files.members,
    vmlistText: files.vmlist,
    rrdText: files.rrd,
    clusterLogText: (max_entries, user) => status.clusterLogText(max_entries, user),
    setStatus: (key, value) => status.set(key, value),
    getStatus: (key, node) => status.get(key, node),
    readFile: (path) => {
      const entry = tree.lookup(path);
      return entry?.type === REGULAR_FILE ? entry.data : undefined;
    },
    logMessage: (message) => status.logMessage(message),
    guests: () => Array.from(tree.guests.entries(), ([vmid, guest]) => ({ vmid, path: configPath(vmid, guest) })),
    guestPath: (vmid) => {
      const guest = tree.guests.get(vmid);
      return guest && configPath(vmid, guest);
    },
  };
}

function configPath(vmid: number, { node, type }: Guest): string {
  return `nodes/${node}/${DIRECTORY_OF[type]}/${vmid}.conf`;
}
