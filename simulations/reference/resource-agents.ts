/** Simulated resource agents (spec/ha.md §1.10): they work on what the hardware says is running. */
import type { AgentCall } from '../../machines/ha/lrm-worker/command.ts';
import type { Hardware } from './hardware.ts';

type Log = (level: string, text: string) => void;

/** Attempts that agents of type `fa` have let fail; one table for all nodes (§1.12). */
export class ResourceAgents {
  readonly #hardware: Hardware;
  readonly #attempts = new Map<string, number>();

  constructor(hardware: Hardware) {
    this.#hardware = hardware;
  }

  /** Carries out a worker's call on a node; answers what the call promises. */
  call(node: string, sid: string, call: AgentCall, log: Log): boolean {
    switch (call.call) {
      case 'check-running':
        return this.#isRunning(node, sid);
      case 'start':
        if (this.#fails(node, sid, 'start')) return false;
        return this.#start(node, sid, log);
      case 'shutdown':
        return this.#shutdown(node, sid, log);
      case 'migrate':
        if (this.#fails(node, sid, 'migrate')) return false;
        return this.#migrate(node, sid, call.target, this.#canMoveRunning(node, sid, call.isOnline, log), log);
    }
  }

  #isRunning(node: string, sid: string): boolean {
    return this.#hardware.node(node).running.get(sid) ?? false;
  }

  #start(node: string, sid: string, log: Log): boolean {
    if (this.#isLocked(sid, 'start', log)) return false;
    this.#hardware.node(node).running.set(sid, true);
    return true;
  }

  #shutdown(node: string, sid: string, log: Log): boolean {
    if (failures(sid)?.ignoresShutdown) return false;
    if (this.#isLocked(sid, 'shutdown', log)) return false;
    this.#hardware.node(node).running.set(sid, false);
    return true;
  }

  #migrate(node: string, sid: string, target: string, isOnline: boolean, log: Log): boolean {
    const verb = isOnline ? 'migrate' : 'relocate';
    log('info', `service ${sid} - start ${verb} to node '${target}'`);
    if (this.#isLocked(sid, verb, log)) return false;
    if (!isOnline && this.#isRunning(node, sid)) {
      log('info', `stopping service ${sid} (relocate)`);
      this.#shutdown(node, sid, log);
      log('info', `service status ${sid} stopped`);
    }
    this.#hardware.moveService(sid, node, target);
    log('info', `service ${sid} - end ${verb} to node '${target}'`);
    this.#hardware.node(node).running.delete(sid);
    return true;
  }

  /** A container that runs is stopped for the way. */
  #canMoveRunning(node: string, sid: string, isOnline: boolean, log: Log): boolean {
    if (!isOnline || !sid.startsWith('ct:') || !this.#isRunning(node, sid)) return isOnline;
    log('warning', 'unable to live migrate running container, fallback to relocate');
    return false;
  }

  #isLocked(sid: string, verb: string, log: Log): boolean {
    const lock = this.#hardware.lockOf(sid);
    if (lock === undefined) return false;
    log('err', `service '${sid}' locked (${lock}), unable to ${verb}!`);
    return true;
  }

  /** Does this attempt fail, because the service's name says so? */
  #fails(node: string, sid: string, action: 'start' | 'migrate'): boolean {
    const wanted = failures(sid);
    if (wanted === undefined) return false;
    const key = `${sid} ${action}`;
    const isApplicable = wanted.node === '0' || node === `node${wanted.node}`;
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    const isFailing = isApplicable && wanted[action] >= attempt;
    this.#attempts.set(key, isFailing ? attempt : 0);
    return isFailing;
  }
}

/** What the digits of a service of type `fa` ask for. */
function failures(sid: string) {
  if (!sid.startsWith('fa:')) return undefined;
  const [, start = '0', migrate = '0', ignoresShutdown = '0', , node = '0'] = sid.slice('fa:'.length);
  return { start: Number(start), migrate: Number(migrate), ignoresShutdown: ignoresShutdown !== '0', node };
}
