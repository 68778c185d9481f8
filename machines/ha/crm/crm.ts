/**
 * The cluster resource manager daemon of one node (spec/ha.md §2): an iteration asks for what the row of its role needs, in the
 * order of §2.2 (lock attempts are visible), tells the role machine, and works in the role that it then has.
 */
import { type Actor, createActor } from 'xstate';
import { Daemon } from '../daemon.ts';
import { answerOf, type Next } from '../dialogue.ts';
import { type Inspection, uninspected } from '../inspect.ts';
import { Manager } from '../manager/manager.ts';
import type { Reply } from '../port.ts';
import { isFenceRequested } from '../service-count.ts';
import type { ManagerStatus, Members, ServiceConfigs } from '../state-files.ts';
import { type HaTimes, haTimes } from '../times.ts';
import { type RoleEvent, roleMachine } from './role.ts';

export type CrmState = 'wait_for_quorum' | 'slave' | 'master' | 'lost_manager_lock' | 'exited';

type Phase =
  | 'refreshed'
  | 'status-read'
  | 'services-read'
  | 'locked'
  | 'disarm-read'
  | 'protected'
  | 'idle-status-read'
  | 'idle-services-read'
  | 'lock-given-back'
  | 'went-idle'
  | 'manager-built'
  | 'lost-lock-cleared'
  | 'watchdog-closed'
  | 'released'
  | 'managed'
  | 'disarmed';

const MANAGER_LOCK = 'ha_manager_lock';

export interface CrmOptions {
  readonly inspection?: Inspection;
  readonly times?: HaTimes;
  /**
   * Does as the original even where that hurts on real nodes: a master that is to end leaves at once (§2.2). When all nodes end
   * together, services that its last round would have frozen are then left to the watchdogs.
   */
  readonly hasQuirks?: boolean;
}

export class Crm extends Daemon<Phase> {
  readonly #inspection: Inspection;
  readonly #role: Actor<typeof roleMachine>;
  #state: CrmState = 'wait_for_quorum';
  #manager: Manager | undefined;
  #isWatchdogOpen = false;
  /** The stack is disarmed: a master does without watchdog. */
  #isDisarmed = false;
  /** What a master does before it leaves is done. */
  #isLastRoundOver: boolean;
  /** The cluster file system refreshed its state in this iteration. */
  #isRefreshed = true;

  constructor(node: string, { hasQuirks = false, inspection = uninspected, times = haTimes() }: CrmOptions = {}) {
    super(node, times);
    this.#isLastRoundOver = hasQuirks;
    this.#inspection = inspection;
    this.#role = createActor(roleMachine, inspection('crm'));
    this.#role.start();
  }

  get state(): CrmState {
    return this.#state;
  }

  /** For whoever looks. */
  get snapshot() {
    return {
      state: this.#state,
      ...this.#role.getSnapshot().context,
      isWatchdogOpen: this.#isWatchdogOpen,
      isDisarmed: this.#isDisarmed,
      cursor: this.cursor,
      manager: this.#manager?.status,
    };
  }

  protected override begin(): void {
    this.log('info', 'status change startup => wait_for_quorum');
  }

  protected override shutdownRequested(): void {
    if (!this.#isShutdownRequested) {
      this.log('info', 'server received shutdown request');
      this.#role.send({ type: 'SHUTDOWN_REQUEST' });
    }
    this.endRequest();
  }

  protected override iterate(): void {
    this.ask({ op: 'refresh' }, 'refreshed');
  }

