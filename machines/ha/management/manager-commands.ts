/** Commands to the manager: stop, node maintenance, `disarm-ha` and `arm-ha` (spec/ha.md §3.5, §12.1, §13.1, §13.3). */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { isAtLeast } from '../manager/package-version.ts';
import { managedResource, noSuchNode } from './motion-request.ts';
import { type Outcome, queued, type Refused, refused } from './outcome.ts';
import { checkParameters, type Parameters } from './parameters.ts';
import { configuredNode, type HaState, requestedState } from './state.ts';

/** pve-manager from which on all nodes know each other's formats (§12.1). */
const MINIMUM_VERSION = '9.2.11';

const node = { type: 'string', format: 'pve-node' } as const;

/** `stop`: `timeout` in seconds, 0 stops at once. */
export function requestStop(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkParameters(given, {
    sid: { type: 'string', format: 'pve-ha-resource-or-vm-id' },
    timeout: { type: 'integer', minimum: 0 },
  });
  if (!checked.ok) return checked;
  const managed = managedResource(state, checked.parameters.get('sid')!);
  if (!managed.ok) return managed;
  return queued(null, `stop ${managed.result} ${Number(checked.parameters.get('timeout'))}`);
}

export function requestMaintenance(state: HaState, change: 'enable' | 'disable', given: Parameters): Outcome<null> {
  const checked = checkParameters(given, { node });
  if (!checked.ok) return checked;
  const name = checked.parameters.get('node')!;
  // A node that has been removed may still have a request, which can be taken back.
  const isKnown = state.nodes.includes(name) || (change === 'disable' && state.managerStatus.node_request?.[name]);
  return isKnown ? queued(null, `${change}-node-maintenance ${name}`) : noSuchNode(name);
}

/** POST `/status/disarm-ha`. Nodes whose HA doesn't know the state would go on fencing, so it needs new ones only. */
export function requestDisarm(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkParameters(given, { 'resource-mode': { type: 'string', enum: ['freeze', 'ignore'] } });
  if (!checked.ok) return checked;
  return outdatedNode(state) ?? queued(null, `disarm-ha ${checked.parameters.get('resource-mode')!}`);
}

/**
 * POST `/status/arm-ha`. Beyond the original, it is refused while a node is offline that may still run resources which HA
 * would start elsewhere: by disarming, its LRM has released the agent lock and its watchdog. A lock that can be taken is the
 * manager's proof of a fence, so it would start these resources a second time within minutes of being armed. Safe are nodes that
 * were cut off before they had let go (their lock is still there and expires after the watchdog), and nodes that have been removed
 * from the cluster, which is the operator's word that they are off.
 *
 * The sentence: `cannot arm HA: node '<n>' is offline and may still run <sids>; it has released its agent lock while disarmed, so
 * nothing proves that it is off and HA would start them a second time. Bring the node back online, or, if it is powered off for
 * good, remove it from the cluster ('pvecm delnode <n>') or these resources from HA first.`
 */
export function requestArm(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkParameters(given, {});
  if (!checked.ok) return checked;
  return state.managerStatus.disarm === undefined
    ? queued(null, 'arm-ha')
    : (unprovenNode(state) ?? queued(null, 'arm-ha'));
}

function unprovenNode(state: HaState): Refused | undefined {
  for (const name of state.nodes) {
    if (state.online.has(name) || isGuardedByLock(state, name)) continue;
    const sids = [...state.resources.ids.keys()].filter((sid) => startsFrom(state, sid) === name).sort(byBytes);
    if (sids.length === 0) continue;
    return refused(
      'not-fenced',
      `cannot arm HA: node '${name}' is offline and may still run ${sids.join(', ')}; it has released its agent lock ` +
        'while disarmed, so nothing proves that it is off and HA would start them a second time. Bring the node back ' +
        `online, or, if it is powered off for good, remove it from the cluster ('pvecm delnode ${name}') or these ` +
        'resources from HA first.',
    );
  }
  return undefined;
}

/** The LRM held its lock when it was last seen, and nobody has released it since. */
function isGuardedByLock({ agentLocks, lrmStatus }: HaState, name: string): boolean {
  const lrm = lrmStatus.get(name)?.state;
  return agentLocks.has(name) && lrm !== undefined && lrm !== 'wait_for_agent_lock';
}

/** The node on which the manager will believe a resource that is to run, once it is armed (§3.5 `arm-ha`, §3.2.8). */
function startsFrom(state: HaState, sid: string): string | undefined {
  if (requestedState(state.resources.ids.get(sid)!) !== 'started') return undefined;
  const { service_status = {}, disarm } = state.managerStatus;
  const known = disarm?.mode === 'ignore' ? undefined : service_status[sid]?.node;
  return known ?? configuredNode(state, sid);
}

/** Stock nodes always publish their version; where nobody does, there are none. */
function outdatedNode({ nodes, versions }: HaState): Refused | undefined {
  if (versions.size === 0) return undefined;
  const outdated = nodes.find((name) => !isAtLeast(versions.get(name) ?? '', MINIMUM_VERSION));
  if (outdated === undefined) return undefined;
  const version = versions.get(outdated) ?? 'unknown';
  return refused(
    'mixed-cluster',
    `HA: node '${outdated}' reports pve-manager '${version}' (need ${MINIMUM_VERSION}), not taking the manager role in a mixed cluster`,
  );
}
