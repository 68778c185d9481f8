/**
 * The local resource manager daemon of one node (spec/ha.md §4): it keeps its node's agent lock and watchdog, executes what the
 * manager wants of its node, and reports the results.
 *
 *  L4  Services are touched only in states active and maintenance, in an iteration that has renewed the lock (§16.2).
 *  L5  The watchdog is closed only where nothing runs any more (§16.3).
 */
import { type Actor, createActor } from 'xstate';
import { Daemon } from '../daemon.ts';
import { answerOf, type Next } from '../dialogue.ts';
import { type Inspection, uninspected } from '../inspect.ts';
import { Workers } from '../lrm-worker/workers.ts';
import type { In, Reply } from '../port.ts';
import type { DatacenterSettings, LrmMode, LrmState, LrmStatus, ManagerStatus, Members } from '../state-files.ts';
import { type HaTimes, haTimes } from '../times.ts';
import { ManagerView } from './manager-view.ts';
import { modeMachine } from './mode.ts';
import { type ShutdownRequest, shutdownPlan } from './shutdown.ts';
import { type LrmStateEvent, lrmStateMachine } from './state.ts';

export interface LrmOptions {
  /** Commands that run at once where datacenter.cfg doesn't say; 0: each ends within its ask. */
  readonly maxWorkers: number;
  /**
   * Does as the original even where that hurts on real nodes: an LRM in maintenance that can't read the status ends with services
   * running, one that comes back to `active` while its node shuts down in maintenance lets go of running services, and one that
   * is to end waits for ever for a migration that it will not begin (§4.2).
   */
  readonly hasQuirks?: boolean;
  /** The status file of this node is known to be written (§1.12). */
  readonly isStatusWritten?: boolean;
  readonly inspection?: Inspection;
  readonly times?: HaTimes;
}

type Phase =
  | 'refreshed'
  | 'members-read'
  | 'first-status-written'
  | 'status-read'
  | 'locked'
  | 'protected'
  | 'disarm-workers-run'
  | 'idle-workers-run'
  | 'maintenance-disarm-workers-run'
  | 'maintenance-workers-run'
  | 'lock-given-back'
  | 'let-go'
  | 'waiting-status-written'
  | 'active-status-read'
  | 'active-workers-run'
  | 'leaving-watchdog-closed'
  | 'leaving-lock-released'
  | 'lost-watchdog-closed'
  | 'maintenance-status-read'
  | 'maintenance-workers-left'
  | 'maintenance-watchdog-closed'
  | 'maintenance-lock-released'
  | 'maintenance-managed'
  | 'status-written'
  | 'request-settings-read'
  | 'request-status-written';

export class Lrm extends Daemon<Phase> {
  readonly #machine: Actor<typeof lrmStateMachine>;
  readonly #mode: Actor<typeof modeMachine>;
  readonly #workers: Workers;
  readonly #hasQuirks: boolean;
  #state: LrmState | 'exited' = 'wait_for_agent_lock';
  #stateSince = 0;
  readonly #manager: ManagerView;
  #shutdown: ShutdownRequest | undefined;
  #isStatusWritten: boolean;
  #isWatchdogOpen = false;
  #isRefreshed = true;
  #isQuorate = false;
  /** The daemon ends with this iteration. */
  #isLeaving = false;

  constructor(
    node: string,
    { maxWorkers, hasQuirks = false, isStatusWritten = false, inspection = uninspected, times = haTimes() }: LrmOptions,
  ) {
    super(node, times);
    this.#manager = new ManagerView(node);
    this.#hasQuirks = hasQuirks;
    this.#isStatusWritten = isStatusWritten;
    this.#workers = new Workers(maxWorkers, this.out, inspection, times);
    this.#machine = createActor(lrmStateMachine, inspection('lrm'));
    this.#machine.start();
    this.#mode = createActor(modeMachine, inspection('lrm-mode'));
    this.#mode.start();
  }

  get state(): LrmState | 'exited' {
    return this.#state;
  }

  get mode(): LrmMode {
    return this.#mode.getSnapshot().value;
  }

  /** For whoever looks. */
  get snapshot() {
    return {
      state: this.#state,
      mode: this.mode,
      ...this.#machine.getSnapshot().context,
      isWatchdogOpen: this.#isWatchdogOpen,
      isShutdownRequested: this.#shutdown !== undefined,
      commands: this.#workers.count,
      results: this.#workers.results,
      cursor: this.cursor,
    };
  }

  protected override begin(): void {
    this.log('info', 'status change startup => wait_for_agent_lock');
  }

