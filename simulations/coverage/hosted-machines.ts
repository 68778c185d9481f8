/** The machines that a simulated node hosts, with all states and transitions that their definitions have. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { quorumClientMachine } from '../../machines/cluster/quorum-client.ts';
import { membershipMachine } from '../../machines/cluster/totem/membership.ts';
import { roleMachine } from '../../machines/ha/crm/role.ts';
import { fenceJobMachine } from '../../machines/ha/fencing/job.ts';
import { leaseMachine } from '../../machines/ha/lease/lease.ts';
import { modeMachine } from '../../machines/ha/lrm/mode.ts';
import { lrmStateMachine } from '../../machines/ha/lrm/state.ts';
import { workerMachine } from '../../machines/ha/lrm-worker/machine.ts';
import { nodeMachine } from '../../machines/ha/node-status/machine.ts';
import { resourceMachine } from '../../machines/ha/resource/machine.ts';
import { dfsmMachine } from '../../machines/pmxcfs/dfsm/machine.ts';
import { supervisorMachine } from '../../machines/pmxcfs/dfsm/supervisor.ts';
import { lockMachine } from '../../machines/pmxcfs/lock/machine.ts';
import { stateName, transitionName } from '../../runtime/trace/machine-steps.ts';

export interface MachineParts {
  /** As in `coverageName`. */
  readonly name: string;
  /** Of high availability, which not every cluster has. */
  readonly isOfHa: boolean;
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

const HA_MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  crm: roleMachine,
  'ha-node': nodeMachine,
  'ha-resource': resourceMachine,
  lrm: lrmStateMachine,
  'lrm-mode': modeMachine,
  'lrm-worker': workerMachine,
  lease: leaseMachine,
  'fence-job': fenceJobMachine,
};

const REPLICAS = ['dcdb', 'status'];
/** Machines of which a node hosts one per replica; they go different ways. */
const PER_REPLICA = ['dfsm', 'supervisor'];

/** Name under which the steps of an actor's machine are counted. */
export function coverageName(actor: string, machine: string): string {
  if (PER_REPLICA.includes(machine)) return `${actor} ${machine}`;
  // Machines of which there are many carry in their name what they are for: `ha-resource vm:100`.
  const end = machine.indexOf(' ');
  return end < 0 ? machine : machine.slice(0, end);
}

export const HOSTED_MACHINES: readonly MachineParts[] = Object.entries({ ...MACHINES, ...HA_MACHINES }).flatMap(
  ([machine, definition]) => {
    const parts = partsOf(definition.root);
    const names = PER_REPLICA.includes(machine) ? REPLICAS.map((replica) => coverageName(replica, machine)) : [machine];
    return names.map((name) => ({ name, isOfHa: machine in HA_MACHINES, ...parts }));
  },
);

function partsOf(root: AnyStateNode): Omit<MachineParts, 'name' | 'isOfHa'> {
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
