/**
 * The cluster process: the actors of one fate that hold membership, the replicas and the faces of the file system
 * (spec/pmxcfs.md, process shape). They share one `ClusterNode`; each answers `status` for its part.
 *
 * Started in this order and ended in the reverse one, so that nobody is served any more before the groups are left.
 */
import { endpointMachine } from '../../../machines/daemons/endpoint.ts';
import {
  type ActorDefinition,
  defineBehaviour,
  defineGroup,
  type GroupDefinition,
} from '../../../runtime/actor-system/definition.ts';
import { defineActor } from '../../../runtime/actor-system/machine-actor.ts';
import type { Clock } from '../../../runtime/clock/clock.ts';
import type { FuseMount, MountFailureCode } from '../../../runtime/file-system/fuse-mount.ts';
import { startControlServer } from '../../../runtime/ipc/control-server.ts';
import { startIpc } from '../../pmxcfs/ipc.ts';
import type { ReplicaName } from '../cluster-node.ts';
import { controlHandlers } from './control.ts';
import type { ClusterProcessPorts } from './ports.ts';

/** What every member of the cluster process takes: a question for its part of the node's state. */
export type StatusProtocol = { readonly status: { readonly fields: object; readonly reply: unknown } };

const mailbox = { capacity: 256, whenFull: 'refuse' } as const;
type Member = ActorDefinition<ClusterProcessPorts, StatusProtocol>;

const membership: Member = defineBehaviour<ClusterProcessPorts, StatusProtocol>()({
  name: 'membership',
  mailbox,
  start: ({ ports, reply, crash }) => {
    ports.node.onRestartWanted = crash;
    ports.node.startMembership();
    return {
      receive: (_message, ask) => reply(ask, ports.node.describe()),
      stop: () => {
        ports.node.stopMembership();
        ports.close();
        ports.log.write('main', 'notice', 'exit proxmox configuration filesystem (0)');
      },
    };
  },
});

function replica(name: ReplicaName): Member {
  return defineBehaviour<ClusterProcessPorts, StatusProtocol>()({
    name,
    mailbox,
    start: ({ ports, reply }) => {
      ports.node.startReplica(name);
      return {
        receive: (_message, ask) => reply(ask, ports.node.describeReplica(name)),
        stop: () => ports.node.stopReplica(name),
      };
    },
  });
}

/** What an endpoint's port opened, or why it couldn't; a node can do without what is bearable. */
type Opened = { close(): Promise<unknown> } | { readonly refused: string; readonly isBearable?: boolean };

/** What an endpoint answers to `status`. */
export interface FaceStatus {
  readonly state: 'opening' | 'open' | 'refused' | 'lost' | 'closing' | 'closed';
  /** Why it was refused. */
  readonly reason: string;
  readonly isBearable: boolean;
}

/** What was lost is opened anew after so long, when the first attempt is refused. */
const RETRY_MS = 5000;

/** `open` may call `lost` once, with a sentence, when somebody else has taken away what it has opened. */
function endpoint(
  name: string,
  open: (ports: ClusterProcessPorts, clock: Clock, lost: (reason: string) => void) => Promise<Opened>,
): Member {
  return defineActor<ClusterProcessPorts, StatusProtocol>()({
    name,
    mailbox,
    machine: endpointMachine,
    drainEvent: { type: 'CLOSE' },
    core: () => ({ isBearable: false }),
    receive: (_message, ask, scope, core) => {
      const { value, context } = scope.snapshot();
      scope.reply(ask, { state: value, reason: context.reason, ...core } satisfies FaceStatus);
      return undefined;
    },
    effects: (scope, core) => {
      let close: () => Promise<unknown> = () => Promise.resolve();
      const settle = (opened: Opened) => {
        if ('refused' in opened) {
          core.isBearable = opened.isBearable ?? false;
          scope.send({ type: 'REFUSED', reason: opened.refused });
          return;
        }
        close = () => opened.close();
        scope.send({ type: 'OPENED' });
      };
      return {
        open: () => {
          const lost = (reason: string) => scope.send({ type: 'LOST', reason });
          open(scope.ports, scope.clock, lost).then(settle, (error: Error) => settle({ refused: error.message }));
        },
        complain: ({ context }) => scope.log.write('main', 'crit', context.reason),
        retryLater: () => {
          scope.clock.setTimeout(() => scope.send({ type: 'RETRY' }), RETRY_MS);
        },
        close: () => {
          const closed = () => scope.send({ type: 'CLOSED' });
          close().then(closed, closed);
        },
      };
    },
  });
}

/** This machine has no mounts to offer; every other failure is a mount point to be put in order. */
const CANNOT_MOUNT: ReadonlySet<MountFailureCode> = new Set(['no-binding', 'no-device', 'no-permission']);

const WATCH_MOUNT_MS = 2000;
/** The table of mounts can't be read for a moment where the machine has no file handles left. */
const MISSES_MAX = 2;

/**
 * Looks from time to time whether the mount is still there. Where the original ends when somebody takes it away, this daemon mounts again:
 * the node stays a member meanwhile. Returns what ends the watch.
 */
function watchMount({ isMounted }: FuseMount, clock: Clock, lost: () => void): () => void {
  let isOver = false;
  let misses = 0;
  const look = async (): Promise<void> => {
    misses = (await isMounted()) ? 0 : misses + 1;
    if (isOver) return;
    if (misses < MISSES_MAX) timer = clock.setTimeout(look, WATCH_MOUNT_MS);
    else lost();
  };
  let timer = clock.setTimeout(look, WATCH_MOUNT_MS);
  return () => {
    isOver = true;
    clock.clearTimeout(timer);
  };
}

const fileSystem = endpoint('file-system', async ({ mount, log, layout }, clock, lost) => {
  if (mount === undefined) return { close: async () => {} };
  const mounted = await mount();
  if (!mounted.ok) {
    const { code, message } = mounted;
    if (!CANNOT_MOUNT.has(code)) return { refused: message };
    const refused = `${message}; the node goes on without a mount, files are at hand by: pve-actors file`;
    return { refused, isBearable: true };
  }
  let isLost = false;
  const unwatch = watchMount(mounted, clock, () => {
    isLost = true;
    lost(`somebody else has unmounted ${layout.mountPoint} - mounting it again`);
  });
  return {
    close: () => {
      unwatch();
      if (!isLost) log.write('main', 'notice', 'teardown filesystem');
      return mounted.unmount();
    },
  };
});

const ipc = endpoint('ipc', async ({ node, layout, uid, readOnlyGid, log }) => {
  const { status, memdb } = node;
  const listener = await startIpc({ path: layout.ipcSocket, uid, readOnlyGid, status, tree: memdb, log });
  return 'failure' in listener ? { refused: listener.failure.message } : listener;
});

const control = endpoint('control', async ({ node, layout, log, transport }) => {
  const handlers = controlHandlers(node, transport);
  const listener = await startControlServer({ path: layout.controlSocket, domain: 'main', log, handlers });
  return 'failure' in listener ? { refused: listener.failure.message } : listener;
});

export const actor: GroupDefinition<ClusterProcessPorts> = defineGroup({
  name: 'cluster',
  members: [membership, replica('dcdb'), replica('status'), fileSystem, ipc, control],
});
