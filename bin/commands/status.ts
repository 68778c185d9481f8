import { resolve } from 'node:path';
import { type NodeState, type SilentProcess, silenceText, statusText } from '../../actors/node/status-text.ts';
import { type NodeLayout, nodeLayout } from '../../runtime/node/layout.ts';
import { processState } from '../../runtime/node/process-state.ts';
import { CommandFailure } from './project.ts';
import { type Answer, ask, callCluster } from './sockets.ts';

interface Flags {
  readonly root: string;
  readonly json?: boolean;
}

/** Of each question; both are asked at once. A process that is well answers in milliseconds. */
const DEADLINE_MS = 2000;

/** Prints the state; exit code 0 quorate, 2 not quorate, 1 when the node can't be asked. */
export async function status({ root, json = false }: Flags): Promise<void> {
  const layout = nodeLayout(resolve(root));
  const [cluster, actors] = await Promise.all([
    ask('the cluster process', layout.controlSocket, 'describe', DEADLINE_MS),
    ask('the node', layout.bootSocket, 'actors', DEADLINE_MS),
  ]);
  const silence = 'failure' in cluster && cluster.failure.code === 'deadline' ? silenceOf(actors, layout) : undefined;
  const state: NodeState = {
    cluster: silence === undefined ? stateOf(cluster) : { failure: silence },
    actors: stateOf(actors),
  };
  if (json) console.log(JSON.stringify(state, undefined, 2));
  else if ('failure' in actors && 'failure' in cluster && silence === undefined) {
    throw new CommandFailure(`${actors.failure.message}; start it with: pve-actors boot --root ${layout.root}`);
  } else process.stdout.write(statusText(state));
  if (silence !== undefined) process.exitCode = 1;
  else if ('failure' in state.cluster) {
    throw new CommandFailure(
      `the cluster process of ${layout.root} does not answer; look at: pve-actors log --root ${layout.root}`,
    );
  } else if (state.cluster.quorate !== true) process.exitCode = 2;
}

function stateOf<T>(answer: Answer): T {
  return ('failure' in answer ? { failure: answer.failure.message } : answer.value) as T;
}

/** The cluster process took the connection, or its kernel did, and said nothing. */
function silenceOf(actors: Answer, { root }: NodeLayout): string {
  const children = 'failure' in actors ? [] : (actors.value as (Omit<SilentProcess, 'state'> & { name: string })[]);
  const child = children.find(({ name }) => name === 'cluster');
  return silenceText(child && { ...child, state: processState(child.pid) }, new Date(), root);
}

export async function dismiss(id: string, { root }: Flags): Promise<void> {
  await callCluster(nodeLayout(resolve(root)), 'dismiss-losing-side', { id });
}
