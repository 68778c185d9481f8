/** What the files of high availability say, in the newest tree that a quorate node has. */
import { parseResources, type ResourceSet } from '../../../machines/ha/resources.ts';
import type { ManagerStatus } from '../../../machines/ha/state-files.ts';
import type { ClusterView, ObservedProcess } from '../../checkers/observation.ts';

export interface HaState {
  readonly status: ManagerStatus;
  readonly resources: ResourceSet['ids'];
  /** Guests with a configuration: sid → name of the node. */
  readonly guests: ReadonlyMap<string, string>;
  readonly rules: string;
}

/** Undefined where no node is quorate and up to date. */
export function haStateOf({ nodes }: Pick<ClusterView, 'nodes'>): HaState | undefined {
  const trees = nodes.flatMap(({ process }) => (process?.node.isReady === true ? [process] : []));
  const [newest] = trees.sort((a, b) => b.memdb.root.version - a.memdb.root.version);
  if (newest === undefined) return undefined;
  return {
    status: managerStatusIn(textOf(newest, 'ha/manager_status')),
    resources: parseResources(textOf(newest, 'ha/resources.cfg')).resources.ids,
    guests: new Map(
      Array.from(newest.memdb.guests.entries(), ([vmid, { node, type }]) => [
        `${type === 'qemu' ? 'vm' : 'ct'}:${vmid}`,
        node,
      ]),
    ),
    rules: textOf(newest, 'ha/rules.cfg'),
  };
}

export function managerStatusIn(text: string): ManagerStatus {
  return text === '' ? {} : (JSON.parse(text) as ManagerStatus);
}

/** Wanted, configured, and not left alone for a reason that a person has to remove. */
export function servicesThatShouldRun({ guests, resources, status }: HaState): readonly string[] {
  if (status.disarm !== undefined) return [];
  return [...resources].flatMap(([sid, { state = 'started' }]) => {
    const isWanted = state === 'started' || state === 'enabled';
    const isLeftAlone = status.service_status?.[sid]?.state === 'error';
    return isWanted && guests.has(sid) && !isLeftAlone ? [sid] : [];
  });
}

function textOf({ memdb }: ObservedProcess, path: string): string {
  return memdb.lookup(path)?.data?.toString('latin1') ?? '';
}
