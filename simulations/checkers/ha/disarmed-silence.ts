/** Spec/ha.md §16.14. */
import type { Lrm } from '../../../machines/ha/lrm/lrm.ts';
import type { CheckerFactory } from '../observation.ts';
import { StatusLedger } from './status-ledger.ts';

export const disarmedSilence: CheckerFactory = (_view, fail) => {
  const statuses = new StatusLedger();
  return {
    rule: '16.14 disarmed silence',
    why: 'people disarm the stack before they take the network apart, and nothing may be reset or moved meanwhile',
    changed: (node, change) => {
      const flush = statuses.note(node, change);
      if (flush?.before.disarm?.state !== 'disarmed' || flush.after.disarm?.state !== 'disarmed') return;
      for (const [sid, { node: on, state }] of Object.entries(flush.after.service_status ?? {})) {
        const before = flush.before.service_status?.[sid];
        if (before === undefined || before.state !== state || before.node !== on)
          fail(`${sid} went from ${before?.state} on ${before?.node} to ${state} on ${on} while disarmed`);
      }
    },
    notified: ({ machine }, subject) => {
      if (statuses.status.disarm?.state === 'disarmed') fail(`${machine.name} says '${subject}' while disarmed`);
    },
    iterated: ({ core, kind, machine }) => {
      if (kind !== 'lrm' || (core as Lrm).mode !== 'disarm' || core.state !== 'wait_for_agent_lock') return;
      if (machine.hasWatchdogOpen('lrm')) fail(`the LRM of ${machine.name} has disarmed, and kept its watchdog`);
    },
  };
};
