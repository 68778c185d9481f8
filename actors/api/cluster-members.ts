/** Members of the cluster as methods list them; a node on its own is a cluster of one. */
import type { ApiWorld } from './world.ts';

export interface Member {
  readonly name: string;
  readonly id: number;
  readonly isOnline: boolean;
  readonly ip: string | undefined;
}

/** Sorted by name. */
export async function membersOf(world: ApiWorld): Promise<readonly Member[]> {
  const { nodelist } = await world.cluster.members();
  if (nodelist === undefined) return [{ name: world.nodeName, id: 0, isOnline: true, ip: undefined }];
  return Object.entries(nodelist)
    .map(([name, { id, online, ip }]) => ({ name, id, isOnline: online === 1, ip }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
