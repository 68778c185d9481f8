/**
 * One running dfsm replica: the machine of `machine.ts` bound to the core of `core.ts` (spec/pmxcfs.md §4, §9.3).
 *
 * The host calls it with what happens in the group, one call at a time, and closes each batch with `batchEnd`; the
 * replica asks the host for effects through `DfsmPort`. It has no timers and no clock of its own.
 */
import { createActor, type InspectionEvent } from 'xstate';
import { DfsmCore, type DfsmOptions, takesPart } from './core.ts';
import { type ConfigurationChange, type DfsmEvent, type DfsmMode, dfsmMachine } from './machine.ts';
import type { DfsmMember } from './members.ts';
import { isSameMember } from './members.ts';
import * as round from './round-steps.ts';
import * as verify from './verify-steps.ts';
import type { Done } from './waiters.ts';

export interface DfsmState {
  readonly mode: DfsmMode;
  readonly members: readonly { readonly member: DfsmMember; readonly isSynced: boolean }[];
  readonly lowestNodeid: number | undefined;
  /** Encoded, 16 bytes. */
  readonly epoch: Buffer;
  readonly queuedMessages: number;
  readonly queuedSyncMessages: number;
  readonly heldRequests: number;
  readonly waiters: number;
  readonly sentMessages: number;
}

/** One event that the machine has taken. */
export interface DfsmTransition {
  readonly event: DfsmEvent;
  readonly before: DfsmMode;
  readonly after: DfsmMode;
}

export interface DfsmHooks {
  /** After every event of the machine; messages delivered in mode synced are none. */
  readonly onTransition?: (transition: DfsmTransition) => void;
  /** Sees the machine's actor as xstate tells of it. */
  readonly inspect?: ((inspection: InspectionEvent) => void) | undefined;
}

export class Dfsm {
  private readonly core: DfsmCore;
  private readonly actor;
  private isInBatch = false;
  private crash: unknown;

  constructor(options: DfsmOptions, hooks: DfsmHooks = {}) {
    const core = new DfsmCore(options, (event) => this.take(event));
    this.core = core;
    let before: DfsmMode = 'start';
    this.actor = createActor(provided(core), {
      inspect: (inspection) => {
        hooks.inspect?.(inspection);
        if (inspection.type !== '@xstate.snapshot' || inspection.actorRef !== this.actor) return;
        hooks.onTransition?.({ event: inspection.event as DfsmEvent, before, after: core.mode });
        before = core.mode;
      },
    });
    // Without an observer xstate would throw an error of an action from a real timer.
    this.actor.subscribe({
      error: (error) => {
        this.crash = error;
      },
    });
    this.actor.start();
  }

  get mode(): DfsmMode {
    return this.core.mode;
  }

  /** Own messages sent so far. */
  get sentMessages(): number {
    return this.core.sentMessages;
  }

  /** True when the supervisor may start it again: neither ERROR nor VERSION_ERROR (§4.2). */
  get isRestartable(): boolean {
    return takesPart(this.mode) || this.mode === 'leaving';
  }

  /** True in ERROR after the store refused a commit: `recovered` may follow (§13.2.9). */
  get isRecoverable(): boolean {
    return this.mode === 'error' && this.actor.getSnapshot().context.isRecoverable;
  }

  /** A start attempt: the group is being joined (§4.9). Ends all waiters of the connection before. */
  open(): void {
    this.signal({ type: 'OPEN' });
    this.settleOutsideBatch();
  }

  receive(sender: DfsmMember, message: Buffer): void {
    this.isInBatch = true;
    this.core.receive(sender, message);
  }

  configurationChanged(change: ConfigurationChange): void {
    this.isInBatch = true;
    const isMember = change.members.some((member) => isSameMember(member, this.core.self));
    this.signal({ type: 'CONFIGURATION', change, isMember });
  }

  /** End of a batch: the application makes it durable, then the local waiters get their results. */
  batchEnd(): void {
    this.isInBatch = false;
    const failure = this.core.application.batchEnd?.();
    if (failure !== undefined) {
      this.core.waiters.failSettled();
      this.core.failApplication(failure);
    }
    this.core.waiters.flush();
  }

  /**
   * The connection is over, because the engine died or this process has left: nothing comes any more. Waiters end with
   * -EBUSY now; the original lets them wait until its next start attempt.
   */
  connectionLost(): void {
    this.core.isConnected = false;
    this.signal({ type: 'CONNECTION_LOST' });
    this.settleOutsideBatch();
  }

  verifyTimer(): void {
    this.signal({ type: 'VERIFY_TIMER' });
  }

  /** The store works again and the application was reloaded from it (§13.2.9). */
  recovered(): void {
    this.signal({ type: 'RECOVERED' });
  }

