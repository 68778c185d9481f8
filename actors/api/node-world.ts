/** The world of a real node: the cluster by its IPC socket, changes by the control socket, the machine by its files. */
import { Buffer } from 'node:buffer';
import { encodeRequestBody, type IpcRequest, requestId } from '../../machines/pmxcfs/ipc/requests.ts';
import { askPam } from '../../runtime/access/pam.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import { connectIpc, IpcClient } from '../../runtime/ipc/client.ts';
import type { Log } from '../../runtime/log/log.ts';
import { createHostView } from '../../runtime/node/host-view.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import { webOwner } from '../../runtime/node/process-owner.ts';
import { taskFiles } from '../../runtime/node/task-files.ts';
import type { Random } from '../../runtime/random/random.ts';
import { withClusterLock } from '../pvecm/locks.ts';
import { NodeClient } from '../pvecm/node-client.ts';
import { ApiFailure } from './failure.ts';
import type { ApiWorld, ClusterChanges, ClusterMembers, ClusterView, ListedGuest } from './world.ts';

export interface NodeWorldOptions {
  readonly layout: NodeLayout;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** May change the tree and read `priv`. */
  readonly isPrivileged: boolean;
}

const ENOENT = -2;

export function createNodeWorld(options: NodeWorldOptions): ApiWorld & { close(): void } {
  const { layout, nodeName, clock, random, log, isPrivileged } = options;
  const ipc = new ClusterConnection(layout);
  const client = isPrivileged ? new NodeClient(layout) : undefined;
  const host = createHostView(layout.root);
  const cluster = clusterView(ipc, layout, host.modified);
  return {
    nodeName,
    root: layout.root,
    tasks: taskFiles(layout.root),
    logOwner: isPrivileged ? webOwner() : undefined,
    clock,
    random,
    log,
    cluster,
    changes: client && clusterChanges(client, ipc, { layout, clock, random }),
    host,
    askPam,
    userConfig: cachedUserConfig(cluster, log),
    close: () => {
      ipc.close();
      client?.close();
    },
  };
}

/** One connection, made anew when it has ended. */
class ClusterConnection {
  readonly #layout: NodeLayout;
  #client: Promise<IpcClient> | undefined;

  constructor(layout: NodeLayout) {
    this.#layout = layout;
  }

  /** The body; undefined for ENOENT. */
  async call(request: IpcRequest): Promise<Buffer | undefined> {
    const client = await this.#connected();
    const reply = await client.request(requestId(request.kind), encodeRequestBody(request));
    if ('failure' in reply) {
      this.close();
      throw new ApiFailure(reply.failure.message);
    }
    if (reply.error === ENOENT) return undefined;
    if (reply.error !== 0) throw new ApiFailure(`ipcc_send_rec failed: errno ${-reply.error}`);
    return reply.body;
  }

  close(): void {
    this.#client?.then(
      (client) => client.close(),
      () => undefined,
    );
    this.#client = undefined;
  }

  #connected(): Promise<IpcClient> {
    this.#client ??= connectIpc(this.#layout.ipcSocket).then((client) => {
      if (client instanceof IpcClient) return client;
      this.#client = undefined;
      throw new ApiFailure(`ipcc_send_rec failed: ${client.failure.message}`);
    });
    return this.#client;
  }
}

function bytes(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1');
}

function isPrivate(path: string): boolean {
  return path.split('/').includes('priv');
}

function clusterView(
  ipc: ClusterConnection,
  { mountPoint }: NodeLayout,
  modified: (path: string) => Promise<number | undefined>,
): ClusterView {
  const read = async (path: string) =>
    isPrivate(path) ? undefined : ipc.call({ kind: 'get-config', path: bytes(path) });
  return {
    read,
    modified: (path) => (isPrivate(path) ? Promise.resolve(undefined) : modified(`${mountPoint}/${path}`)),
    members: async () => JSON.parse((await ipc.call({ kind: 'get-cluster-info' }))!.toString()) as ClusterMembers,
    guests: async () => {
      const { ids = {} } = JSON.parse((await ipc.call({ kind: 'get-guest-list' }))!.toString()) as {
        ids?: Record<string, ListedGuest>;
      };
      return new Map(Object.entries(ids));
    },
    nodeStatus: (key, node) => ipc.call({ kind: 'get-status', key, node }),
    rrd: async () => (await ipc.call({ kind: 'get-rrd-dump' }))!.toString('utf8').replace(/\0$/, ''),
    log: async (max, user) => {
      const body = await ipc.call({ kind: 'get-cluster-log', max, reserved: null, user: user ?? '' });
      return body!.toString('latin1').replace(/\0$/, '');
    },
    hasToken: async (token) => (await ipc.call({ kind: 'verify-token', token: bytes(token) })) !== undefined,
  };
}

function clusterChanges(
  client: NodeClient,
  ipc: ClusterConnection,
  ports: Pick<NodeWorldOptions, 'layout' | 'clock' | 'random'>,
): ClusterChanges {
  const silent = { ...ports, client, print: () => {}, warn: () => {} };
  return {
    read: (path) => client.read(path),
    replace: async (path, content) => {
      const slash = path.lastIndexOf('/');
      if (slash > 0) await client.makeDirectories(path.slice(0, slash));
      await client.replace(path, content);
    },
    remove: async (path) => {
      await client.call('file-remove', { path });
    },
    withLock: (id, change) => withClusterLock(silent, id, change),
    setStatus: async (key, value) => {
      await ipc.call({ kind: 'set-status', key, value });
    },
    log: async (priority, ident, tag, message) => {
      const strings = { ident: bytes(ident), tag: bytes(tag), message: Buffer.from(message) };
      await ipc.call({ kind: 'log-cluster-message', priority, strings });
    },
  };
}

/** Read at every call, parsed when it has changed. */
function cachedUserConfig(cluster: ClusterView, log: Log): () => Promise<UserConfig> {
  let last: { readonly file: Buffer; readonly config: UserConfig } | undefined;
  return async () => {
    const file = (await cluster.read('user.cfg')) ?? Buffer.alloc(0);
    if (last?.file.equals(file)) return last.config;
    const { config, warnings } = readUserConfig(file.toString('latin1'));
    for (const warning of warnings) log.write('access', 'warning', `user config - ${warning}`);
    last = { file, config };
    return config;
  };
}
