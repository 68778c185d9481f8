/** §5.4: members of one group that are synced and have one version have one tree, also while faults go on. */
import type { CheckerFactory } from '../../checkers/observation.ts';

interface ReplicaView {
  readonly mode: string;
  readonly members: readonly { readonly member: string }[];
}

const TICKS_BETWEEN_CHECKS = 4;

export const syncedAlike: CheckerFactory = (view, fail) => {
  let ticks = 0;
  const check = (): void => {
    const trees = new Map<string, { readonly nodeid: number; readonly index: Buffer }>();
    for (const { nodeid, process } of view.nodes) {
      const state = process?.node.describeReplica('dcdb') as ReplicaView | undefined;
      if (process === undefined || state?.mode !== 'synced' || process.memdb.errorFlag) continue;
      const { version } = process.memdb.root;
      const group = `${version} ${state.members.map(({ member }) => member).join(' ')}`;
      const index = Buffer.concat([process.memdb.encodeIndex(), process.memdb.checksum()]);
      const other = trees.get(group);
      if (other === undefined) trees.set(group, { nodeid, index });
      else if (!other.index.equals(index)) {
        fail(`n${nodeid} and n${other.nodeid} are synced at version ${version}, and have different trees`);
      }
    }
  };
  return {
    rule: 'synced alike',
    why: 'a round that leaves two trees behind is found by nobody until the next verification, an hour later',
    tick: () => {
      ticks += 1;
      if (ticks % TICKS_BETWEEN_CHECKS === 0) check();
    },
  };
};
