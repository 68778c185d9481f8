/**
 * A running replica: one dfsm with its application, connected to a closed process group (spec/pmxcfs.md §4.7-§4.9, §9.1).
 *
 * Hosts the dfsm machine with its core (`machines/pmxcfs/dfsm/engine.ts`) and the supervisor that connects it, and gives
 * them their effects: the process group, the clock, the log. Used twice per node, for dcdb and for status.
 */
import { createActor } from 'xstate';
import type { DfsmApplication } from '../../machines/pmxcfs/dfsm/application.ts';
import { Dfsm, type DfsmState, type DfsmTransition } from '../../machines/pmxcfs/dfsm/engine.ts';
import { FIRST_TICK_MS, supervisorMachine, TICK_MS } from '../../machines/pmxcfs/dfsm/supervisor.ts';
import type { Clock, TimerHandle } from '../../runtime/clock/clock.ts';
import { wallSeconds } from '../../runtime/clock/clock.ts';
import type { Log } from '../../runtime/log/log.ts';
import type {
  GroupHandle,
  GroupListener,
  GroupMember,
  ProcessGroup,
} from '../../runtime/process-group/process-group.ts';
import { type Inspector, inspectedBy } from '../../runtime/trace/machine-steps.ts';
import { ReplicaSender } from './replica-sender.ts';

/** Verify period of an application with a checksum (§4.8). */
const VERIFY_PERIOD_S = 3600;
/** The store is probed this often after it refused a commit (§13.2.9). */
const PROBE_EVERY_S = 5;

export interface ReplicaOptions {
  readonly group: ProcessGroup;
  /** Process id; with the node id it names this incarnation in the group. */
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly application: DfsmApplication;
  /** Requests wait while the node is not synced: `true` for dcdb in mode solo (§13.1.7, Q11), else `false`. */
  readonly holdWhileUnsynced: boolean;
  /** Asked every 5 s after the store refused a commit: true when the store works again and the data was reloaded from it. */
  readonly recover?: () => boolean;
  /** After every event that the dfsm machine has taken; messages in mode synced are none. */
  readonly onTransition?: (transition: DfsmTransition) => void;
  /** Sees the actors of the machines that it hosts. */
  readonly inspect?: ((machine: 'dfsm' | 'supervisor') => Inspector | undefined) | undefined;
}

export interface ReplicaState extends DfsmState {
  /** idle, starting, running or stopped (§9.1). */
  readonly service: string;
  /** Messages that wait for the group to take them. */
  readonly sendBacklog: number;
  /** Completed synchronisation rounds of this process. */
  readonly rounds: number;
  /** Duration of the last completed round. */
  readonly lastRound_ms: number | undefined;
}

/** One joined group; callbacks of an older one are not heard. */
interface Connection {
  readonly handle: GroupHandle;
  isLeaving: boolean;
}

export class Replica {
  private readonly options: ReplicaOptions;
  private readonly dfsm: Dfsm;
  private readonly sender: ReplicaSender;
  private readonly supervisor;
  private connection: Connection | undefined;
  private tickTimer: TimerHandle | undefined;
  private lastProbe_s = Number.NEGATIVE_INFINITY;
  private roundStarted_ms: number | undefined;
  private rounds = 0;
  private lastRound_ms: number | undefined;
  private crash: unknown;

  constructor(options: ReplicaOptions) {
    const { application, clock, log, group, pid } = options;
    const { logDomain } = application;
    this.options = options;
    this.sender = new ReplicaSender({
      clock,
      log,
      logDomain,
      mcast: (message) => this.connection?.handle.mcast(message) ?? 'not-joined',
      afterRetry: () => this.dfsm.settleOutsideBatch(),
    });
    this.dfsm = new Dfsm(
      {
        self: { nodeid: group.nodeid, pid },
        application,
        holdWhileUnsynced: options.holdWhileUnsynced,
        port: {
          mcast: (message, onFailure) => this.sender.send(message, onFailure),
          leaveGroup: () => this.leaveGroup(),
          left: () => this.disconnect(),
          log: (domain, level, message) => log.write(domain, level, message),
          now_s: () => wallSeconds(clock),
        },
      },
      { onTransition: (transition) => this.noteTransition(transition), inspect: options.inspect?.('dfsm') },
    );
    const period_s = application.checksum === undefined ? undefined : VERIFY_PERIOD_S;
    this.supervisor = createActor(
      supervisorMachine.provide({
        actions: {
          connect: () => this.connect(),
          disconnect: () => this.disconnect(),
          logCannotInitialize: () => log.write(logDomain, 'crit', "can't initialize service"),
          runPeriodic: () => this.dfsm.verifyTimer(),
        },
      }),
      { input: { period_s }, ...inspectedBy(options.inspect?.('supervisor')) },
    );
    // Without an observer xstate would throw an error of an action from a real timer.
    this.supervisor.subscribe({
      error: (error) => {
        this.crash = error;
      },
    });
  }

  /** Begins the service: the first start attempt follows 10 ms later (§4.9). */
  start(): void {
    this.supervisor.start();
    this.armTick(FIRST_TICK_MS);
  }

  /** Leaves the group and ends for good. Whoever waits gets -EBUSY: the outcome of what was sent is unknown. */
  stop(): void {
    if (this.tickTimer !== undefined) this.options.clock.clearTimeout(this.tickTimer);
    this.tickTimer = undefined;
    this.signal({ type: 'STOP' });
  }