  /**
   * Sends a NORMAL message; `done` gets its result once: 0, a byte count or a negative errno (§4.7, §9.6), perhaps before this
   * call returns. Never call it with `done` from inside a delivery.
   */
  submit(subtype: number, payload: Buffer, done?: Done): void {
    this.core.submit(subtype, payload, done);
    this.settleOutsideBatch();
  }

  /** To be called by the host after a failure callback of `DfsmPort.mcast` outside of a batch. */
  settleOutsideBatch(): void {
    if (!this.isInBatch) this.core.waiters.flush();
  }

  /** Sum of `votesOf` over the nodes of the last configuration. */
  memberVotes(votesOf: (nodeid: number) => number): number {
    return this.core.round.votes(votesOf);
  }

  state(): DfsmState {
    const { core } = this;
    return {
      mode: core.mode,
      members: core.round.members.map(({ member, isSynced }) => ({ member, isSynced })),
      lowestNodeid: core.round.lowestNodeid,
      epoch: core.round.epoch,
      queuedMessages: core.messageQueue.length,
      queuedSyncMessages: core.syncQueue.length,
      heldRequests: core.heldRequests,
      waiters: core.waiters.pending,
      sentMessages: core.sentMessages,
    };
  }

  /**
   * An event of the core. A round sends one UPDATE per changed file to all members: where the machine would only pass it on or
   * ignore it, it goes past the machine.
   */
  private take(event: DfsmEvent): void {
    if (event.type !== 'UPDATE' || !(this.mode === 'update' || this.mode === 'synced')) this.signal(event);
    else if (this.mode === 'update') round.applyUpdate(this.core, event.message);
  }

  /** An event of the machine. From inside one of its actions it is queued, and taken before the outer call returns. */
  private signal(event: DfsmEvent): void {
    this.actor.send(event);
    if (this.crash !== undefined) throw this.crash;
  }
}

/** The machine with the core's steps as its actions. */
function provided(core: DfsmCore) {
  return dfsmMachine.provide({
    actions: {
      enterMode: (_, { mode }) => enterMode(core, mode),
      resetConnection: () => core.reset(),
      abortWaiters: () => core.abortWaiters(),
      refuseHeld: () => core.refuseHeld(),
      releaseHeld: () => core.releaseHeld(),
      leaveGroup: () => (core.round.isSelfMember ? core.port.leaveGroup() : core.port.left()),
      beginChange: (_, change) => round.beginChange(core, change),
      noteChange: (_, change) => round.noteChange(core, change),
      logLeft: () => round.logLeft(core),
      markSelfSynced: () => core.round.markSynced([core.self]),
      markAllSynced: () => core.round.markAllSynced(),
      resendQueue: (_, change) => round.resendQueue(core, change),
      requestStates: () => round.requestStates(core),
      tellConfiguration: () => round.tellConfiguration(core),
      acceptSyncStart: (_, { message }) => round.acceptSyncStart(core, message),
      storeState: (_, { message }) => round.storeState(core, message),
      storeReplay: (_, { message }) => round.storeReplay(core, message),
      moveQueued: () => core.deliverMessageQueue(),
      applyUpdate: (_, { message }) => round.applyUpdate(core, message),
      commitUpdates: () => round.commitUpdates(core),
      announceSynced: () => round.announceSynced(core),
      drainQueues: () => {
        if (core.drainQueues()) core.signal({ type: 'DRAINED' });
      },
      releaseRound: () => round.releaseRound(core),
      refuseUnknown: (_, { message }) => round.refuseUnknown(core, message),
      refuseUnstarted: () => round.refuseUnstarted(core),
      sendVerifyRequest: () => verify.sendVerifyRequest(core),
      answerVerifyRequest: (_, { message }) => verify.answerVerifyRequest(core, message),
      judgeVerify: (_, { message }) => verify.judgeVerify(core, message),
    },
  });
}

/** Lines of §4.2, spelled as in the original. */
const ENTRY_LINES: Readonly<Record<DfsmMode, readonly ['notice' | 'crit', string]>> = {
  start: ['notice', 'start cluster connection'],
  startSync: ['notice', 'starting data syncronisation'],
  synced: ['notice', 'all data is up to date'],
  update: ['notice', 'waiting for updates from leader'],
  leaving: ['crit', 'leaving CPG group'],
  versionError: ['crit', 'detected newer protocol - please update this node'],
  error: ['crit', 'serious internal error - stop cluster connection'],
};

function enterMode(core: DfsmCore, mode: DfsmMode): void {
  if (core.mode === mode) return;
  core.mode = mode;
  const [level, text] = ENTRY_LINES[mode];
  core.log(level, text);
}
