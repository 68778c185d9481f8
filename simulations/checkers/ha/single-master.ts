/** Spec/ha.md §16.4. */
import type { Crm } from '../../../machines/ha/crm/crm.ts';
import type { CheckerFactory } from '../observation.ts';
import { LockLedger, MANAGER_LOCK } from './lock-ledger.ts';
import { StatusLedger } from './status-ledger.ts';

export const singleMaster: CheckerFactory = (view, fail) => {
  const locks = new LockLedger();
  const statuses = new StatusLedger();
  return {
    rule: '16.4 single master',
    why: 'two masters recover one service twice, each on a node of its own choice',
    changed: (node, change) => {
      locks.note(change, view.now_ms);
      const flush = statuses.note(node, change);
      // A disarmed master has no watchdog that would end it: it may stand still for as long as it likes in the middle of a round.
      if (flush === undefined || flush.after.disarm?.state === 'disarmed') return;
      const owner = locks.get(MANAGER_LOCK)?.owner;
      if (owner !== flush.by) fail(`n${flush.by} has written the manager's status, whose lock ${nameOf(owner)} holds`);
    },
    iterated: ({ core, kind, machine }) => {
      if (kind !== 'crm' || core.state !== 'master' || (core as Crm).snapshot.isDisarmed) return;
      const owner = locks.get(MANAGER_LOCK)?.owner;
      if (owner !== machine.nodeid)
        fail(`${machine.name} is master after its iteration, and ${nameOf(owner)} holds the lock`);
    },
  };
};

function nameOf(nodeid: number | undefined): string {
  return nodeid === undefined ? 'nobody' : `n${nodeid}`;
}
