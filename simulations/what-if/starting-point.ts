/** What-if: how a cluster stands before anything happens, by its files. */
import type { ClusterDescription } from '../../actors/doctor/cluster-description.ts';
import type { GuestFacts } from '../../actors/doctor/guest-facts.ts';
import { type Assumptions, nodeMemory } from './assumptions.ts';

/** By `.members`, or by what the manager saw last. */
export function startsUp({ manager, nodes, online }: ClusterDescription, node: string): boolean {
  if (!nodes.includes(node)) return false;
  const seen = online?.get(node);
  if (seen !== undefined) return seen;
  return !['fence', 'gone', 'unknown'].includes(manager.node_status?.[node] ?? 'online');
}

const running: ReadonlySet<string> = new Set(['started', 'migrate', 'relocate', 'freeze', 'request_stop']);

export function wasRunning({ files, manager, resources }: ClusterDescription, guest: GuestFacts): boolean {
  if (guest.isTemplate) return false;
  const resource = resources.ids.get(guest.sid);
  if (resource !== undefined && resource.state !== 'ignored') {
    const state = manager.service_status?.[guest.sid]?.state;
    const wanted = resource.state ?? 'started';
    return state === undefined ? wanted === 'started' || wanted === 'enabled' : running.has(state);
  }
  return publishedStatus(files.get('.rrd') ?? '', guest.vmid) ?? guest.onboot;
}

/** Columns: uptime, name, status, template (spec/status.md §2). */
function publishedStatus(rrd: string, vmid: string): boolean | undefined {
  const line = new RegExp(`^pve[^/\\n]*vm[^/\\n]*/${vmid}:(.*)$`, 'm').exec(rrd)?.[1];
  return line === undefined ? undefined : Number(line.split(':')[0]) > 0;
}

/** What each node would publish of its size (spec/ha.md §12). */
export function staticInfo(cluster: ClusterDescription, assumptions: Assumptions): Readonly<Record<string, string>> {
  const infos: Record<string, string> = {};
  for (const node of cluster.nodes) {
    const memory = nodeMemory(cluster, assumptions, node);
    if (memory !== undefined) infos[node] = JSON.stringify({ cpus: cluster.loads.get(node)?.cpus || 1, memory });
  }
  return infos;
}
