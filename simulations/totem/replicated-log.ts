/**
 * The smallest replica that chooses its leader as pmxcfs does (spec/pmxcfs.md §5.4: the highest version wins as a whole): a log of
 * entries over one process group. It shows whether the group layer keeps the promise of §13.2.1, without the
 * file system: an acknowledged entry survives the crash or isolation of any minority.
 *
 * After a group change the lowest member asks for the states of all; the longest log is adopted by all; what was delivered
 * meanwhile is applied behind it (what still waits at the next change is sent again by its sender). A write that is delivered while the node isn't quorate is refused, and the replica
 * leaves and joins again, as dcdb does.
 */
import type { GroupChange, GroupHandle, GroupMember, ProcessGroup } from '../../runtime/process-group/process-group.ts';

type Message =
  | { readonly kind: 'start'; readonly epoch: string }
  | { readonly kind: 'state'; readonly epoch: string; readonly log: readonly string[] }
  | { readonly kind: 'write'; readonly entry: string };

export interface ReplicaHost {
  readonly group: ProcessGroup;
  isQuorate(): boolean;
  nextPid(): number;
  /** Called for each own entry when it has been applied. */
  acknowledged(entry: string): void;
}

export class ReplicatedLog {
  /** Survives the process: the database. */
  log: string[];
  isSynced = false;
  readonly #host: ReplicaHost;
  #handle: GroupHandle;
  #members: readonly GroupMember[] = [];
  #epoch = '';
  #rounds = 0;
  readonly #states = new Map<number, readonly string[]>();
  #waiting: { readonly sender: GroupMember; readonly entry: string }[] = [];

  constructor(host: ReplicaHost, log: string[]) {
    this.#host = host;
    this.log = log;
    this.#handle = this.#join();
  }

  /** Starts a write; false when it is refused at once. */
  write(entry: string): boolean {
    if (!this.isSynced || !this.#host.isQuorate()) return false;
    return this.#send({ kind: 'write', entry });
  }

  #join(): GroupHandle {
    const pid = this.#host.nextPid();
    const guard = (run: () => void): void => {
      if (this.#handle.self.pid === pid) run();
    };
    return this.#host.group.join('log', pid, {
      deliver: (sender, bytes) => guard(() => this.#deliver(sender, JSON.parse(bytes.toString()) as Message)),
      configurationChange: (change) => guard(() => this.#changed(change)),
      batchEnd: () => {},
      lost: () => {},
    });
  }

  #send(message: Message): boolean {
    return this.#handle.mcast(Buffer.from(JSON.stringify(message))) === 'sent';
  }

  #changed(change: GroupChange): void {
    this.#members = change.members;
    this.isSynced = false;
    this.#epoch = '';
    this.#states.clear();
    // A joiner doesn't have what waits here: it is void for all, and its senders send it again (as in §4.6).
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { sender, entry } of waiting) if (this.#isSelf(sender)) this.#send({ kind: 'write', entry });
    if (this.#isSelf(change.members[0]))
      this.#send({ kind: 'start', epoch: `${this.#handle.self.pid}/${++this.#rounds}` });
  }

  #deliver(sender: GroupMember, message: Message): void {
    if (message.kind === 'start') {
      if (sender.nodeid !== this.#members[0]?.nodeid || sender.pid !== this.#members[0]?.pid) return;
      this.#epoch = message.epoch;
      this.#states.clear();
      this.isSynced = false;
      this.#send({ kind: 'state', epoch: message.epoch, log: this.log });
    } else if (message.kind === 'state') {
      if (message.epoch !== this.#epoch || this.isSynced) return;
      this.#states.set(sender.nodeid, message.log);
      if (this.#states.size === this.#members.length) this.#adopt();
    } else if (this.isSynced) {
      this.#apply(sender, message.entry);
    } else {
      this.#waiting.push({ sender, entry: message.entry });
    }
  }

  /** The longest log; the lowest node id among equals. */
  #adopt(): void {
    let best: readonly string[] | undefined;
    for (const member of this.#members) {
      const log = this.#states.get(member.nodeid) ?? [];
      if (best === undefined || log.length > best.length) best = log;
    }
    this.log = [...best!];
    this.isSynced = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { sender, entry } of waiting) if (this.isSynced) this.#apply(sender, entry);
  }

  #apply(sender: GroupMember, entry: string): void {
    if (!this.#host.isQuorate()) {
      this.#rejoin();
      return;
    }
    if (!this.log.includes(entry)) this.log.push(entry);
    if (this.#isSelf(sender)) this.#host.acknowledged(entry);
  }

  #rejoin(): void {
    this.isSynced = false;
    this.#waiting = [];
    this.#handle.leave();
    this.#handle = this.#join();
  }

  #isSelf(member: GroupMember | undefined): boolean {
    return member?.nodeid === this.#handle.self.nodeid && member.pid === this.#handle.self.pid;
  }
}
