/** A lock proves something only if its former holder was reset, or let go, before another gets it. */
import { LOCK_LIFETIME_S } from '../cluster-locks.ts';
import type { Deed } from '../daemon-host.ts';
import type { RoundRobinWorld } from '../round-robin.ts';
import { agentOf, type Invariant, isGranted, lrmOf } from './checker.ts';

interface Renewal {
  readonly node: string;
  readonly at: number;
  /** The watchdog handle that its LRM had then. */
  readonly watchdog: number | undefined;
}

export function lockTakeover(): Invariant {
  const renewals = new Map<string, Renewal>();
  return {
    name: '16.7 lock and watchdog timing',
    deed: (deed, world) => {
      const { ask, host } = deed;
      if (ask.op === 'watchdog' && ask.do !== 'close' && lrmOf(host) !== undefined) {
        // A handle is opened behind the lock, so it belongs to the renewal just made.
        const lock = `ha_agent_${host.node}_lock`;
        const renewal = renewals.get(lock);
        if (renewal?.node === host.node) renewals.set(lock, { ...renewal, watchdog: host.watchdog });
      }
      if (ask.op !== 'lock' || agentOf(ask.name) === undefined || !isGranted(deed)) return undefined;
      if (ask.do === 'release') {
        renewals.delete(ask.name);
        return undefined;
      }
      const violation = takenTooEarly(deed, ask.name, renewals.get(ask.name), world);
      renewals.set(ask.name, { node: host.node, at: host.now, watchdog: lrmOf(host) && host.watchdog });
      return violation;
    },
  };
}

function takenTooEarly(
  { host }: Deed,
  lock: string,
  before: Renewal | undefined,
  { hardware }: RoundRobinWorld,
): string | undefined {
  if (before === undefined || before.node === host.node) return undefined;
  const age = host.now - before.at;
  if (age <= LOCK_LIFETIME_S) return `${host.node} got ${lock} ${age} s after ${before.node} had renewed it`;
  const isGuarded = before.watchdog !== undefined && hardware.watchdogs.isOpen(before.watchdog);
  return isGuarded ? `${host.node} got ${lock} while ${before.node} still had its watchdog` : undefined;
}
