/** K6 of machines/pmxcfs/dfsm/core.ts (§13.1.7, Q11): a node sends no change while it is not synced. */
import type { CheckerFactory, ObservedNode } from './observation.ts';

export const heldRequests: CheckerFactory = (_view, fail) => {
  /** What each node had sent when its tree fell out of step; absent while it is synced. */
  const sent = new Map<number, number>();
  const sentBy = ({ process }: ObservedNode): number => process?.node.sentMessages('dcdb') ?? 0;
  const check = (node: ObservedNode): void => {
    const before = sent.get(node.nodeid);
    if (before === undefined) return;
    const now = sentBy(node);
    if (now !== before) fail(`n${node.nodeid} sent ${now - before} changes while it was not synced`);
    sent.set(node.nodeid, now);
  };
  return {
    rule: 'held requests',
    why: 'a change that was made on a tree which is about to be replaced may mean something else on the new one',
    died: ({ nodeid }) => sent.delete(nodeid),
    frame: (node) => {
      if (sent.has(node.nodeid)) check(node);
    },
    transition: (node, { machine, detail }) => {
      if (machine !== 'dcdb') return;
      const { after } = detail as { readonly after: string };
      if (after === 'synced') sent.delete(node.nodeid);
      else if (!sent.has(node.nodeid)) sent.set(node.nodeid, sentBy(node));
    },
  };
};
