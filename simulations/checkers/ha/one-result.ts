/** Spec/ha.md §16.9. */
import type { Lrm } from '../../../machines/ha/lrm/lrm.ts';
import type { CommandResult } from '../../../machines/ha/state-files.ts';
import type { CheckerFactory } from '../observation.ts';
import { LastReads } from './last-reads.ts';
import type { ObservedDaemon } from './observation.ts';

export const oneResult: CheckerFactory = (_view, fail) => {
  const reads = new LastReads();
  const known = new WeakMap<ObservedDaemon, Map<string, CommandResult>>();
  return {
    rule: '16.9 one result',
    why: 'a command that is executed again undoes what was decided on its result',
    answered: (deed) => reads.note(deed),
    asked: (daemon, ask) => {
      if (ask.op !== 'exec' || ask.cmd === 'stopped') return;
      const { isShutdownRequested, results } = (daemon.core as Lrm).snapshot;
      // What an LRM stops on its way down is nobody's command (§4.6).
      if (isShutdownRequested && ask.cmd === 'request_stop') return;
      const { state, uid = '' } = reads.of(daemon).status?.service_status?.[ask.sid] ?? {};
      if (state === ask.cmd && results[uid] !== undefined)
        fail(`${daemon.machine.name} executes ${ask.cmd} ${ask.sid} (${uid}), which has a result`);
    },
    iterated: (daemon) => {
      if (daemon.kind !== 'lrm') return;
      const results = known.get(daemon) ?? new Map<string, CommandResult>();
      known.set(daemon, results);
      for (const [uid, result] of Object.entries((daemon.core as Lrm).snapshot.results)) {
        const before = results.get(uid);
        // `stopped` is executed in each round, and nobody uses its result (§4.3).
        if (result.state !== 'stopped' && before !== undefined && before.exit_code !== result.exit_code)
          fail(`${daemon.machine.name} has two results of ${result.sid} (${uid})`);
        results.set(uid, result);
      }
    },
  };
};
