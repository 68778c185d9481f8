/**
 * What logs and black boxes say about a fencing, one fact per line or record, whoever wrote it: a stock Proxmox VE node (spec/ha.md §9,
 * §10; spec/pmxcfs.md, appendix A; corosync's own lines) or a node of this project.
 */

export type DaemonName = 'crm' | 'lrm';

export type Fact =
  /** A new membership: corosync's `rep.seq`, hexadecimal. `left` and `joined` by node id. */
  | { readonly is: 'ring'; readonly ring: string; readonly left: readonly number[]; readonly joined: readonly number[] }
  /** Members by node id; of corosync or of pmxcfs. */
  | { readonly is: 'members'; readonly ids: readonly number[] }
  | { readonly is: 'quorum'; readonly quorate: boolean }
  | { readonly is: 'link'; readonly peer: number; readonly link: number; readonly isUp: boolean }
  | { readonly is: 'unreachable'; readonly peer: number }
  | { readonly is: 'token-late'; readonly ms: number | undefined }
  /** Something stood still for so long before this instant. */
  | { readonly is: 'stall'; readonly of: string; readonly ms: number }
  | { readonly is: 'clock-set'; readonly by_ms: number }
  | { readonly is: 'daemon-died'; readonly daemon: string; readonly how: string }
  | { readonly is: 'cfs-failed'; readonly error: string }
  | { readonly is: 'lock'; readonly name: string; readonly isHeld: boolean; readonly error: string | undefined }
  | { readonly is: 'daemon-state'; readonly daemon: DaemonName; readonly from: string; readonly to: string }
  | { readonly is: 'watchdog'; readonly event: WatchdogEvent }
  | { readonly is: 'told-to-fence' }
  | { readonly is: 'node-state'; readonly about: string; readonly from: string; readonly to: string }
  | { readonly is: 'fence-acknowledged'; readonly about: string }
  | { readonly is: 'service'; readonly sid: string; readonly from: string; readonly to: string; readonly on?: string }
  | { readonly is: 'recover'; readonly sid: string; readonly from: string; readonly to: string }
  | { readonly is: 'no-recovery-node'; readonly sid: string; readonly from: string }
  | { readonly is: 'guest'; readonly sid: string; readonly did: 'started' | 'stopped' | 'failed' }
  | { readonly is: 'decision'; readonly sid: string; readonly reasons: unknown }
  | { readonly is: 'shutdown'; readonly how: string }
  | { readonly is: 'boot' };

export type WatchdogEvent =
  | 'opened'
  | 'fed'
  | 'closed'
  | 'about-to-expire'
  | 'fed-in-time'
  | 'expired'
  | 'client-died'
  | 'feed-failed'
  | 'left-active'
  /** The stand-in of a device has ended the node. */
  | 'reset';

export interface Evidence {
  /** By the clock of the node that wrote it, milliseconds since the epoch; `report` works with corrected ones. */
  readonly at_ms: number;
  readonly node: string;
  /** Which clock that was: a node, or one start of one of its processes. */
  readonly clock: string;
  readonly fact: Fact;
  /** The line, for people. */
  readonly text: string;
}

/** A file, or the lines of one node in a file. */
export interface Source {
  readonly path: string;
  readonly kind: 'journal' | 'black-box';
  readonly nodes: readonly string[];
  readonly lines: number;
  /** Lines that say nothing about fencing, or that nobody could read. */
  readonly skipped: number;
  /** The last line has no end: whatever wrote it was interrupted. */
  readonly isCut: boolean;
}

/** What was read: never more than what concerns fencing. */
export interface Testimony {
  readonly evidence: readonly Evidence[];
  readonly sources: readonly Source[];
  /** Files that could not be read, each with its reason. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
  /** Node ids by name, as far as somebody said them. */
  readonly ids: ReadonlyMap<string, number>;
  /** Instants at which a node wrote any line at all, about one per second, ascending. */
  readonly activity: ReadonlyMap<string, readonly number[]>;
  /** Minutes east of Greenwich in which times are told. */
  readonly zone_minutes: number;
  /** Times were written to the second only. */
  readonly isCoarse: boolean;
}
