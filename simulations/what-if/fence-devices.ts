/** What-if: fence devices that work as they are configured (spec/ha.md §11.2): `off` takes a node's power, `status` tells whether it has any. */
import type { ClusterDescription } from '../../actors/doctor/cluster-description.ts';
import type { FencePrograms } from '../../actors/ha/ports.ts';
import { fenceTries, parseFenceConfig } from '../../machines/ha/fencing/fence-config.ts';
import type { Clock } from '../../runtime/clock/clock.ts';

export interface PowerSupply {
  isOff(node: string): boolean;
  cut(node: string): void;
}

/** An agent logs in, switches, and looks. */
const agent_ms = 4000;
const EXIT_DONE = 0;
const EXIT_OFF = 2;
const EXIT_UNKNOWN = -1;

type Meaning = { readonly node: string; readonly action: 'off' | 'status' };

export function workingFenceDevices(cluster: ClusterDescription, clock: Clock, supply: PowerSupply): FencePrograms {
  const meanings = meaningsOf(cluster);
  return {
    run: (line, done) => {
      const timer = clock.setTimeout(() => {
        const meaning = meanings.get(line);
        if (meaning === undefined) return done(EXIT_UNKNOWN);
        if (meaning.action === 'off') supply.cut(meaning.node);
        done(meaning.action === 'status' && supply.isOff(meaning.node) ? EXIT_OFF : EXIT_DONE);
      }, agent_ms);
      return () => clock.clearTimeout(timer);
    },
  };
}

/** By command line. */
function meaningsOf({ files, nodes }: ClusterDescription): ReadonlyMap<string, Meaning> {
  const parsed = parseFenceConfig(files.get('ha/fence.cfg') ?? '');
  const meanings = new Map<string, Meaning>();
  if ('failure' in parsed) return meanings;
  for (const node of nodes) {
    for (const action of ['off', 'status'] as const) {
      for (const { line } of fenceTries(parsed.config, node, action).flat()) meanings.set(line, { node, action });
    }
  }
  return meanings;
}
