/** Two masters would recover the same service twice. */
import { LOCK_LIFETIME_S } from '../cluster-locks.ts';
import type { DaemonHost } from '../daemon-host.ts';
import type { RoundRobinWorld } from '../round-robin.ts';
import { crmOf, type Invariant } from './checker.ts';

export function singleMaster(): Invariant {
  return {
    name: '16.4 single master',
    deed: ({ ask, host, reply }, world) => {
      if (ask.op !== 'write' || ask.what !== 'manager_status' || !reply.ok) return undefined;
      return ownsLock(host, world) ? undefined : `${host.node} flushed without the manager lock`;
    },
    iteration: (host, world) => {
      if (crmOf(host)?.state !== 'master') return undefined;
      return ownsLock(host, world) ? undefined : `${host.node} is master after an iteration without the lock`;
    },
  };
}

function ownsLock({ node }: DaemonHost, { hardware }: RoundRobinWorld): boolean {
  const lock = hardware.locks.get('ha_manager_lock');
  return lock !== undefined && lock.owner === node && hardware.clock - lock.at <= LOCK_LIFETIME_S;
}