  /**
   * Sends a NORMAL message and waits for its delivery here (§4.7, §9.6). `done` gets, once, the application's result, or
   * -EBUSY when it was not sent or its outcome is unknown, or what the application does not permit (dcdb: -EACCES without
   * quorum); perhaps before this returns. Takes ownership of `payload`. Not to be called from inside the application.
   */
  request(subtype: number, payload: Buffer, done: (result: number) => void): void {
    this.dfsm.submit(subtype, payload, done);
  }

  /** Sends a NORMAL message without waiting. */
  post(subtype: number, payload: Buffer): void {
    this.dfsm.submit(subtype, payload);
  }

  /** Sum of `votesOf` over the nodes whose replicas are in the group. */
  memberVotes(votesOf: (nodeid: number) => number): number {
    return this.dfsm.memberVotes(votesOf);
  }

  /** True while a request goes out at once: in sync, connected, with nothing waiting before it. */
  get isPrompt(): boolean {
    return this.dfsm.mode === 'synced' && this.connection !== undefined && this.sender.backlog === 0;
  }

  get mode(): DfsmState['mode'] {
    return this.dfsm.mode;
  }

  /** Own messages sent so far. */
  get sentMessages(): number {
    return this.dfsm.sentMessages;
  }

  state(): ReplicaState {
    return {
      ...this.dfsm.state(),
      service: this.supervisor.getSnapshot().value,
      sendBacklog: this.sender.backlog,
      rounds: this.rounds,
      lastRound_ms: this.lastRound_ms,
    };
  }

  private armTick(delay_ms: number): void {
    this.tickTimer = this.options.clock.setTimeout(() => this.tick(), delay_ms);
  }

  private tick(): void {
    this.armTick(TICK_MS);
    const now_s = this.options.clock.monotonic_ms() / 1000;
    this.probeStore(now_s);
    this.signal({ type: 'TICK', now_s, isRestartable: this.dfsm.isRestartable });
  }

  /** Only once the group was left: the change without us must find the machine in ERROR. */
  private probeStore(now_s: number): void {
    if (this.connection !== undefined || !this.dfsm.isRecoverable) return;
    if (now_s - this.lastProbe_s < PROBE_EVERY_S) return;
    this.lastProbe_s = now_s;
    if (this.options.recover?.() === true) this.dfsm.recovered();
  }

  private connect(): void {
    this.dfsm.open();
    const { group, pid, application } = this.options;
    const isCurrent = (): boolean => this.connection === connection;
    const listener: GroupListener = {
      deliver: (sender: GroupMember, message: Buffer) => {
        if (isCurrent()) this.dfsm.receive(sender, message);
      },
      configurationChange: ({ members, joined }) => {
        if (!isCurrent()) return;
        this.signal({ type: 'JOINED' });
        this.dfsm.configurationChanged({ members, hasJoined: joined.length > 0 });
        // Nothing may follow the change without us, not even the end of the batch.
        if (!isCurrent()) this.dfsm.batchEnd();
      },
      // Also after the batch has ended the connection: its results are still to be given out.
      batchEnd: () => {
        this.dfsm.batchEnd();
        if (isCurrent()) this.sender.pump();
      },
      lost: () => {
        if (isCurrent()) this.engineLost(connection);
      },
    };
    const connection: Connection = { handle: group.join(application.group, pid, listener), isLeaving: false };
    this.connection = connection;
  }

  private engineLost({ isLeaving }: Connection): void {
    const { log, application } = this.options;
    log.write(application.logDomain, 'crit', 'cpg_dispatch failed: CS_ERR_LIBRARY');
    if (isLeaving) log.write(application.logDomain, 'crit', 'cpg_leave failed: CS_ERR_LIBRARY');
    this.connection = undefined;
    this.sender.clear();
    this.dfsm.connectionLost();
    this.signal({ type: 'LOST' });
  }

  /** The machine is out; the change without us follows. */
  private leaveGroup(): void {
    this.sender.clear();
    if (this.connection === undefined) return;
    this.connection.isLeaving = true;
    this.connection.handle.leave();
  }

  /** Ends the connection now: we are no member any more, or the service stops. */
  private disconnect(): void {
    const { connection } = this;
    this.connection = undefined;
    this.sender.clear();
    if (connection !== undefined && !connection.isLeaving) connection.handle.leave();
    this.dfsm.connectionLost();
    this.signal({ type: 'LEFT' });
  }

  private noteTransition(transition: DfsmTransition): void {
    const { before, after } = transition;
    if (after !== before) this.noteMode(after);
    this.options.onTransition?.(transition);
  }

  private noteMode(mode: DfsmState['mode']): void {
    const now_ms = this.options.clock.monotonic_ms();
    if (mode === 'startSync') this.roundStarted_ms = now_ms;
    else if (mode === 'synced' && this.roundStarted_ms !== undefined) {
      this.rounds += 1;
      this.lastRound_ms = now_ms - this.roundStarted_ms;
    }
    if (mode !== 'startSync' && mode !== 'update') this.roundStarted_ms = undefined;
  }

  private signal(event: Parameters<typeof this.supervisor.send>[0]): void {
    this.supervisor.send(event);
    if (this.crash !== undefined) throw this.crash;
  }
}
