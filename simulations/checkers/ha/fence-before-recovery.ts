/** Spec/ha.md §16.5. */
import type { CheckerFactory } from '../observation.ts';
import { agentLock, LockLedger } from './lock-ledger.ts';
import type { ObservedMachine } from './observation.ts';
import { StatusLedger } from './status-ledger.ts';
import { Unguarded } from './unguarded.ts';

export const fenceBeforeRecovery: CheckerFactory = (view, fail) => {
  const locks = new LockLedger();
  const statuses = new StatusLedger();
  const unguarded = new Unguarded();
  /** Machine → its starts when its LRM renewed the agent lock last. */
  const startsAtRenewal = new Map<ObservedMachine, number>();
  /** Machines whose LRM has given its lock back since then. */
  const released = new Set<ObservedMachine>();

  const judge = (sid: string, node: string): void => {
    const machine = view.ha?.machine(node);
    if (machine === undefined) return;
    const owner = locks.get(agentLock(node))?.owner;
    if (owner === undefined || owner === machine.nodeid) {
      fail(`${sid} is recovered from ${node}, whose agent lock ${owner === undefined ? 'nobody' : 'it'} holds`);
    }
    const wasReset = !machine.isOn || machine.starts !== (startsAtRenewal.get(machine) ?? 0);
    if (!wasReset && !released.has(machine))
      fail(`${sid} is recovered from ${node}, which was neither reset nor let go`);
    if (machine.guests.has(sid) && !unguarded.has(machine)) fail(`${sid} is recovered from ${node}, where it runs`);
  };
  return {
    rule: '16.5 fence before recovery',
    why: 'a service that is recovered while its old node still runs it runs twice',
    ...unguarded.hooks,
    changed: (node, change) => {
      const event = locks.note(change, view.now_ms);
      if (event !== undefined) {
        const machine = view.ha?.machines.find(({ name }) => agentLock(name) === event.lock);
        if (machine !== undefined && event.by === machine.nodeid) {
          if (event.event === 'removed') released.add(machine);
          else {
            startsAtRenewal.set(machine, machine.starts);
            released.delete(machine);
          }
        }
      }
      const flush = statuses.note(node, change);
      if (flush === undefined) return;
      for (const [sid, { node: now, state }] of Object.entries(flush.after.service_status ?? {})) {
        const before = flush.before.service_status?.[sid];
        if (before === undefined || before.state === 'recovery') continue;
        // In one round a service may come to `recovery` and leave it.
        const isRecovered =
          state === 'recovery' || (before.state === 'fence' && state !== 'fence' && now !== before.node);
        if (isRecovered) judge(sid, before.node);
      }
    },
  };
};
