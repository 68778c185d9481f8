/** Spec/ha.md §16.2. */
import type { CheckerFactory } from '../observation.ts';
import { agentLock } from './lock-ledger.ts';
import type { ObservedDaemon } from './observation.ts';

const GUARDED: ReadonlySet<string> = new Set(['started', 'migrate', 'relocate', 'request_start_balance']);

export const lockedExecution: CheckerFactory = (_view, fail) => {
  /** LRMs that have renewed their lock in this iteration. */
  const renewed = new WeakSet<ObservedDaemon>();
  return {
    rule: '16.2 locked execution',
    why: 'a node that has lost its lock may be fenced at any moment, and what it starts then runs twice',
    asked: (daemon, ask) => {
      if (ask.op === 'refresh') renewed.delete(daemon);
      if (ask.op !== 'exec' || !GUARDED.has(ask.cmd)) return;
      const { core, machine } = daemon;
      const what = `${machine.name}: ${ask.cmd} ${ask.sid}`;
      if (core.state !== 'active' && core.state !== 'maintenance') fail(`${what} in state ${core.state}`);
      if (!renewed.has(daemon)) fail(`${what} without a renewed lock`);
    },
    answered: ({ ask, daemon, reply }) => {
      if (ask.op !== 'lock' || ask.do !== 'acquire' || ask.name !== agentLock(daemon.machine.name)) return;
      if (reply.ok && reply.value === true) renewed.add(daemon);
      else renewed.delete(daemon);
    },
    agentCall: ({ machine }, sid, { call }) => {
      if (call !== 'start' && call !== 'migrate') return;
      if (!machine.hasWatchdogOpen('lrm')) fail(`${machine.name}: ${call} of ${sid} without a watchdog`);
    },
  };
};
