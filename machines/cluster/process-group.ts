/**
 * Closed process groups over the ring's total order: who is in which group, and who gets what.
 *
 * A process's state: `joinStarted` (join queued), `joined` (own join delivered), `leaveStarted`, `left`. It receives in `joined`
 * and `leaveStarted`, and may send in `joinStarted` and `joined`.
 *
 * After a ring change the members exchange their local processes as ordered messages (*service synchronisation*), and
 * clients see the change when the reports of all members have been delivered: the same position for all.
 * Nodes that didn't come along from the last synchronised view are taken for left and, when they report, for joined
 * again, also where their processes are the same: they may have missed messages. First left, then joined.
 *
 *  I1 The members of a group are the same at all nodes of a ring at the same position of the order, sorted by (nodeid, pid).
 *  I2 A process is told of its own join first, and of nothing after its own leave.
 *  I3 Messages of a process that isn't a member are not delivered.
 *
 * Protocol source: spec/pmxcfs.md §7.5 (5), (6), §7.6, §9.9; contract G1-G10 of the ProcessGroup port.
 */
import type { SyncReport } from './group-messages.ts';
import { intersection } from './totem/node-set.ts';

export interface Process {
  readonly nodeid: number;
  readonly pid: number;
}

export interface ProcessChange {
  readonly members: readonly Process[];
  readonly joined: readonly Process[];
  readonly left: readonly Process[];
}

/** A process of this node; `Client` is what the host attaches to it. */
export interface LocalProcess<Client> {
  readonly group: string;
  readonly pid: number;
  readonly client: Client;
  state: 'joinStarted' | 'joined' | 'leaveStarted' | 'left';
  /** Between the delivery of its own join and of its own leave. */
  isMember: boolean;
}

export interface GroupSink<Client> {
  deliver(to: LocalProcess<Client>, sender: Process, body: Buffer): void;
  change(to: LocalProcess<Client>, change: ProcessChange): void;
}

export class GroupTable<Client> {
  readonly #self: number;
  readonly #sink: GroupSink<Client>;
  readonly #groups = new Map<string, Process[]>();
  readonly #locals: LocalProcess<Client>[] = [];
  /** Nodes that were with us ever since the last synchronised view. */
  #continuing: readonly number[];
  #ringMembers: readonly number[];
  #reports = new Map<number, SyncReport>();

  constructor(self: number, sink: GroupSink<Client>) {
    this.#self = self;
    this.#sink = sink;
    this.#continuing = [self];
    this.#ringMembers = [self];
  }

  get locals(): readonly LocalProcess<Client>[] {
    return this.#locals;
  }

  members(group: string): readonly Process[] {
    return this.#groups.get(group) ?? [];
  }

  /** The caller queues the join message. */
  register(group: string, pid: number, client: Client): LocalProcess<Client> {
    const local: LocalProcess<Client> = { group, pid, client, state: 'joinStarted', isMember: false };
    this.#locals.push(local);
    return local;
  }

  /** The caller queues the leave message. */
  startLeave(local: LocalProcess<Client>): void {
    local.state = 'leaveStarted';
  }

