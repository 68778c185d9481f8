/** `pve-actors doctor`: what in a cluster would let it down, before it does. Reads, touches nothing. */
import type { ClusterDescription } from './cluster-description.ts';
import { type Finding, type Gravity, gravest } from './finding.ts';
import { checkClocks, checkHostConfig, checkTimeService, checkWatchdog, type Machine } from './machine-checks.ts';
import { checkLinks, checkQuorum, votesOf } from './quorum-checks.ts';
import { checkMovable, checkNames, checkRoom, checkRules } from './service-checks.ts';
import { checkFencing, checkState } from './state-checks.ts';

export interface Examination {
  readonly cluster: string;
  readonly nodes: number;
  readonly votes: { readonly expected: number; readonly quorum: number; readonly losable: number };
  readonly resources: number;
  /** The gravest first. */
  readonly findings: readonly Finding[];
  /** What was not looked at, and why. */
  readonly unchecked: readonly string[];
}

/** `checkQuorum` tells it. */
const isOfDevice = /: quorum\.device: /;

/** @param machine where it is that of a running node; undefined for a copy of the files */
export function examine(cluster: ClusterDescription, machine: Machine | undefined): Examination {
  const hasHa = cluster.resources.ids.size > 0;
  const findings: Finding[] = [
    ...checkQuorum(cluster),
    ...checkLinks(cluster),
    ...checkNames(cluster),
    ...checkRules(cluster),
    ...checkRoom(cluster),
    ...checkMovable(cluster),
    ...checkState(cluster),
    ...checkFencing(cluster),
    ...cluster.warnings.filter((warning) => !isOfDevice.test(warning)).map(asFinding),
  ];
  const unchecked: string[] = [];
  if (machine === undefined)
    unchecked.push('watchdog, clock and time service: these are files of a cluster, not a node');
  else {
    findings.push(...checkWatchdog(machine, hasHa), ...checkClocks(machine, cluster));
    findings.push(...checkHostConfig(machine, cluster));
    if (machine.isWhole) findings.push(...checkTimeService(machine));
  }
  if (cluster.storages.size === 0) unchecked.push('whether disks are on shared storage: there is no storage.cfg');
  return {
    cluster: cluster.config.clusterName,
    nodes: cluster.nodes.length,
    votes: votesOf(cluster),
    resources: cluster.resources.ids.size,
    findings: gravest(findings),
    unchecked,
  };
}

function asFinding(warning: string): Finding {
  return {
    code: 'file-warning',
    gravity: 'warning',
    what: warning,
    why: 'what is written there has no effect',
    todo: 'correct the file',
  };
}

/** 0: nothing to do; 2: something is wrong or soon may be. */
export function examinationCode({ findings }: Examination): 0 | 2 {
  return findings.some(({ gravity }) => gravity !== 'note') ? 2 : 0;
}

const names: Readonly<Record<Gravity, string>> = { error: 'ERROR', warning: 'WARNING', note: 'note' };

export function examinationText({ cluster, findings, nodes, resources, unchecked, votes }: Examination): string {
  const lines = [
    `cluster ${cluster}: ${nodes} node${nodes === 1 ? '' : 's'}, ${resources} HA resource${resources === 1 ? '' : 's'}; ` +
      `quorum is ${votes.quorum} of ${votes.expected} votes, ${votes.losable} node${votes.losable === 1 ? '' : 's'} may fail`,
  ];
  for (const { gravity, todo, what, why } of findings) {
    lines.push('', `${names[gravity]}: ${what}`, `  why: ${why}`, `  do:  ${todo}`);
  }
  const counts = (['error', 'warning', 'note'] as const).map((gravity) => {
    const count = findings.filter((finding) => finding.gravity === gravity).length;
    return `${count} ${gravity}${count === 1 ? '' : 's'}`;
  });
  lines.push('', findings.length === 0 ? 'nothing was found' : counts.join(', '));
  for (const sentence of unchecked) lines.push(`not looked at: ${sentence}`);
  return lines.join('\n');
}
