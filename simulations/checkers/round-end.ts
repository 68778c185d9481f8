/** I12 of spec/pmxcfs.md §10.1. What a transferred tree equals is in one-history.ts. */
import type { CheckerFactory } from './observation.ts';

interface ReplicaView {
  readonly mode: string;
  readonly members: readonly { readonly member: string; readonly synced: boolean }[];
}

export const roundEnd: CheckerFactory = (_view, fail) => ({
  rule: 'I12',
  why: 'a member that is taken for unsynced has its messages held back for ever',
  transition: ({ nodeid, process }, { machine, event }) => {
    if (machine !== 'dcdb' || event !== 'COMMITTED') return;
    const state = process?.node.describeReplica('dcdb') as ReplicaView | undefined;
    if (state?.mode !== 'synced') return;
    const behind = state.members.filter(({ synced }) => !synced).map(({ member }) => member);
    if (behind.length > 0) fail(`n${nodeid} ended a round with ${behind.join(', ')} marked as not synced`);
  },
});
