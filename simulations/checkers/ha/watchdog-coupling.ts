/** Spec/ha.md §16.3. */
import type { Crm } from '../../../machines/ha/crm/crm.ts';
import { activeCount } from '../../../machines/ha/service-count.ts';
import type { CheckerFactory } from '../observation.ts';
import { LastReads } from './last-reads.ts';
import type { ObservedDaemon } from './observation.ts';

export const watchdogCoupling: CheckerFactory = (_view, fail) => {
  const reads = new LastReads();
  /** Masters that were without a watchdog after their iteration before. */
  const bare = new WeakSet<ObservedDaemon>();
  const mayClose = (daemon: ObservedDaemon): boolean => {
    const { disarm, service_status = {} } = reads.of(daemon).status ?? {};
    const { guests, name } = daemon.machine;
    const isRunning = Object.entries(service_status).some(([sid, { node }]) => node === name && guests.has(sid));
    return disarm !== undefined || activeCount(service_status, name) === 0 || !isRunning;
  };
  return {
    rule: '16.3 watchdog coupling',
    why: 'a node that hangs with services must be reset before others start them',
    answered: (deed) => reads.note(deed),
    asked: (daemon, ask) => {
      if (daemon.kind !== 'lrm' || ask.op !== 'watchdog' || ask.do !== 'close') return;
      if (!mayClose(daemon)) fail(`the LRM of ${daemon.machine.name} closes its watchdog with active services`);
    },
    iterated: (daemon) => {
      const { core, kind, machine } = daemon;
      if (kind === 'lrm') {
        if (core.state === 'active' && !machine.hasWatchdogOpen('lrm'))
          fail(`the LRM of ${machine.name} is active without a watchdog`);
        return;
      }
      const isBare = core.state === 'master' && !machine.hasWatchdogOpen('crm') && !(core as Crm).snapshot.isDisarmed;
      // After the end of a disarm the watchdog is opened with the next renewal of the lock.
      if (isBare && bare.has(daemon)) fail(`${machine.name} is master without a watchdog`);
      if (isBare) bare.add(daemon);
      else bare.delete(daemon);
    },
  };
};
