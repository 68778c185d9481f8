/**
 * The member table and the epoch of one dfsm replica: what a configuration change resets and a synchronisation round
 * fills (spec/pmxcfs.md §4.4, §4.5). Data only; the mode decides when each step is taken.
 */
import { Buffer } from 'node:buffer';
import { encodeEpoch } from '../messages/epoch.ts';
import type { DfsmState } from './application.ts';
import { compareMembers, type DfsmMember, isSameMember } from './members.ts';

/** One row of the member table. */
interface Row {
  readonly member: DfsmMember;
  isSynced: boolean;
  state: Buffer | undefined;
  note: number;
}

export class Round {
  private readonly self: DfsmMember;
  private rows: Row[] | undefined;
  /** True while the last change had this process in it. */
  isSelfMember = false;
  /** Configuration changes so far; the counter of own epochs, u32. */
  changes = 0;
  /** Encoded: epochs are compared byte by byte. */
  private adopted: Buffer;

  constructor(self: DfsmMember) {
    this.self = self;
    this.adopted = encodeEpoch({ counter: 0, time_s: 0, nodeid: self.nodeid, pid: self.pid });
  }

  /** True once a configuration has been seen (§4.5, second check). */
  get hasMembers(): boolean {
    return this.rows !== undefined;
  }

  get members(): readonly { readonly member: DfsmMember; readonly isSynced: boolean }[] {
    return this.rows ?? [];
  }

  get epoch(): Buffer {
    return this.adopted;
  }

  /** Lowest nodeid of the member list; undefined before the first configuration and when the list was empty. */
  get lowestNodeid(): number | undefined {
    return this.rows?.[0]?.member.nodeid;
  }

  /** Sum of `votesOf` over the nodes of the member list. */
  votes(votesOf: (nodeid: number) => number): number {
    let sum = 0;
    let counted: number | undefined;
    for (const { member } of this.rows ?? []) {
      if (member.nodeid !== counted) sum += votesOf(member.nodeid);
      counted = member.nodeid;
    }
    return sum;
  }

  /** §4.4 step 1: every change, in every mode, makes a new epoch of our own. */
  newEpoch(now_s: number): void {
    this.changes = (this.changes + 1) >>> 0;
    this.adopted = encodeEpoch({ counter: this.changes, time_s: now_s, nodeid: this.self.nodeid, pid: this.self.pid });
  }

  adoptEpoch(epoch: Buffer): void {
    this.adopted = Buffer.from(epoch);
  }

  /** §4.4 step 7: a new table in which nobody is synced. */
  setMembers(members: readonly DfsmMember[]): void {
    this.rows = [...members]
      .sort(compareMembers)
      .map((member) => ({ member, isSynced: false, state: undefined, note: 0 }));
  }

  isMember(member: DfsmMember): boolean {
    return this.find(member) !== undefined;
  }

  isSynced(member: DfsmMember): boolean {
    return this.find(member)?.isSynced === true;
  }

  /** Stores a member's state. `complete`: every member's state is here now. */
  storeState(sender: DfsmMember, state: Buffer, note: number): 'non-member' | 'duplicate' | 'stored' | 'complete' {
    const row = this.find(sender);
    if (row === undefined) return 'non-member';
    if (row.state !== undefined) return 'duplicate';
    row.state = state;
    row.note = note;
    return this.rows!.every((each) => each.state !== undefined) ? 'complete' : 'stored';
  }

  /** States in member order; to be asked for when complete. */
  states(): readonly DfsmState[] {
    return (this.rows ?? []).flatMap(({ member, state, note }) =>
      state === undefined ? [] : [{ member, state, note }],
    );
  }

  markSynced(members: readonly DfsmMember[]): void {
    for (const member of members) {
      const row = this.find(member);
      if (row !== undefined) row.isSynced = true;
    }
  }

  markAllSynced(): void {
    for (const row of this.rows ?? []) row.isSynced = true;
  }

  dropStates(): void {
    for (const row of this.rows ?? []) row.state = undefined;
  }

  private find(member: DfsmMember): Row | undefined {
    return this.rows?.find((row) => isSameMember(row.member, member));
  }
}
