/** Spec/ha.md §16.13. */
import type { CheckerFactory } from '../observation.ts';
import { LastReads } from './last-reads.ts';
import { MANAGER_LOCK } from './lock-ledger.ts';
import type { ObservedDaemon } from './observation.ts';

export const quorumSilence: CheckerFactory = (_view, fail) => {
  const reads = new LastReads();
  /** CRMs that were refused the manager's lock in this iteration. */
  const refused = new WeakSet<ObservedDaemon>();
  return {
    rule: '16.13 silence without quorum',
    why: 'the minority must not act: the majority may have given its services to others',
    answered: (deed) => {
      reads.note(deed);
      const { ask, daemon, reply } = deed;
      if (ask.op !== 'lock' || ask.do !== 'acquire' || ask.name !== MANAGER_LOCK) return;
      if (!reply.ok || reply.value !== true) refused.add(daemon);
    },
    asked: (daemon, ask) => {
      if (ask.op === 'refresh') refused.delete(daemon);
      const isStatus = ask.op === 'write' && ask.what === 'lrm_status';
      if (isStatus && reads.of(daemon).members?.quorate === false)
        fail(`${daemon.machine.name} writes its status without quorum`);
      const isMastersWrite = ask.op === 'write' && ask.what === 'manager_status';
      if (isMastersWrite && refused.has(daemon))
        fail(`${daemon.machine.name} writes the manager's status without its lock`);
    },
    iterated: (daemon) => {
      const { core, kind, machine } = daemon;
      if (kind === 'crm' && core.state === 'master' && refused.has(daemon))
        fail(`${machine.name} stays master without its lock`);
    },
  };
};
