/** §5.4: members of one group that are synced and have one version have one tree, also while faults go on. */
import type { CheckerFactory, ObservedNode } from './observation.ts';

interface ReplicaView {
  readonly mode: string;
  readonly members: readonly { readonly member: string }[];
}

/** To compare whole trees costs more than most changes. */
const TICKS_BETWEEN_CHECKS = 6;

export const syncedAlike: CheckerFactory = (view, fail) => {
  let ticks = 0;
  /** Of trees that are as they were when they were looked at last. */
  const digests = new Map<number, Buffer>();
  const forget = ({ nodeid }: ObservedNode): void => {
    digests.delete(nodeid);
  };
  const digestOf = ({ nodeid, process }: ObservedNode): Buffer => {
    const { memdb } = process!;
    const digest = digests.get(nodeid) ?? Buffer.concat([memdb.encodeIndex(), memdb.checksum()]);
    digests.set(nodeid, digest);
    return digest;
  };
  const checkGroup = (nodes: readonly ObservedNode[], version: number): void => {
    const [first, ...others] = nodes;
    for (const other of others) {
      if (first === undefined || digestOf(first).equals(digestOf(other))) continue;
      fail(`n${other.nodeid} and n${first.nodeid} are synced at version ${version}, and have different trees`);
    }
  };
  const check = (): void => {
    const groups = new Map<string, ObservedNode[]>();
    for (const node of view.nodes) {
      const { process } = node;
      if (process === undefined || process.memdb.errorFlag) continue;
      const state = process.node.describeReplica('dcdb') as ReplicaView | undefined;
      if (state?.mode !== 'synced') continue;
      const name = `${process.memdb.root.version} ${state.members.map(({ member }) => member).join(' ')}`;
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [node]);
      else group.push(node);
    }
    for (const nodes of groups.values()) checkGroup(nodes, nodes[0]?.process?.memdb.root.version ?? 0);
  };
  return {
    rule: 'synced alike',
    why: 'a round that leaves two trees behind is found by nobody until the next verification, an hour later',
    booted: forget,
    changed: forget,
    replaced: forget,
    tick: () => {
      ticks += 1;
      if (ticks % TICKS_BETWEEN_CHECKS === 0) check();
    },
    quiet: check,
  };
};
