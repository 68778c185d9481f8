/** I2 of machines/cluster/totem/membership.ts: a ring id names one ring, for ever and through restarts. */
import type { CheckerFactory } from './observation.ts';

const FORMED_LINE = /^A new membership \(([0-9a-f]+)\.([0-9a-f]+)\) was formed\./;

export const ringIdentity: CheckerFactory = (_view, fail) => {
  const highest = new Map<number, number>();
  return {
    rule: 'ring identity',
    why: 'the messages of a ring with a used id would be taken for those of the ring before',
    logged: ({ nodeid }, domain, message) => {
      const [, rep, seqText] = (domain === 'TOTEM' ? FORMED_LINE.exec(message) : null) ?? [];
      if (rep === undefined || seqText === undefined) return;
      const seq = Number.parseInt(seqText, 16);
      const before = highest.get(nodeid) ?? 0;
      if (seq <= before)
        fail(`n${nodeid} installed ring ${rep}.${seqText}, after a ring with sequence ${before.toString(16)}`);
      highest.set(nodeid, Math.max(seq, before));
    },
  };
};