  protected override takeOther(input: In): void {
    if (input.type === 'STATUS_WRITTEN') this.#isStatusWritten = true;
    else if (input.type === 'WORKER_DONE') this.#workers.ended(input.sid, input.code, input.signal);
    else super.takeOther(input);
  }

  protected override iterate(): void {
    this.ask({ op: 'refresh' }, 'refreshed');
  }

  protected override resume(phase: Phase, reply: Reply): Next {
    switch (phase) {
      case 'refreshed':
        this.#isRefreshed = answerOf(reply) === true;
        return this.tryAsk({ op: 'read', what: ['members'] }, 'members-read');
      case 'members-read':
        this.#noteMembers(reply);
        return this.#isStatusWritten ? this.#readStatus('status-read') : this.#writeStatus('first-status-written');
      case 'first-status-written':
        return this.#firstStatusWritten(reply);
      case 'status-read':
        this.#noteStatus(reply);
        return this.#transit();
      case 'locked':
        return answerOf(reply) === true ? this.#protect() : this.#become('UNLOCKED');
      case 'protected':
        return this.#locked();
      case 'disarm-workers-run':
        if (this.#workers.count > 0) return this.#checkIdle();
        this.log('info', 'HA disarm requested, releasing agent lock and watchdog');
        return this.#letGo({ type: 'DISARM' });
      case 'idle-workers-run':
        return this.#countIdle();
      case 'maintenance-disarm-workers-run':
        if (this.#workers.count > 0) return this.#lock();
        this.log('info', 'HA disarm requested during maintenance, releasing agent lock and watchdog');
        return this.#letGo({ type: 'DISARM' });
      case 'maintenance-workers-run':
        if (this.#workers.count > 0) return this.#lock();
        return this.#leaveMaintenance();
      case 'lock-given-back':
        return this.#closeWatchdog('let-go');
      case 'let-go':
        this.#announce();
        return this.#work();
      case 'waiting-status-written':
        this.#statusWritten(reply);
        return this.endIteration('waiting');
      case 'active-status-read':
        return this.#noteStatus(reply) ? this.#workActive() : this.#endWork();
      case 'active-workers-run':
        return this.#activeWorkersRun(reply);
      case 'leaving-watchdog-closed':
        return this.ask(this.#release, 'leaving-lock-released');
      case 'leaving-lock-released':
        this.#isLeaving = true;
        return this.#endWork();
      case 'lost-watchdog-closed':
        return this.#leave();
      case 'maintenance-status-read':
        if (this.#noteStatus(reply)) return this.#workInMaintenance();
        return this.#hasQuirks ? this.#leave() : this.#endWork();
      case 'maintenance-workers-left':
        return this.#workers.count > 0
          ? this.#manageInMaintenance()
          : this.#closeWatchdog('maintenance-watchdog-closed');
      case 'maintenance-watchdog-closed':
        this.#isLeaving = this.#shutdown !== undefined;
        return this.ask(this.#release, 'maintenance-lock-released');
      case 'maintenance-lock-released':
        return this.#isLeaving ? this.#endWork() : this.#manageInMaintenance();
      case 'maintenance-managed':
        return this.#endWork();
      case 'status-written':
        this.#statusWritten(reply);
        return this.#isLeaving ? this.#leave() : this.endIteration(this.#state === 'active' ? 'working' : 'waiting');
      case 'request-settings-read':
        return this.#requestSettingsRead(reply);
      case 'request-status-written':
        if (!this.#statusWritten(reply)) this.log('err', 'unable to update lrm status file - not quorate?');
        return this.endRequest();
    }
  }

  // Files (§4.1)

  #noteMembers(reply: Reply): void {
    const [members] = (reply.ok ? reply.value : [undefined]) as readonly [Members | undefined];
    this.#isQuorate = members?.quorate ?? false;
  }

  #readStatus(then: Phase): Next {
    this.tryAsk({ op: 'read', what: ['manager_status'] }, then);
  }

  /** False where it could not be read: what was read before stays. */
  #noteStatus(reply: Reply): boolean {
    if (!reply.ok) {
      this.log('err', `updating service status from manager failed: ${reply.error}`);
      return false;
    }
    const [status] = reply.value as readonly [ManagerStatus];
    this.#manager.note(status);
    if (this.#shutdown === undefined) this.#followWish();
    return true;
  }

  #followWish(): void {
    const { wish } = this.#manager;
    if (wish !== (this.mode === 'active' ? 'none' : this.mode)) this.#mode.send({ type: 'STATUS', wish });
  }

  #writeStatus(then: Phase): Next {
    if (!this.#isQuorate) return this.resume(then, { ok: true, value: 'not quorate' });
    const { mode } = this;
    const status: LrmStatus = { state: this.#state, mode, results: this.#workers.results, timestamp: this.at };
    this.tryAsk({ op: 'write', what: 'lrm_status', value: status }, then);
  }

  #statusWritten(reply: Reply): boolean {
    if (!reply.ok) this.log('err', `unable to write lrm status file - ${reply.error}`);
    return reply.ok && reply.value !== 'not quorate';
  }

  #firstStatusWritten(reply: Reply): Next {
    if (this.#statusWritten(reply)) {
      this.#isStatusWritten = true;
      return this.#readStatus('status-read');
    }
    if (this.#shutdown !== undefined) return this.#leave();
    this.endIteration('waiting');
  }

  // Transition (§4.2)

  #transit(): Next {
    switch (this.#state) {
      case 'wait_for_agent_lock':
        if (this.mode === 'disarm') return this.#work();
        if (this.#manager.isFenceRequested || this.#manager.active === 0 || !this.#isQuorate) return this.#work();
        return this.#lock();
      case 'lost_agent_lock':
        if (this.#manager.isFenceRequested || !this.#isQuorate) return this.#work();
        return this.#lock();
      case 'active':
        if (!this.#manager.isFenceRequested) return this.#lock();
        this.log('err', 'node needs to be fenced - releasing agent_lock');
        return this.#become('FENCE_REQUESTED');
      case 'maintenance':
        return this.#transitFromMaintenance();
    }
  }

  #transitFromMaintenance(): Next {
    if (this.#manager.isFenceRequested) {
      this.log('err', 'node needs to be fenced during maintenance mode - releasing agent_lock');
      return this.#become('FENCE_REQUESTED');
    }
    if (this.#manager.active > 0) return this.#lock();
    this.#runWorkers(this.mode === 'disarm' ? 'maintenance-disarm-workers-run' : 'maintenance-workers-run');
  }

  /** Nothing is left on the node. */
  #leaveMaintenance(): Next {
    if (this.mode === 'maintenance') return this.#work();
    this.#isMaintenanceOver = true;
    this.#lock();
  }

  /** In maintenance, the lock that is asked for is that of the way back. */
  #isMaintenanceOver = false;

  #lock(): Next {
    this.ask({ op: 'lock', do: 'acquire', name: `ha_agent_${this.node}_lock` }, 'locked');
  }

  #protect(): Next {
    const isOpen = this.#isWatchdogOpen;
    this.#isWatchdogOpen = true;
    this.ask({ op: 'watchdog', do: isOpen ? 'feed' : 'open' }, 'protected');
  }

  #locked(): Next {
    if (this.#state === 'maintenance') return this.#isMaintenanceOver ? this.#become('LOCKED') : this.#work();
    if (this.#state !== 'active') return this.#become('LOCKED');
    if (this.mode === 'maintenance') return this.#become('MAINTAIN');
    if (this.mode === 'disarm') return this.#runWorkers('disarm-workers-run');
    this.#checkIdle();
  }

  #checkIdle(): Next {
    if (this.#manager.isAnyConfigured) return this.#become('BUSY');
    this.#runWorkers('idle-workers-run');
  }

  #countIdle(): Next {
    if (this.#workers.count > 0) return this.#become('BUSY');
    this.#machine.send({ type: 'IDLE' });
    if (this.#machine.getSnapshot().value === 'active') return this.#work();
    this.log('info', 'node had no service configured for 60 rounds, going idle.');
    this.ask(this.#release, 'lock-given-back');
  }

  /** Leaves the state, and gives back lock and watchdog before it says so. */
  #letGo(event: LrmStateEvent): Next {
    this.#machine.send(event);
    this.ask(this.#release, 'lock-given-back');
  }

  #become(type: LrmStateEvent['type']): Next {
    this.#isMaintenanceOver = false;
    // In its normal mode an LRM learns the same in each iteration: no event for the machine.
    const isAsBefore = type === 'BUSY' && this.#machine.getSnapshot().context.idle_rounds === 0;
    if (!isAsBefore) this.#machine.send({ type });
    this.#announce();
    this.#work();
  }

  #announce(): void {
    const { value } = this.#machine.getSnapshot();
    if (value === this.#state) return;
    if (value !== 'exited') this.log('info', `status change ${this.#state} => ${value}`);
    this.#state = value;
    this.#stateSince = this.at;
  }

  // Work (§4.2)

  get #release() {
    return { op: 'lock', do: 'release', name: `ha_agent_${this.node}_lock` } as const;
  }

  #runWorkers(then: Phase): Next {
    this.#workers.run(this.#manager.services);
    this.delegate(this.#workers, then);
  }

  #work(): Next {
    switch (this.#state) {
      case 'wait_for_agent_lock':
        return this.#shutdown === undefined ? this.#writeStatus('waiting-status-written') : this.#leave();
      case 'active':
        return this.#readStatus('active-status-read');
      case 'lost_agent_lock':
        return this.#workWithoutLock();
      case 'maintenance':
        return this.#readStatus('maintenance-status-read');
    }
  }

  #workActive(): Next {
    if (this.#shutdown === undefined) {
      if (!this.#isRefreshed) {
        this.log('notice', 'temporary inconsistent cluster state (cfs restart?), skip round');
        return this.#endWork();
      }
      this.#workers.queueWanted(this.#manager.services, this.node);
    }
    // It has just come back from `lost_agent_lock`: the next iteration goes on to `maintenance`, which waits for the services.
    if (this.#shutdown !== undefined && this.mode === 'maintenance' && !this.#hasQuirks) return this.#endWork();
    if (this.#shutdown !== undefined && !this.#hasQuirks) {
      this.#workers.refuseMotions(this.#manager.services, this.node);
    }
    this.#workers.run(this.#manager.services);
    this.tryDelegate(this.#workers, 'active-workers-run');
  }

  #activeWorkersRun(reply: Reply): Next {
    if (!reply.ok) {
      this.log('err', `got unexpected error - ${reply.error}`);
      return this.#endWork();
    }
    if (this.#shutdown === undefined || this.#workers.count > 0) return this.#endWork();
    if (this.mode === 'restart' && this.#manager.active > 0) return this.#endWork();
    if (this.mode === 'restart' || this.#workers.shutdownErrors === 0) {
      return this.#closeWatchdog('leaving-watchdog-closed');
    }
    this.#isLeaving = true;
    this.#endWork();
  }

  #workWithoutLock(): Next {
    if (this.#shutdown === undefined) return this.endIteration('waiting');
    const active = this.#manager.active;
    if (active === 0) return this.#closeWatchdog('lost-watchdog-closed');
    this.log('err', `got shutdown request in state 'lost_agent_lock' - detected ${active} running services`);
    if (this.mode === 'restart' && this.at - this.#stateSince > this.times.restart_patience_s) {
      this.log('err', 'lost agent lock and restart request for over 90 seconds - giving up!');
      return this.#leave();
    }
    this.endIteration('waiting');
  }

  #workInMaintenance(): Next {
    if (this.#manager.active > 0) return this.#manageInMaintenance();
    this.#runWorkers('maintenance-workers-left');
  }

  #manageInMaintenance(): Next {
    this.#workers.queueWanted(this.#manager.services, this.node);
    this.#runWorkers('maintenance-managed');
  }

  #endWork(): Next {
    this.#writeStatus('status-written');
  }

  #closeWatchdog(then: Phase): Next {
    if (!this.#isWatchdogOpen) return this.resume(then, { ok: true, value: undefined });
    this.#isWatchdogOpen = false;
    this.ask({ op: 'watchdog', do: 'close' }, then);
  }

  #leave(): void {
    this.#machine.send({ type: 'LEAVE' });
    this.#announce();
    this.exit();
  }

  // Shutdown request (§4.6)

  protected override shutdownRequested(request: ShutdownRequest): Next {
    if (this.#shutdown !== undefined) return this.endRequest();
    this.#shutdown = request;
    this.tryAsk({ op: 'read', what: ['members', 'datacenter'] }, 'request-settings-read');
  }

  #requestSettingsRead(reply: Reply): Next {
    this.#noteMembers(reply);
    // A daemon that is told to end must not fail over its settings: services would be left to the watchdog.
    if (!reply.ok) this.log('err', `could not read datacenter settings: ${reply.error}`);
    const [, datacenter] = (reply.ok ? reply.value : []) as readonly [Members?, DatacenterSettings?];
    const plan = shutdownPlan(this.#shutdown!.marker, datacenter?.ha?.shutdown_policy, this.mode);
    for (const { level, text } of plan.lines) this.log(level, text);
    if (plan.isStopping) {
      for (const sid of this.#manager.own) this.#workers.queue(sid, { state: 'request_stop', params: {} });
    }
    if (plan.mode !== undefined) this.#mode.send({ type: 'END', as: plan.mode });
    this.#writeStatus('request-status-written');
  }
}
