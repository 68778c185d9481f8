/** One dfsm replica with a scripted application and a recording world, for tests of the dfsm. */
import { Buffer } from 'node:buffer';
import { encodeEpoch } from '../messages/epoch.ts';
import * as header from '../messages/header.ts';
import type { DfsmApplication, DfsmDelivery, DfsmFailure, DfsmIo, DfsmState } from './application.ts';
import { Dfsm } from './engine.ts';
import type { DfsmMember } from './members.ts';

export const ONE: DfsmMember = { nodeid: 1, pid: 101 };
export const TWO: DfsmMember = { nodeid: 2, pid: 102 };
export const THREE: DfsmMember = { nodeid: 3, pid: 103 };

export const NOW_S = 1_700_000_000;

/** Its answers are fields that a test sets; its calls are in `calls`. */
export class ScriptedApplication implements DfsmApplication {
  readonly group = 'test';
  readonly protocolVersion = 1;
  readonly logDomain = 'dcdb';
  readonly calls: string[] = [];
  io!: DfsmIo;
  permission = 0;
  delivery: (payload: string) => DfsmDelivery = () => ({ result: 0 });
  state: Buffer | undefined = Buffer.from('state');
  verdict: (
    states: readonly DfsmState[],
  ) => { readonly synced: readonly DfsmMember[] } | { readonly failure: DfsmFailure } = (states) => ({
    synced: states.map(({ member }) => member),
  });
  updateFailure: DfsmFailure | undefined;
  commitFailure: DfsmFailure | undefined;
  batchFailure: DfsmFailure | undefined;
  syncedFailure: DfsmFailure | undefined;
  checksumValue: Buffer | undefined = Buffer.alloc(32, 7);
  /** Deleted by tests of a group without verification. */
  checksum?: () => Buffer | undefined = () => this.checksumValue;

  attach(io: DfsmIo): void {
    this.io = io;
  }
  permit(): number {
    return this.permission;
  }
  deliver(sender: DfsmMember, subtype: number, time_s: number, payload: Buffer, own: boolean): DfsmDelivery {
    const text = payload.toString();
    this.calls.push(`deliver ${text}${own ? ' own' : ''}`);
    this.last = { sender, subtype, time_s };
    return this.delivery(text);
  }
  last: { sender: DfsmMember; subtype: number; time_s: number } | undefined;
  getState(): Buffer | undefined {
    return this.state;
  }
  processStates(states: readonly DfsmState[]) {
    this.calls.push(`process ${states.map(({ member }) => member.nodeid).join()}`);
    return this.verdict(states);
  }
  processUpdate(payload: Buffer): DfsmFailure | undefined {
    this.calls.push(`update ${payload.toString()}`);
    return this.updateFailure;
  }
  commit(): DfsmFailure | undefined {
    this.calls.push('commit');
    return this.commitFailure;
  }
  cleanup(): void {
    this.calls.push('cleanup');
  }
  configurationChanged(members: readonly DfsmMember[]): void {
    this.calls.push(`configuration ${members.map(({ nodeid }) => nodeid).join()}`);
  }
  synced(): DfsmFailure | undefined {
    this.calls.push('synced');
    return this.syncedFailure;
  }
  missed(sender: DfsmMember, subtype: number): void {
    this.calls.push(`missed ${sender.nodeid} ${subtype}`);
  }
  batchEnd(): DfsmFailure | undefined {
    return this.batchFailure;
  }
}

export class TestReplica {
  readonly self: DfsmMember;
  readonly application = new ScriptedApplication();
  readonly dfsm: Dfsm;
  /** `<level> <message>` */
  readonly logs: string[] = [];
  readonly sent: Buffer[] = [];
  readonly effects: string[] = [];
  readonly results: number[] = [];
  /** While true every multicast fails. */
  isSendingBroken = false;
  /** Epoch of the running round. */
  epoch: Buffer = Buffer.alloc(16);

  constructor(self: DfsmMember = TWO, options: { readonly holdWhileUnsynced?: boolean } = {}) {
    this.self = self;
    this.dfsm = new Dfsm({
      self,
      application: this.application,
      holdWhileUnsynced: options.holdWhileUnsynced ?? false,
      port: {
        mcast: (message, onFailure) => {
          if (this.isSendingBroken) onFailure();
          else this.sent.push(message()!);
        },
        leaveGroup: () => this.effects.push('leave'),
        left: () => this.effects.push('left'),
        log: (_, level, message) => this.logs.push(`${level} ${message}`),
        now_s: () => NOW_S,
      },
    });
    this.dfsm.open();
  }

  get mode(): string {
    return this.dfsm.mode;
  }

  change(members: readonly DfsmMember[], hasJoined = true): void {
    this.dfsm.configurationChanged({ members, hasJoined });
    this.dfsm.batchEnd();
  }

  receive(sender: DfsmMember, message: Buffer): void {
    this.dfsm.receive(sender, message);
    this.dfsm.batchEnd();
  }

  normal(sender: DfsmMember, payload: string, count = 1, subtype = 1): void {
    const base = { subtype, protocolVersion: 1, time_s: NOW_S };
    this.receive(sender, header.encodeNormal(base, count, Buffer.from(payload)));
  }

  stateMessage(sender: DfsmMember, type: number, payload: Buffer | string = '', epoch = this.epoch): void {
    const base = { type, protocolVersion: 1, time_s: NOW_S };
    this.receive(sender, header.encodeState(base, epoch, Buffer.from(payload)));
  }

  /** SYNC_START of a new round, from the lowest of the members. */
  syncStart(sender: DfsmMember = ONE, counter = 9): void {
    this.epoch = encodeEpoch({ counter, time_s: NOW_S, ...sender });
    this.stateMessage(sender, header.SYNC_START);
  }

  request(payload: string, subtype = 1): void {
    this.dfsm.submit(subtype, Buffer.from(payload), (result) => this.results.push(result));
  }

  /** Lines, calls, effects and messages since the last call are forgotten. */
  forget(): void {
    this.logs.length = 0;
    this.sent.length = 0;
    this.effects.length = 0;
    this.application.calls.length = 0;
  }

  /** Types of the messages sent. */
  get sentTypes(): readonly number[] {
    return this.sent.map((message) => message.readUInt16LE(0));
  }

  // --- ways into each mode -------------------------------------------------------------------------------------------

  static started(self: DfsmMember = TWO): TestReplica {
    return new TestReplica(self);
  }

  /** In a round with node 1 (lowest) and 3, SYNC_START accepted. */
  static inRound(self: DfsmMember = TWO, options: { readonly holdWhileUnsynced?: boolean } = {}): TestReplica {
    const replica = new TestReplica(self, options);
    replica.change([ONE, TWO, THREE]);
    replica.syncStart();
    return replica;
  }

  /** Synced with nodes 1 and 3; node 1 leads. */
  static synced(self: DfsmMember = TWO, options: { readonly holdWhileUnsynced?: boolean } = {}): TestReplica {
    const replica = TestReplica.inRound(self, options);
    replica.states();
    replica.stateMessage(ONE, header.UPDATE_COMPLETE);
    replica.forget();
    return replica;
  }

  /** Behind node 1, which is synced; nodes 2 and 3 are not. */
  static updating(): TestReplica {
    const replica = TestReplica.inRound();
    replica.application.verdict = () => ({ synced: [ONE] });
    replica.states();
    replica.forget();
    return replica;
  }

  /** Everybody's STATE. */
  states(): void {
    for (const member of [ONE, TWO, THREE]) this.stateMessage(member, header.STATE, 'state');
  }
}