  /** This node's processes for its report: those whose join was delivered. */
  joinedProcesses(): { group: string; pid: number }[] {
    const own: { group: string; pid: number }[] = [];
    for (const [group, members] of this.#groups) {
      for (const member of members) if (member.nodeid === this.#self) own.push({ group, pid: member.pid });
    }
    return own;
  }

  /** A new ring: reports of its members are awaited. */
  ringChanged(members: readonly number[], transitional: readonly number[]): void {
    this.#ringMembers = members;
    this.#continuing = intersection(this.#continuing, transitional);
    this.#reports = new Map();
  }

  /** A report was delivered; true when it was the last one and the groups have changed. The caller has checked its ring. */
  takeReport(sender: number, report: SyncReport): boolean {
    if (!this.#ringMembers.includes(sender)) return false;
    this.#reports.set(sender, report);
    if (this.#reports.size < this.#ringMembers.length) return false;
    this.#synchronise();
    return true;
  }

  /** Reports of the synchronisation that just ended, by node. */
  get reports(): ReadonlyMap<number, SyncReport> {
    return this.#reports;
  }

  deliverJoin(sender: number, group: string, pid: number): void {
    const member = { nodeid: sender, pid };
    const before = this.members(group);
    if (before.some((other) => isSame(other, member))) return;
    const members = sorted([...before, member]);
    this.#groups.set(group, members);
    if (sender === this.#self) this.#ownJoin(group, pid);
    this.#announce(group, { members, joined: [member], left: [] });
  }

  deliverLeave(sender: number, group: string, pid: number): void {
    const member = { nodeid: sender, pid };
    const before = this.members(group);
    if (!before.some((other) => isSame(other, member))) return;
    const members = before.filter((other) => !isSame(other, member));
    this.#setMembers(group, members);
    this.#announce(group, { members, joined: [], left: [member] });
    if (sender === this.#self) this.#ownLeave(group, pid);
  }

  deliverMessage(sender: number, group: string, pid: number, body: Buffer): void {
    const member = this.members(group).find((other) => other.nodeid === sender && other.pid === pid);
    if (member === undefined) return;
    for (const local of this.#locals) {
      if (local.group === group && local.isMember) this.#sink.deliver(local, member, body);
    }
  }

  #synchronise(): void {
    const reported = new Map<string, Process[]>();
    for (const nodeid of this.#ringMembers) {
      for (const { group, pid } of this.#reports.get(nodeid)!.processes) {
        reported.set(group, [...(reported.get(group) ?? []), { nodeid, pid }]);
      }
    }
    const continuing = this.#continuing;
    this.#continuing = this.#ringMembers;
    const names = [...new Set([...this.#groups.keys(), ...reported.keys()])].sort();
    for (const group of names) this.#changeGroup(group, sorted(reported.get(group) ?? []), continuing);
  }

  #changeGroup(group: string, now: Process[], continuing: readonly number[]): void {
    const before = this.members(group);
    const stays = (member: Process): boolean =>
      continuing.includes(member.nodeid) &&
      before.some((other) => isSame(other, member)) &&
      now.some((other) => isSame(other, member));
    const left = before.filter((member) => !stays(member));
    const joined = now.filter((member) => !stays(member));
    if (left.length > 0) {
      const members = before.filter(stays);
      this.#setMembers(group, members);
      this.#announce(group, { members, joined: [], left });
    }
    this.#setMembers(group, now);
    if (joined.length > 0) this.#announce(group, { members: now, joined, left: [] });
  }

  #setMembers(group: string, members: Process[]): void {
    if (members.length === 0) this.#groups.delete(group);
    else this.#groups.set(group, members);
  }

  #announce(group: string, change: ProcessChange): void {
    for (const local of [...this.#locals]) {
      if (local.group === group && local.isMember) this.#sink.change(local, change);
    }
  }

  #ownJoin(group: string, pid: number): void {
    const local = this.#locals.find((local) => local.group === group && local.pid === pid && !local.isMember);
    if (local === undefined) return;
    local.isMember = true;
    if (local.state === 'joinStarted') local.state = 'joined';
  }

  #ownLeave(group: string, pid: number): void {
    const local = this.#locals.find((local) => local.group === group && local.pid === pid && local.isMember);
    if (local === undefined) return;
    local.isMember = false;
    local.state = 'left';
    this.#locals.splice(this.#locals.indexOf(local), 1);
  }
}

function isSame(a: Process, b: Process): boolean {
  return a.nodeid === b.nodeid && a.pid === b.pid;
}

function sorted(members: Process[]): Process[] {
  return members.sort((a, b) => a.nodeid - b.nodeid || a.pid - b.pid);
}
