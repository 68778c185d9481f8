/** The pmxcfs IPC service of one node: the socket, its peers, and tree and status behind it (spec/pmxcfs.md §6.9). */
import { answerRequest, peerAccess } from '../../machines/pmxcfs/ipc/handler.ts';
import { ipcWorld, type RequestedTree } from '../../machines/pmxcfs/ipc/world.ts';
import type { Status } from '../../machines/pmxcfs/status/status.ts';
import { startIpcServer } from '../../runtime/ipc/server.ts';
import type { ListenFailure, UnixListener } from '../../runtime/ipc/unix-listener.ts';
import type { Log } from '../../runtime/log/log.ts';

export interface IpcOptions {
  /** `NodeLayout.ipcSocket`. */
  readonly path: string;
  /** Effective uid of this process. */
  readonly uid: number;
  /** gid of `www-data`, whose members may read; undefined where there is no such group. */
  readonly readOnlyGid: number | undefined;
  readonly status: Status;
  readonly tree: RequestedTree;
  readonly log: Log;
}

export function startIpc(options: IpcOptions): Promise<UnixListener | { failure: ListenFailure }> {
  const { path, uid, readOnlyGid, status, tree, log } = options;
  const world = ipcWorld(status, tree);
  return startIpcServer({
    path,
    gid: readOnlyGid,
    log,
    admit: (peer) => peerAccess(peer, { uid, readOnlyGid }),
    answer: (frame, peer) => answerRequest(frame, peer, world),
  });
}
