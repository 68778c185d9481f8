/** Who may touch services must be reset when it hangs; who no longer feeds a watchdog must have nothing left. */
import { activeCount } from '../../../machines/ha/service-count.ts';
import type { DaemonHost } from '../daemon-host.ts';
import type { RoundRobinWorld } from '../round-robin.ts';
import { crmOf, type Invariant, lrmOf } from './checker.ts';

export function watchdogCoupling(): Invariant {
  /** Masters that were without a watchdog after their iteration before. */
  const bare = new Set<DaemonHost>();
  return {
    name: '16.3 watchdog coupling',
    iteration: (host) => {
      if (lrmOf(host)?.state === 'active' && !host.hasOpenWatchdog) return 'an active LRM without a watchdog';
      const crm = crmOf(host);
      const isBare = crm?.state === 'master' && !host.hasOpenWatchdog && !crm.snapshot.isDisarmed;
      const wasBare = bare.delete(host);
      if (isBare) bare.add(host);
      // After the end of a disarm the watchdog is opened with the next renewal of the lock.
      return isBare && wasBare ? 'a master without a watchdog' : undefined;
    },
    deed: ({ ask, host }, world) => {
      if (lrmOf(host) === undefined || ask.op !== 'watchdog' || ask.do !== 'close') return undefined;
      return mayClose(host, world) ? undefined : 'an LRM closed its watchdog with active services';
    },
  };
}

function mayClose({ node }: DaemonHost, { hardware }: RoundRobinWorld): boolean {
  const { disarm, service_status = {} } = hardware.managerStatus;
  if (disarm !== undefined || activeCount(service_status, node) === 0) return true;
  return [...hardware.node(node).running.values()].every((isRunning) => !isRunning);
}
