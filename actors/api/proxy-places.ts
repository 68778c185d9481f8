/** Where pveproxy of a node listens: port 8006 of its cluster address, or the port that it has published. */
import type { ApiWorld } from './world.ts';

export const PROXY_PORT = 8006;
export const DAEMON_PORT = 85;
/** Published among the values of a node where it isn't the usual one. */
export const PORT_KEY = 'pveproxy-port';

export async function proxyPlaces(
  world: ApiWorld,
  node: string,
): Promise<{ readonly host: string; readonly port: number } | undefined> {
  const { nodelist = {} } = await world.cluster.members();
  const member = Object.hasOwn(nodelist, node) ? nodelist[node] : undefined;
  if (member?.ip === undefined) return undefined;
  const published = (await world.cluster.nodeStatus(PORT_KEY, node))?.toString('latin1').replace(/\0.*$/s, '');
  return { host: member.ip, port: /^[0-9]{1,5}$/.test(published ?? '') ? Number(published) : PROXY_PORT };
}
