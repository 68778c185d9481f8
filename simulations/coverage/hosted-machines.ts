/** The machines that a simulated node hosts, with all states and transitions that their definitions have. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { quorumClientMachine } from '../../machines/cluster/quorum-client.ts';
import { membershipMachine } from '../../machines/cluster/totem/membership.ts';
import { dfsmMachine } from '../../machines/pmxcfs/dfsm/machine.ts';
import { supervisorMachine } from '../../machines/pmxcfs/dfsm/supervisor.ts';
import { lockMachine } from '../../machines/pmxcfs/lock/machine.ts';
import { stateName, transitionName } from '../../runtime/trace/machine-steps.ts';

export interface MachineParts {
  /** As in `coverageName`. */
  readonly name: string;
  readonly states: readonly string[];
  readonly transitions: readonly string[];
}

const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  membership: membershipMachine,
  'quorum-client': quorumClientMachine,
  dfsm: dfsmMachine,
  supervisor: supervisorMachine,
  lock: lockMachine,
};

const REPLICAS = ['dcdb', 'status'];
/** Machines of which a node hosts one per replica; they go different ways. */
const PER_REPLICA = ['dfsm', 'supervisor'];

/** Name under which the steps of an actor's machine are counted. */
export function coverageName(actor: string, machine: string): string {
  return PER_REPLICA.includes(machine) ? `${actor} ${machine}` : machine;
}

export const HOSTED_MACHINES: readonly MachineParts[] = Object.entries(MACHINES).flatMap(([machine, definition]) => {
  const parts = partsOf(definition.root);
  const names = PER_REPLICA.includes(machine) ? REPLICAS.map((replica) => coverageName(replica, machine)) : [machine];
  return names.map((name) => ({ name, ...parts }));
});

function partsOf(root: AnyStateNode): Omit<MachineParts, 'name'> {
  const nodes = withDescendants(root);
  const transitions = nodes.flatMap((node) => [...[...node.transitions.values()].flat(), ...(node.always ?? [])]);
  return {
    states: nodes.filter((node) => node !== root).map(stateName),
    transitions: transitions.map(transitionName),
  };
}

function withDescendants(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(withDescendants)];
}