  protected override resume(phase: Phase, reply: Reply): Next {
    switch (phase) {
      case 'refreshed':
        this.#isRefreshed = answerOf(reply) === true;
        if (this.#state === 'master') return this.#lock();
        return this.tryAsk({ op: 'read', what: ['members', 'manager_status'] }, 'status-read');
      case 'status-read':
        return this.#statusRead(reply);
      case 'services-read':
        return this.#servicesRead(reply);
      case 'locked':
        return answerOf(reply) === true ? this.#protect() : this.#become('UNLOCKED');
      case 'disarm-read':
        return this.#disarmRead(reply);
      case 'protected':
        return this.#locked();
      case 'idle-status-read':
        return this.#idleStatusRead(reply);
      case 'idle-services-read':
        return this.#idleServicesRead(reply);
      case 'lock-given-back':
        return this.#closeWatchdog('went-idle');
      case 'went-idle':
        this.#announce('master');
        return this.#work();
      case 'manager-built':
        return this.#work();
      case 'lost-lock-cleared':
        if (this.#isShutdownRequested) return this.#leave();
        this.#send({ type: 'CLEARED' });
        return this.endIteration('waiting');
      case 'watchdog-closed':
        this.log('info', 'voluntary release CRM lock');
        return this.ask({ op: 'lock', do: 'release', name: MANAGER_LOCK }, 'released');
      case 'released':
        if (answerOf(reply) !== true) this.log('notice', 'CRM lock release failed, let the lock timeout');
        return this.#leave();
      case 'managed':
        return this.#managed(reply);
      case 'disarmed':
        this.#isDisarmed = true;
        return this.endIteration('working');
    }
  }

  get #isShutdownRequested(): boolean {
    return this.#role.getSnapshot().context.isShutdownRequested;
  }

  // can_get_active (§2.1)

  #statusRead(reply: Reply): Next {
    const status = this.#healthyStatus(reply);
    if (status === undefined) return this.#become('INACTIVE');
    if (this.#state === 'lost_manager_lock') return this.#lock();
    this.#status = status;
    this.tryAsk({ op: 'read', what: ['resources', 'crmPending'] }, 'services-read');
  }

  /** The status that was read last in this iteration. */
  #status: ManagerStatus = {};

  #healthyStatus(reply: Reply): ManagerStatus | undefined {
    if (!reply.ok) {
      this.log('err', `could not read manager status: ${reply.error}`);
      return undefined;
    }
    const [members, status] = reply.value as readonly [Members, ManagerStatus];
    if (!members.quorate || !this.#isRefreshed) return undefined;
    return isFenceRequested(status.service_status ?? {}, this.node) ? undefined : status;
  }

  #servicesRead(reply: Reply): Next {
    if (!reply.ok) {
      this.log('err', `could not read service config: ${reply.error}`);
      return this.#become('INACTIVE');
    }
    const [configs, isCommandPending] = reply.value as readonly [ServiceConfigs, boolean];
    const mayBeActive = hasAny(configs) || this.#isNeededWithoutServices(isCommandPending);
    return mayBeActive ? this.#lock() : this.#become('INACTIVE');
  }

