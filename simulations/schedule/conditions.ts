/** Judges what may be expected of a cluster: each condition, at a moment, is met or is told why not. */
import type { SimulatedNode } from '../cluster/node.ts';
import { HA_CONDITIONS } from './ha-conditions.ts';
import type { Stage } from './stage.ts';
import type { Condition, ConditionName, ConditionParameters, Judge } from './step.ts';

export type { Judge } from './step.ts';

type Begin<N extends ConditionName> = (stage: Stage, parameters: ConditionParameters[N]) => Judge;

interface ReplicaState {
  readonly mode: string;
  readonly members: readonly { readonly member: string; readonly synced: boolean }[];
}

const CONDITIONS: { readonly [N in ConditionName]: Begin<N> } = {
  ...HA_CONDITIONS,
  settled:
    ({ world }, { nodes }) =>
    () => {
      const isSettled = nodes === undefined ? world.isSettled : world.isSettledAmong(chosen(world.nodes, nodes));
      return isSettled ? undefined : `not settled: ${chosen(world.nodes, nodes).map(describe).join('; ')}`;
    },
  progress: ({ workload }) => {
    const before = new Map(workload.writers.map((writer) => [writer, writer.successes]));
    return () => {
      const idle = workload.writers.filter((writer) => writer.successes === before.get(writer));
      return idle.length === 0 ? undefined : `${idle.map(({ name }) => name).join(', ')} got nothing done`;
    };
  },
  answered:
    ({ world, workload }) =>
    () => {
      if (world.pendingRequests > 0) return `${world.pendingRequests} requests are without an answer`;
      return workload.isResting ? undefined : 'a client is not at rest';
    },
  quorate: eachNode((node) => node.process?.node.quorate === true, 'not quorate'),
  'not-quorate': eachNode((node) => node.process?.node.quorate === false, 'quorate, or down'),
  ready: eachNode((node) => node.process?.node.isReady === true, 'not ready for changes'),
  'not-ready': eachNode((node) => node.process?.node.isReady === false, 'ready for changes, or down'),
  down: eachNode((node) => node.process === undefined, 'up'),
  ring:
    ({ world }, { nodes }) =>
    () => {
      const members = chosen(world.nodes, nodes);
      const wanted = members.map(({ nodeid }) => nodeid).join(' ');
      return sentenceOf(members, (node) => {
        const seen = ringOf(node);
        return seen === wanted ? undefined : `has the ring ${seen} instead of ${wanted}`;
      });
    },
  leader:
    ({ world }, { node: leader }) =>
    () => {
      const voters = world.nodes.filter((node) => leaderOf(node) !== undefined);
      if (voters.length === 0) return 'nobody follows a leader';
      return sentenceOf(voters, (node) =>
        leaderOf(node) === leader ? undefined : `follows n${leaderOf(node)} instead of n${leader}`,
      );
    },
  'same-tree':
    ({ world }, { nodes }) =>
    () => {
      const [first, ...others] = chosen(world.nodes, nodes);
      const wanted = first?.process?.memdb.encodeIndex();
      if (wanted === undefined) return `${first?.name} is down`;
      return sentenceOf(others, (node) =>
        node.process?.memdb.encodeIndex().equals(wanted) === true ? undefined : `has another tree than ${first?.name}`,
      );
    },
  logged: ({ world }, { node, line }) => {
    let isLogged = false;
    world.onLine((message, nodeid) => {
      isLogged ||= nodeid === node && message.startsWith(line);
      return !isLogged;
    });
    return () => (isLogged ? undefined : `n${node} has not logged '${line}'`);
  },
  file:
    ({ world }, { nodes, path, content }) =>
    () =>
      sentenceOf(chosen(world.nodes, nodes), (node) => {
        const found = contentOf(node, path);
        return found === content ? undefined : `holds ${shown(found)} at ${path} instead of ${shown(content)}`;
      }),
  'no-file':
    ({ world }, { nodes, path }) =>
    () =>
      sentenceOf(chosen(world.nodes, nodes), (node) => {
        const found = contentOf(node, path);
        return found === undefined ? undefined : `holds ${shown(found)} at ${path}`;
      }),
};

/** Begins to watch for `condition`. */
export function judgeOf(stage: Stage, { is, ...parameters }: Condition): Judge {
  return (CONDITIONS[is] as (stage: Stage, parameters: object) => Judge)(stage, parameters);
}

function chosen(all: readonly SimulatedNode[], nodes: readonly number[] | undefined): readonly SimulatedNode[] {
  return nodes === undefined ? all : all.filter(({ nodeid }) => nodes.includes(nodeid));
}

function eachNode(isMet: (node: SimulatedNode) => boolean, complaint: string) {
  return ({ world }: Stage, { nodes }: { readonly nodes?: readonly number[] }): Judge =>
    () =>
      sentenceOf(chosen(world.nodes, nodes), (node) => (isMet(node) ? undefined : `is ${complaint}`));
}

function sentenceOf(
  nodes: readonly SimulatedNode[],
  complaintOf: (node: SimulatedNode) => string | undefined,
): string | undefined {
  const complaints = nodes.flatMap((node) => {
    const complaint = complaintOf(node);
    return complaint === undefined ? [] : [`${node.name} ${complaint}`];
  });
  return complaints.length === 0 ? undefined : complaints.join('; ');
}

function describe({ name, process }: SimulatedNode): string {
  if (process === undefined) return `${name} down`;
  const { node } = process;
  return `${name} ${node.quorate ? '' : 'not '}quorate ${JSON.stringify(node.describeReplica('dcdb'))}`;
}

function ringOf({ process }: SimulatedNode): string {
  const { quorum } = (process?.node.describe() ?? {}) as { quorum?: { readonly members: readonly number[] } };
  return quorum === undefined ? 'of nobody' : quorum.members.join(' ');
}

/** Undefined where no leader is followed. */
function leaderOf({ process }: SimulatedNode): number | undefined {
  if (process === undefined || process.isStopped || !process.node.quorate) return undefined;
  const { leader } = process.node.describe() as { leader?: string };
  const state = process.node.describeReplica('dcdb') as ReplicaState | undefined;
  if (state?.mode !== 'synced' || leader === undefined) return undefined;
  return Number(leader.split('/', 1)[0]);
}

/** Undefined where there is no such file, or no daemon that shows it. */
function contentOf({ process }: SimulatedNode, path: string): string | undefined {
  return process?.memdb.lookup(path)?.data?.toString('latin1');
}

function shown(content: string | undefined): string {
  return content === undefined ? 'no file' : JSON.stringify(content.slice(0, 40));
}
