/** C1 to C6 of spec/pmxcfs.md §10.2: what holds when nothing happens any more. */
import { configVersionOf } from '../../runtime/formats/config-version.ts';
import type { CheckerFactory, ClusterView, Fail, ObservedNode } from './observation.ts';

interface ReplicaView {
  readonly mode: string;
  readonly members: readonly { readonly member: string; readonly synced: boolean }[];
  readonly queuedMessages: number;
  readonly queuedSyncMessages: number;
  readonly heldRequests: number;
  readonly waiters: number;
  readonly sendBacklog: number;
}

interface MembersFile {
  readonly cluster: { readonly quorate: number };
  readonly nodelist: Readonly<Record<string, { readonly online: number; readonly ip?: string }>>;
}

export const convergence: CheckerFactory = (view, fail) => ({
  rule: 'C1, C2, C3, C5, C6',
  why: 'nodes that differ in peace differ for ever',
  quiet: () => {
    for (const node of view.nodes) {
      if (node.process === undefined) fail(`n${node.nodeid} is down`);
      else checkNode(view, node, fail);
    }
  },
});

function checkNode(view: ClusterView, node: ObservedNode, fail: Fail): void {
  checkTree(view, node, fail);
  for (const name of ['dcdb', 'status'] as const) checkReplica(view, node, name, fail);
  checkMembersFile(view, node, fail);
  checkHostConfig(node, fail);
}

/** C1. */
function checkTree(view: ClusterView, { nodeid, process }: ObservedNode, fail: Fail): void {
  const reference = view.nodes[0]?.process;
  if (process === undefined || reference === undefined || process === reference) return;
  const [mine, theirs] = [process.memdb, reference.memdb];
  const isEqual = mine.encodeIndex().equals(theirs.encodeIndex()) && mine.checksum().equals(theirs.checksum());
  if (isEqual) return;
  fail(`n${nodeid} has another tree (version ${mine.root.version}) than n1 (version ${theirs.root.version})`);
}

/** C1, C2, C3. */
function checkReplica(view: ClusterView, { nodeid, process }: ObservedNode, name: 'dcdb' | 'status', fail: Fail): void {
  const state = process?.node.describeReplica(name) as ReplicaView | undefined;
  if (state === undefined) return;
  if (state.mode !== 'synced') fail(`n${nodeid}: ${name} is ${state.mode}`);
  const expected = view.nodes.map((node) => `${node.nodeid}/${node.process?.pid} true`).join(', ');
  const members = state.members.map(({ member, synced }) => `${member} ${synced}`).join(', ');
  if (members !== expected) fail(`n${nodeid}: members of ${name} are ${members} instead of ${expected}`);
  const { queuedMessages, queuedSyncMessages, heldRequests, waiters, sendBacklog } = state;
  const waiting = { queuedMessages, queuedSyncMessages, heldRequests, waiters, sendBacklog };
  if (Object.values(waiting).some((count) => count > 0)) fail(`n${nodeid}: ${name} holds ${JSON.stringify(waiting)}`);
}

/** C5. The file's bytes are those of the last `getattr` (§1.4). */
function checkMembersFile(view: ClusterView, { nodeid, process }: ObservedNode, fail: Fail): void {
  const fileSystem = process?.node.fileSystem;
  const attributes = fileSystem?.getattr('.members');
  if (fileSystem === undefined || attributes === undefined || typeof attributes === 'number') return;
  const text = fileSystem.read('.members', 0, attributes.size);
  if (typeof text === 'number') return;
  const { cluster, nodelist } = JSON.parse(text.toString('latin1')) as MembersFile;
  if (cluster.quorate !== 1) fail(`n${nodeid}: .members says that it is not quorate`);
  for (const { name } of view.nodes) {
    const entry = nodelist[name];
    if (entry?.online !== 1) fail(`n${nodeid}: .members says that ${name} is not online`);
    else if (entry.ip === undefined) fail(`n${nodeid}: .members has no address of ${name}`);
  }
  const config = process?.memdb.lookup('corosync.conf')?.data.toString('latin1') ?? '';
  const strange = Object.keys(nodelist).filter((name) => !config.includes(`name: ${name}\n`));
  if (strange.length > 0) fail(`n${nodeid}: .members lists ${strange.join(', ')}, which corosync.conf does not`);
}

/** C6. */
function checkHostConfig({ nodeid, process, hostConfig }: ObservedNode, fail: Fail): void {
  const tree = process?.memdb.lookup('corosync.conf')?.data;
  if (tree === undefined || tree.length === 0) {
    fail(`n${nodeid} has no corosync.conf`);
    return;
  }
  if (hostConfig?.equals(tree) === true) return;
  const isNewer = hostConfig !== undefined && versionOf(hostConfig) > versionOf(tree);
  if (!isNewer) fail(`n${nodeid}: the host's corosync.conf differs from the tree's`);
}

function versionOf(config: Buffer): bigint {
  return configVersionOf(config.toString('latin1'));
}
