/** The computed files of one node, made from its status and its tree (spec/pmxcfs.md §6.7); `.debug` belongs to the log. */
import type { ChangeCounters } from '../tree/change-counters.ts';
import type { GuestList } from '../tree/guest-list.ts';
import { DEFAULT_LOG_ENTRIES } from './cluster-log-dump.ts';
import { vmlistText } from './published-files.ts';
import type { Status } from './status.ts';

/** The part of the memory tree (`Memdb`) that is published. */
export interface PublishedTree {
  readonly guests: Pick<GuestList, 'version' | 'entries'>;
  readonly counters: Pick<ChangeCounters, 'entries'>;
}

/** Contents as byte strings, made at each call. */
export interface NodeFiles {
  version(): string;
  members(): string;
  vmlist(): string;
  rrd(): string;
  clusterlog(): string;
}

export function nodeFiles(status: Status, tree: PublishedTree): NodeFiles {
  return {
    version: () => status.versionText({ vmlist: tree.guests.version, paths: tree.counters.entries() }),
    members: () => status.membersText(),
    vmlist: () => {
      const guests = Array.from(tree.guests.entries(), ([vmid, guest]) => ({ vmid, ...guest }));
      guests.sort((a, b) => a.vmid - b.vmid);
      return vmlistText(tree.guests.version, guests);
    },
    rrd: () => status.rrdText(),
    clusterlog: () => status.clusterLogText(DEFAULT_LOG_ENTRIES),
  };
}
