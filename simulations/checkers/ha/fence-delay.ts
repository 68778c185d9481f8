/** Spec/ha.md §16.6. */
import type { CheckerFactory } from '../observation.ts';
import type { ObservedDaemon } from './observation.ts';

const DELAY_S = 60;
/** Instants of iterations and those of their reads. */
const GRAIN_S = 1;
const SUBJECT = /^Try to fence node '(.+)'$/;

interface Sight {
  /** Its CRM has been master since then, as far as it has read anything. */
  since_ms: number;
  readonly online_ms: Map<string, number>;
}

export const fenceDelay: CheckerFactory = (_view, fail) => {
  const sights = new WeakMap<ObservedDaemon, Sight>();
  /** An iteration has one time, that of its beginning (§14.0). */
  const begun_ms = new WeakMap<ObservedDaemon, number>();
  return {
    rule: '16.6 fence delay',
    why: 'a node that is away for a moment must not lose its services',
    asked: (daemon, ask) => {
      if (ask.op === 'refresh') begun_ms.set(daemon, daemon.now_ms);
    },
    answered: ({ ask, daemon, reply }) => {
      if (daemon.kind !== 'crm' || ask.op !== 'read' || !reply.ok) return;
      const at = ask.what.indexOf('members');
      if (at < 0) return;
      if (daemon.core.state !== 'master') {
        sights.delete(daemon);
        return;
      }
      const now_ms = begun_ms.get(daemon) ?? daemon.now_ms;
      const sight = sights.get(daemon) ?? { since_ms: now_ms, online_ms: new Map() };
      const { online } = (reply.value as readonly unknown[])[at] as {
        readonly online: Readonly<Record<string, boolean>>;
      };
      for (const [node, isOnline] of Object.entries(online)) if (isOnline) sight.online_ms.set(node, now_ms);
      sights.set(daemon, sight);
    },
    notified: (daemon, subject) => {
      const node = SUBJECT.exec(subject)?.[1];
      if (node === undefined) return;
      const sight = sights.get(daemon);
      const seen_ms = Math.max(sight?.since_ms ?? daemon.now_ms, sight?.online_ms.get(node) ?? 0);
      const waited_s = ((begun_ms.get(daemon) ?? daemon.now_ms) - seen_ms) / 1000;
      if (waited_s < DELAY_S - GRAIN_S) fail(`${daemon.machine.name} fences ${node} after ${waited_s.toFixed(1)} s`);
    },
  };
};
