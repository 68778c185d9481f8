/** I1 of spec/pmxcfs.md §10.1. */
import type { CheckerFactory } from './observation.ts';

const MEMBERS_LINE = /^Members\[\d+\]: ([\d ]+)$/;

export const quorumExclusive: CheckerFactory = (view, fail) => {
  /** Members of the ring that each node installed last. */
  const members = new Map<number, readonly number[]>();
  const quorate = (): readonly number[] =>
    view.nodes.filter(({ process }) => process?.node.quorate === true).map(({ nodeid }) => nodeid);

  const check = (): void => {
    if (view.areVotesLowered) return;
    const nodes = quorate();
    for (const [at, a] of nodes.entries()) {
      for (const b of nodes.slice(at + 1)) {
        const [ofA, ofB] = [members.get(a), members.get(b)];
        if (ofA === undefined || ofB === undefined || ofA.some((node) => ofB.includes(node))) continue;
        fail(`n${a} is quorate in {${ofA}}, and n${b} in {${ofB}}`);
      }
    }
  };

  return {
    rule: 'I1',
    why: 'two quorate halves would both accept writes, start guests and give out locks',
    died: ({ nodeid }) => members.delete(nodeid),
    logged: ({ nodeid }, domain, message) => {
      const listed = domain === 'QUORUM' ? MEMBERS_LINE.exec(message)?.[1] : undefined;
      if (listed === undefined) return;
      members.set(nodeid, listed.split(' ').map(Number));
      check();
    },
    tick: check,
  };
};
