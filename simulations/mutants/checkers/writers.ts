/** §4.6: a message that was queued is delivered only while its sender is a member; what a dead one left in the queue is void. */
import type { CheckerFactory } from '../../checkers/observation.ts';

interface ReplicaView {
  readonly members: readonly { readonly member: string }[];
}

export const writers: CheckerFactory = (_view, fail) => ({
  rule: 'writers are members',
  why: 'members that came later never had that message, so that its change would be on some nodes alone',
  changed: ({ nodeid, process }, { kind, path, writer }) => {
    const state = process?.node.describeReplica('dcdb') as ReplicaView | undefined;
    if (state === undefined || state.members.some(({ member }) => member.startsWith(`${writer}/`))) return;
    const members = state.members.map(({ member }) => member).join(', ');
    fail(`n${nodeid} applied ${kind} of '${path}' by n${writer}, which is not among ${members}`);
  },
});
