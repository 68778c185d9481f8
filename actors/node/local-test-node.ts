/** A node in local mode over a memory store, for tests of what stands around it. */
import type { Clock } from '../../runtime/clock/clock.ts';
import { MemoryLog } from '../../runtime/log/memory.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { MemoryDisk } from '../../runtime/store/memory.ts';
import { ClusterNode, type ClusterNodeOptions, type ClusterNodePorts, openTree } from './cluster-node.ts';

const LOG_LINES = 1000;

/** Started; not ended by itself. */
export function startLocalTestNode(
  clock: Clock,
  ports: Partial<ClusterNodePorts> = {},
  options: Partial<ClusterNodeOptions> = {},
): { readonly node: ClusterNode; readonly log: MemoryLog } {
  const log = new MemoryLog(clock, LOG_LINES);
  const store = new MemoryDisk().open();
  const memdb = openTree({ store, log, clock }, 'solo');
  if ('failure' in memdb) throw new Error(memdb.failure);
  const node = new ClusterNode(
    memdb,
    {
      clock,
      log,
      store,
      random: new SeededRandom(1),
      hostConfig: { path: '/etc/corosync/corosync.conf', read: () => undefined, replace: () => undefined },
      losingSides: { nextPath: () => '', note: () => {}, list: () => [], dismiss: () => false },
      debug: { get: () => false, set: () => {} },
      ...ports,
    },
    {
      nodeName: 'n1',
      pid: 7,
      address: '10.0.0.1',
      owner: { uid: 0, gid: 33 },
      treeMode: 'solo',
      acknowledgement: 'majority',
      ...options,
    },
  );
  node.start();
  return { node, log };
}
