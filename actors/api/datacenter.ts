/** Single values of `datacenter.cfg`. */
import type { ApiWorld } from './world.ts';

/** Lines of the form `key: value`. */
export function datacenterLines(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^([A-Za-z0-9_-]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, value);
  }
  return values;
}

export async function datacenterValue(world: ApiWorld, key: string): Promise<string | undefined> {
  const text = (await world.cluster.read('datacenter.cfg'))?.toString('utf8') ?? '';
  return datacenterLines(text).get(key);
}
