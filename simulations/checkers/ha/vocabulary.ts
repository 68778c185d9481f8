/** Spec/ha.md §16.8. */
import type { LrmStatus } from '../../../machines/ha/state-files.ts';
import { wrongLrmStatus, wrongManagerStatus } from '../../reference/invariants/vocabulary.ts';
import type { CheckerFactory } from '../observation.ts';
import { StatusLedger } from './status-ledger.ts';

export const vocabulary: CheckerFactory = (_view, fail) => {
  const statuses = new StatusLedger();
  return {
    rule: '16.8 state vocabulary',
    why: 'nodes of different software meet in these files, and a word that the other does not know stops it',
    changed: (node, change) => {
      const flush = statuses.note(node, change);
      const wrong = flush && wrongManagerStatus(flush.before, flush.after);
      if (wrong !== undefined) fail(`n${flush!.by} has written: ${wrong}`);
    },
    asked: ({ machine }, ask) => {
      if (ask.op !== 'write' || ask.what !== 'lrm_status') return;
      const wrong = wrongLrmStatus(ask.value as LrmStatus);
      if (wrong !== undefined) fail(`${machine.name}: ${wrong}`);
    },
  };
};