  #isNeededWithoutServices(isCommandPending: boolean): boolean {
    const { disarm, master_node, node_request, node_status = {}, service_status = {} } = this.#status;
    const isOtherMaster = master_node !== undefined && master_node !== '' && master_node !== this.node;
    if (isOtherMaster && node_status[master_node] === 'online') return false;
    const isMaintenanceOver = Object.entries(node_status).some(
      ([node, state]) => state === 'maintenance' && !node_request?.[node]?.maintenance,
    );
    return isMaintenanceOver || isCommandPending || hasAny(service_status) || disarm !== undefined;
  }

  // Protected manager lock (§2.1)

  #lock(): void {
    this.ask({ op: 'lock', do: 'acquire', name: MANAGER_LOCK }, 'locked');
  }

  #protect(): Next {
    if (this.#isWatchdogOpen) return this.ask({ op: 'watchdog', do: 'feed' }, 'protected');
    if (this.#isDisarmed) return this.#locked();
    this.tryAsk({ op: 'read', what: ['manager_status'] }, 'disarm-read');
  }

  #disarmRead(reply: Reply): Next {
    const [status] = (reply.ok ? reply.value : [undefined]) as readonly [ManagerStatus | undefined];
    if (status?.disarm?.state === 'disarmed') {
      this.log('info', 'taking over as disarmed master, skipping watchdog');
      this.#isDisarmed = true;
      return this.#locked();
    }
    this.#isWatchdogOpen = true;
    this.ask({ op: 'watchdog', do: 'open' }, 'protected');
  }

  #locked(): Next {
    if (this.#state !== 'master') return this.#become('LOCKED');
    this.tryAsk({ op: 'read', what: ['members', 'manager_status'] }, 'idle-status-read');
  }

  // allowed_to_get_idle (§2.1)

  #idleStatusRead(reply: Reply): Next {
    const status = this.#healthyStatus(reply);
    if (status === undefined || status.disarm !== undefined) return this.#become('BUSY');
    this.#status = status;
    this.tryAsk({ op: 'read', what: ['resources'] }, 'idle-services-read');
  }

  #idleServicesRead(reply: Reply): Next {
    if (!reply.ok) {
      this.log('err', `could not read service config: ${reply.error}`);
      return this.#become('BUSY');
    }
    const [configs] = reply.value as readonly [ServiceConfigs];
    const isIdle = !hasAny(configs) && !hasAny(this.#status.service_status ?? {});
    if (!isIdle) return this.#become('BUSY');
    this.#role.send({ type: 'IDLE' });
    if (this.#role.getSnapshot().value === 'master') return this.#work();
    this.log('info', 'cluster had no service configured for 90 rounds, going idle.');
    this.ask({ op: 'lock', do: 'release', name: MANAGER_LOCK }, 'lock-given-back');
  }

  // Roles and their work (§2.2)

  #become(type: RoleEvent['type']): Next {
    if (!this.#isAsBefore(type)) this.#send({ type });
    if (this.#state === 'master' && this.#manager === undefined) {
      this.#manager = new Manager(this.node, this.at, this.out, { inspection: this.#inspection, times: this.times });
      return this.delegate(this.#manager, 'manager-built');
    }
    this.#work();
  }

  /** In its normal mode a role learns the same in each iteration: no event for the machine. */
  #isAsBefore(type: RoleEvent['type']): boolean {
    if (this.#state === 'master') return type === 'BUSY' && this.#role.getSnapshot().context.idle_rounds === 0;
    return type === (this.#state === 'slave' ? 'UNLOCKED' : 'INACTIVE');
  }

  #send(event: RoleEvent): void {
    const before = this.#state;
    this.#role.send(event);
    if (this.#role.getSnapshot().value !== before) this.#announce(before);
  }

  #announce(before: CrmState): void {
    this.#state = this.#role.getSnapshot().value;
    if (this.#state !== 'exited') this.log('info', `status change ${before} => ${this.#state}`);
    if (this.#state !== 'master') this.#manager = undefined;
  }

  #work(): Next {
    switch (this.#state) {
      case 'wait_for_quorum':
      case 'slave':
        return this.#isShutdownRequested ? this.#leave() : this.endIteration('waiting');
      case 'lost_manager_lock':
        return this.#closeWatchdog('lost-lock-cleared');
      case 'master':
        if (this.#isShutdownRequested && (this.#isLastRoundOver || !this.#isRefreshed)) {
          return this.#closeWatchdog('watchdog-closed');
        }
        if (!this.#isRefreshed) {
          this.log('notice', 'temporary inconsistent cluster state (cfs restart?), skip round');
          return this.endIteration('working');
        }
        this.#manager!.manage(this.at);
        return this.tryDelegate(this.#manager!, 'managed');
    }
  }

  #managed(reply: Reply): Next {
    if (!reply.ok) this.log('err', `got unexpected error - ${reply.error}`);
    if (this.#isShutdownRequested) {
      this.#isLastRoundOver = true;
      return this.#work();
    }
    if (!reply.ok) return this.endIteration('working');
    const { isFullyDisarmed } = this.#manager!;
    if (isFullyDisarmed && !this.#isDisarmed) {
      this.log('info', 'HA stack fully disarmed, releasing CRM watchdog');
      return this.#closeWatchdog('disarmed');
    }
    if (!isFullyDisarmed && this.#isDisarmed) {
      this.log('info', 're-arming HA stack');
      // The watchdog is opened by the next renewal of the lock.
      this.#isDisarmed = false;
    }
    this.endIteration('working');
  }

  #closeWatchdog(then: Phase): Next {
    if (!this.#isWatchdogOpen) return this.resume(then, { ok: true, value: undefined });
    this.#isWatchdogOpen = false;
    this.ask({ op: 'watchdog', do: 'close' }, then);
  }

  #leave(): void {
    this.#send({ type: 'LEAVE' });
    this.exit();
  }
}

function hasAny(table: Readonly<Record<string, unknown>>): boolean {
  for (const _ in table) return true;
  return false;
}
