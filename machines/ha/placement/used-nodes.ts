/** Which online nodes a service loads (spec/ha.md §7.1). */

/** What placement looks at in a service of the manager's status. */
export interface PlacedService {
  readonly state: string;
  readonly node: string;
  readonly target?: string | null;
  readonly running?: unknown;
  readonly failed_nodes?: readonly string[];
  readonly maintenance_node?: string;
}

export interface UsedNodes {
  readonly current?: string;
  readonly target?: string;
}

const usesCurrent = new Set(['started', 'request_stop', 'fence', 'freeze', 'error', 'recovery', 'migrate', 'relocate']);
const usesTarget = new Set(['migrate', 'relocate', 'request_start_balance']);

export function usedNodes(service: PlacedService, online: ReadonlySet<string>): UsedNodes {
  const current = usesCurrent.has(service.state) && online.has(service.node) ? service.node : undefined;
  const wanted = usesTarget.has(service.state) ? service.target : undefined;
  const target = typeof wanted === 'string' && online.has(wanted) ? wanted : undefined;
  return { ...(current !== undefined && { current }), ...(target !== undefined && { target }) };
}
