/** What may be expected of high availability. */
import type { HaMachine } from '../cluster/ha/machine.ts';
import { haStateOf, servicesThatShouldRun } from '../cluster/ha/state.ts';
import type { ClusterWorld } from '../cluster/world.ts';
import type { Stage } from './stage.ts';
import type { ConditionName, ConditionParameters, Judge } from './step.ts';

type HaConditionName = Extract<
  ConditionName,
  'ha-calm' | 'services-run' | 'runs' | 'runs-nowhere' | 'powered-off' | 'master' | 'service' | 'node-state' | 'armed'
>;

const NO_HA = 'the cluster has no high availability';

export const HA_CONDITIONS: {
  readonly [N in HaConditionName]: (stage: Stage, parameters: ConditionParameters[N]) => Judge;
} = {
  'ha-calm':
    ({ world }) =>
    () => {
      if (!world.isSettled) return 'not settled';
      const restless = machinesOf(world).filter(({ isCalm }) => !isCalm);
      return restless.length === 0 ? undefined : `${restless.map(({ name }) => name).join(', ')} not at rest`;
    },
  'services-run':
    ({ world }) =>
    () => {
      const state = haStateOf(world);
      if (state === undefined) return 'no node has an up-to-date tree';
      const missing = servicesThatShouldRun(state).filter((sid) => placesOf(world, sid).length !== 1);
      if (missing.length === 0) return undefined;
      const told = missing.map((sid) => `${sid} (${JSON.stringify(state.status.service_status?.[sid] ?? 'unknown')})`);
      return `not running: ${told.join(', ')}`;
    },
  runs:
    ({ world }, { node, sid }) =>
    () => {
      const places = placesOf(world, sid);
      return places.join() === `n${node}` ? undefined : `${sid} runs on ${places.join(', ') || 'no node'}`;
    },
  'runs-nowhere':
    ({ world }, { sid }) =>
    () => {
      const places = placesOf(world, sid);
      return places.length === 0 ? undefined : `${sid} runs on ${places.join(', ')}`;
    },
  'powered-off':
    ({ world }, { nodes }) =>
    () => {
      const on = machinesOf(world).filter(({ isOn, nodeid }) => isOn && nodes?.includes(nodeid) !== false);
      return on.length === 0 ? undefined : `${on.map(({ name }) => name).join(', ')} have power`;
    },
  master:
    ({ world }, { node }) =>
    () => {
      const masters = machinesOf(world).filter((machine) => machine.daemon('crm')?.core.state === 'master');
      const names = masters.map(({ name }) => name).join(', ');
      return names === `n${node}` ? undefined : `master is ${names || 'nobody'}`;
    },
  service:
    ({ world }, { sid, state }) =>
    () => {
      const found = haStateOf(world)?.status.service_status?.[sid]?.state;
      return found === state ? undefined : `${sid} is in state ${found ?? 'unknown'}`;
    },
  'node-state':
    ({ world }, { node, state }) =>
    () => {
      const found = haStateOf(world)?.status.node_status?.[`n${node}`];
      return found === state ? undefined : `n${node} is in state ${found ?? 'unknown'}`;
    },
  armed:
    ({ world }, { state }) =>
    () => {
      const found = haStateOf(world)?.status.disarm?.state ?? 'armed';
      return found === state ? undefined : `the stack is ${found}`;
    },
};

function machinesOf({ ha }: ClusterWorld): readonly HaMachine[] {
  if (ha === undefined) throw new Error(NO_HA);
  return ha.machines;
}

/** Names of the machines on which the guest really runs. */
function placesOf(world: ClusterWorld, sid: string): readonly string[] {
  return machinesOf(world).flatMap(({ guests, name }) => (guests.has(sid) ? [name] : []));
}
