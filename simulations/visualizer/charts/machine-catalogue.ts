/** Every xstate machine of `machines/`, by the name that its records have in a trace. A test compares it with the sources. */
import type { AnyStateMachine } from 'xstate';
import { quorumClientMachine } from '../../../machines/cluster/quorum-client.ts';
import { membershipMachine } from '../../../machines/cluster/totem/membership.ts';
import { childLife } from '../../../machines/daemons/child-life.ts';
import { endpointMachine } from '../../../machines/daemons/endpoint.ts';
import { taskStopMachine } from '../../../machines/daemons/task-stop.ts';
import { workerPoolMachine } from '../../../machines/daemons/worker-pool.ts';
import { roleMachine } from '../../../machines/ha/crm/role.ts';
import { fenceJobMachine } from '../../../machines/ha/fencing/job.ts';
import { leaseMachine } from '../../../machines/ha/lease/lease.ts';
import { modeMachine } from '../../../machines/ha/lrm/mode.ts';
import { lrmStateMachine } from '../../../machines/ha/lrm/state.ts';
import { workerMachine } from '../../../machines/ha/lrm-worker/machine.ts';
import { nodeMachine } from '../../../machines/ha/node-status/machine.ts';
import { resourceMachine } from '../../../machines/ha/resource/machine.ts';
import { dfsmMachine } from '../../../machines/pmxcfs/dfsm/machine.ts';
import { supervisorMachine } from '../../../machines/pmxcfs/dfsm/supervisor.ts';
import { lockMachine } from '../../../machines/pmxcfs/lock/machine.ts';

export interface CataloguedMachine {
  /** Where it is defined, relative to the root. */
  readonly source: string;
  readonly definition: AnyStateMachine;
}

export const CATALOGUE: readonly CataloguedMachine[] = [
  { source: 'machines/cluster/totem/membership.ts', definition: membershipMachine },
  { source: 'machines/cluster/quorum-client.ts', definition: quorumClientMachine },
  { source: 'machines/pmxcfs/dfsm/machine.ts', definition: dfsmMachine },
  { source: 'machines/pmxcfs/dfsm/supervisor.ts', definition: supervisorMachine },
  { source: 'machines/pmxcfs/lock/machine.ts', definition: lockMachine },
  { source: 'machines/ha/crm/role.ts', definition: roleMachine },
  { source: 'machines/ha/node-status/machine.ts', definition: nodeMachine },
  { source: 'machines/ha/resource/machine.ts', definition: resourceMachine },
  { source: 'machines/ha/lrm/state.ts', definition: lrmStateMachine },
  { source: 'machines/ha/lrm/mode.ts', definition: modeMachine },
  { source: 'machines/ha/lrm-worker/machine.ts', definition: workerMachine },
  { source: 'machines/ha/lease/lease.ts', definition: leaseMachine },
  { source: 'machines/ha/fencing/job.ts', definition: fenceJobMachine },
  { source: 'machines/daemons/child-life.ts', definition: childLife },
  { source: 'machines/daemons/worker-pool.ts', definition: workerPoolMachine },
  { source: 'machines/daemons/endpoint.ts', definition: endpointMachine },
  { source: 'machines/daemons/task-stop.ts', definition: taskStopMachine },
];
