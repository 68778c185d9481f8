/** Spec/ha.md §16.7. */
import type { CheckerFactory } from '../observation.ts';
import { agentLock, agentOf, LOCK_LIFETIME_S, LockLedger } from './lock-ledger.ts';
import type { ObservedDaemon } from './observation.ts';

/** The clocks of the node that measures, and of the history. */
const GRAIN_S = 3;

export const lockTakeover: CheckerFactory = (view, fail) => {
  const locks = new LockLedger();
  /** Of the lock's node. */
  const startsAtRenewal = new Map<string, number>();
  /** When each daemon has asked for what it then got: the lock is surely its own for a lifetime. */
  const obtained_ms = new WeakMap<ObservedDaemon, Map<string, number>>();
  const renewals_ms = new WeakMap<ObservedDaemon, Map<string, number>>();
  return {
    rule: '16.7 lock and watchdog',
    why: 'a lock proves something only if its former holder was reset, or let go, before another gets it',
    changed: (_node, change) => {
      const event = locks.note(change, view.now_ms);
      const machine = event && view.ha?.machine(agentOf(event.lock) ?? '');
      if (event === undefined || machine === undefined) return;
      if (event.event !== 'removed') startsAtRenewal.set(event.lock, machine.starts);
      if (event.event === 'taken' && event.by !== machine.nodeid && machine.isOn && machine.hasWatchdogOpen('lrm')) {
        fail(`n${event.by} got ${event.lock} while the LRM of ${machine.name} has a watchdog`);
      }
      if (event.event !== 'removed' || event.before === undefined || event.by === event.before.owner) return;
      const age_s = (view.now_ms - event.before.renewed_ms) / 1000;
      // A device has switched it off, and somebody may have switched it on again meanwhile.
      const wasOff = !machine.isOn || machine.starts !== startsAtRenewal.get(event.lock);
      const isFencedByDevice = view.ha?.fencing !== 'watchdog' && wasOff;
      if (age_s < LOCK_LIFETIME_S - GRAIN_S && !isFencedByDevice) {
        fail(`${event.lock} of n${event.before.owner} was removed ${age_s.toFixed(1)} s after its renewal`);
      }
    },
    fileCall: (daemon, { op, path, mtime_s }) => {
      if (op !== 'setTime' || mtime_s === 0 || !path.endsWith(agentLock(daemon.machine.name))) return;
      const last_ms = obtained_ms.get(daemon)?.get(path);
      note(renewals_ms, daemon, path);
      if (last_ms === undefined) fail(`${daemon.machine.name} renews ${path}, which it has not obtained`);
      else if (daemon.now_ms - last_ms > LOCK_LIFETIME_S * 1000) {
        fail(
          `${daemon.machine.name} renews ${path} ${((daemon.now_ms - last_ms) / 1000).toFixed(1)} s after it had it`,
        );
      }
    },
    asked: (daemon, ask) => {
      if (ask.op === 'lock' && ask.do === 'acquire') note(renewals_ms, daemon, `priv/lock/${ask.name}`);
    },
    answered: ({ ask, daemon, reply }) => {
      if (ask.op !== 'lock' || ask.do !== 'acquire' || !reply.ok || reply.value !== true) return;
      const path = `priv/lock/${ask.name}`;
      const begun_ms = renewals_ms.get(daemon)?.get(path) ?? daemon.now_ms;
      (obtained_ms.get(daemon) ?? obtained_ms.set(daemon, new Map()).get(daemon)!).set(path, begun_ms);
    },
  };
};

function note(times: WeakMap<ObservedDaemon, Map<string, number>>, daemon: ObservedDaemon, path: string): void {
  const known = times.get(daemon) ?? new Map<string, number>();
  known.set(path, daemon.now_ms);
  times.set(daemon, known);
}
