import { resolve } from 'node:path';
import { type NodeState, statusText } from '../../actors/node/status-text.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { CommandFailure } from './project.ts';
import { callBoot, callCluster } from './sockets.ts';

interface Flags {
  readonly root: string;
  readonly json?: boolean;
}

/** Prints the state; exit code 0 quorate, 2 not quorate, 1 when the node can't be asked. */
export async function status({ root, json = false }: Flags): Promise<void> {
  const layout = nodeLayout(resolve(root));
  const asked = async <T>(question: Promise<unknown>) =>
    (await question.catch((error: Error) => ({ failure: error.message }))) as T;
  const state: NodeState = {
    cluster: await asked<NodeState['cluster']>(callCluster(layout, 'describe')),
    actors: await asked<NodeState['actors']>(callBoot(layout, 'actors')),
  };
  if (json) console.log(JSON.stringify(state, undefined, 2));
  else if ('failure' in state.cluster && 'failure' in state.actors) {
    throw new CommandFailure(`${state.actors.failure}; start it with: pve-actors boot --root ${layout.root}`);
  } else process.stdout.write(statusText(state));
  if ('failure' in state.cluster) {
    throw new CommandFailure(
      `the cluster process of ${layout.root} does not answer; look at: pve-actors log --root ${layout.root}`,
    );
  }
  if (state.cluster.quorate !== true) process.exitCode = 2;
}

export async function dismiss(id: string, { root }: Flags): Promise<void> {
  await callCluster(nodeLayout(resolve(root)), 'dismiss-losing-side', { id });
}
