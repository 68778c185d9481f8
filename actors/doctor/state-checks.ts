/** What HA is doing at the moment, by its own files; and fence devices (spec/ha.md §8, §11). */
import { fenceCommands, parseFenceConfig } from '../../machines/ha/fencing/fence-config.ts';
import type { ClusterDescription } from './cluster-description.ts';
import { type Finding, list } from './finding.ts';

export function checkState({ files, manager, nodes, resources }: ClusterDescription): readonly Finding[] {
  const findings: Finding[] = [];
  const services = Object.entries(manager.service_status ?? {});
  const inError = services.filter(([, { state }]) => state === 'error').map(([sid]) => sid);
  if (inError.length > 0) {
    findings.push({
      code: 'service-in-error',
      gravity: 'error',
      what: `${list(inError)} ${inError.length === 1 ? 'is' : 'are'} in state error`,
      why: 'HA leaves it alone until somebody has looked at it; it is not recovered when its node is lost',
      todo: 'look into the log, mend it, then: ha-manager set SID --state disabled, and --state started again',
    });
  }
  const stuck = services.filter(([, { state }]) => state === 'fence' || state === 'recovery');
  if (stuck.length > 0) {
    findings.push({
      code: 'recovery-in-progress',
      gravity: 'error',
      what: `being recovered, or waiting for it: ${list(stuck.map(([sid, { state }]) => `${sid} (${state})`))}`,
      why: 'a node is lost at this moment, or no node may take the service',
      todo: 'pve-actors explain fence NODE tells what happened',
    });
  }
  for (const [node, state] of Object.entries(manager.node_status ?? {})) {
    if (state === 'online' || !nodes.includes(node)) continue;
    findings.push({
      code: state === 'maintenance' ? 'node-in-maintenance' : 'node-not-online',
      gravity: state === 'maintenance' ? 'note' : 'warning',
      what: `HA sees ${node} as ${state}`,
      why: 'it takes no services',
      todo: state === 'maintenance' ? `ha-manager crm-command node-maintenance disable ${node}` : `look at ${node}`,
    });
  }
  if (manager.disarm !== undefined) {
    findings.push({
      code: 'disarmed',
      gravity: 'warning',
      what: `HA is ${manager.disarm.state} (${manager.disarm.mode})`,
      why: 'nothing is recovered and no node is fenced',
      todo: 'ha-manager crm-command arm-ha, when the work is done',
    });
  }
  if (resources.ids.size > 0 && !files.has('ha/manager_status')) {
    findings.push({
      code: 'no-master-yet',
      gravity: 'warning',
      what: 'HA resources are configured, but no manager has ever written its status',
      why: 'nobody looks after them',
      todo: 'is pve-ha-crm running on the nodes?',
    });
  }
  return findings;
}

export function checkFencing({ datacenter, files, nodes }: ClusterDescription): readonly Finding[] {
  const text = files.get('ha/fence.cfg') ?? '';
  const parsed = parseFenceConfig(text);
  const findings: Finding[] = [];
  if ('failure' in parsed) {
    findings.push({
      code: 'fence-cfg-broken',
      gravity: datacenter.fencing === 'watchdog' ? 'note' : 'error',
      what: parsed.failure.replaceAll('\n', ' '),
      why: 'no fence device can be used',
      todo: 'correct ha/fence.cfg',
    });
    return findings;
  }
  if (datacenter.fencing === 'watchdog') return findings;
  const without = nodes.filter((node) => fenceCommands(parsed.config, node, 0).length === 0);
  if (without.length > 0) {
    findings.push({
      code: 'node-without-fence-device',
      gravity: 'warning',
      what: `fencing is '${datacenter.fencing}', but ${list(without)} ${without.length === 1 ? 'has' : 'have'} no fence device`,
      why: 'these nodes are fenced by their watchdog alone, which takes two minutes',
      todo: 'connect a device to each node in ha/fence.cfg',
    });
  }
  return findings;
}
