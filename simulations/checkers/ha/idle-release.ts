/** Spec/ha.md §16.16. */
import { isAnyConfigured } from '../../../machines/ha/service-count.ts';
import type { CheckerFactory } from '../observation.ts';
import { LastReads } from './last-reads.ts';
import type { ObservedDaemon } from './observation.ts';

const MOST_ROUNDS = { lrm: 61, crm: 91 } as const;

export const idleRelease: CheckerFactory = (_view, fail) => {
  const reads = new LastReads();
  const rounds = new WeakMap<ObservedDaemon, number>();
  const isIdle = (daemon: ObservedDaemon): boolean => {
    const { services = [], status: { disarm, service_status = {} } = {} } = reads.of(daemon);
    if (daemon.kind === 'lrm')
      return daemon.core.state === 'active' && !isAnyConfigured(service_status, daemon.machine.name);
    const isNothingLeft = services.length === 0 && Object.keys(service_status).length === 0 && disarm === undefined;
    return daemon.core.state === 'master' && isNothingLeft;
  };
  return {
    rule: '16.16 idle',
    why: 'a cluster without services must not be reset by a stack that it does not use',
    answered: (deed) => reads.note(deed),
    iterated: (daemon) => {
      const count = isIdle(daemon) ? (rounds.get(daemon) ?? 0) + 1 : 0;
      rounds.set(daemon, count);
      if (count === MOST_ROUNDS[daemon.kind] + 1)
        fail(`${daemon.machine.name}/${daemon.kind} is idle for ${count} rounds, and keeps its lock`);
    },
  };
};
