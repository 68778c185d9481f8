/** An LRM that has lost its lock may be fenced at any moment: it must not start anything. */
import type { DaemonHost } from '../daemon-host.ts';
import { type Invariant, isGranted, lrmOf } from './checker.ts';

const guarded = new Set(['started', 'migrate', 'relocate', 'request_start_balance']);

export function lockedExecution(): Invariant {
  /** LRMs that have renewed their lock in this iteration. */
  const renewed = new Set<DaemonHost>();
  return {
    name: '16.2 locked execution',
    deed: (deed) => {
      const { ask, host } = deed;
      const lrm = lrmOf(host);
      if (lrm === undefined) return undefined;
      if (ask.op === 'refresh') renewed.delete(host);
      if (ask.op === 'lock' && ask.do === 'acquire' && isGranted(deed)) renewed.add(host);
      if (ask.op !== 'exec' || !guarded.has(ask.cmd)) return undefined;
      if (lrm.state !== 'active' && lrm.state !== 'maintenance') return `${ask.cmd} ${ask.sid} in state ${lrm.state}`;
      if (!renewed.has(host)) return `${ask.cmd} ${ask.sid} without a renewed lock`;
      return host.hasOpenWatchdog ? undefined : `${ask.cmd} ${ask.sid} without a watchdog`;
    },
  };
}
