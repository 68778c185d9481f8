/** Options that are given instead of drawn. */
import { CALM_HA } from '../cluster/ha/options.ts';
import { drawOptions, type GivenOptions, type RunOptions } from '../cluster/options.ts';

/** A quiet cluster, whatever else there are options for: what somebody wants of it, he says. */
export function calmOptions(): RunOptions {
  const { ha: _ha, ...drawn } = drawOptions(1);
  const off = Object.fromEntries(
    Object.entries(drawn).flatMap(([name, value]) => (typeof value === 'boolean' ? [[name, false]] : [])),
  );
  return {
    ...drawn,
    ...off,
    seed: 1,
    nodeCount: 3,
    profile: 'promise',
    faults: [],
    latency_ms: [0.5, 1],
    loss: 0,
    duplication: 0,
    maxPayload: 8192,
    idleRotations: 1,
    clientsPerNode: 1,
    think_ms: 500,
    skew_ms: 0,
    chaos_ms: 0,
  };
}

/** A quiet cluster but for what is given; high availability, where any of it is given, is quiet in the rest. */
export function withCalm(given: GivenOptions): RunOptions {
  const { ha, ...others } = given;
  return { ...calmOptions(), ...others, ...(ha === undefined ? {} : { ha: { ...CALM_HA, ...ha } }) };
}

const PROFILES: readonly unknown[] = ['promise', 'wild'] satisfies readonly RunOptions['profile'][];
export const MOST_NODES = 64;

/** What is wrong with options that somebody gave, a sentence. */
export function optionsComplaint(given: Readonly<Record<string, unknown>>): string | undefined {
  const usual = { ...calmOptions(), ha: CALM_HA } as unknown as Readonly<Record<string, unknown>>;
  const { ha = {} } = given as { readonly ha?: object };
  const strange = Object.keys(ha).find((name) => !(name in CALM_HA));
  if (strange !== undefined) return `there is no option '${strange}' of high availability`;
  for (const [name, value] of Object.entries(given)) {
    if (!(name in usual)) return `there is no option '${name}' of a cluster`;
    if (!isAlike(value, usual[name])) {
      return `${JSON.stringify(value)} is no ${name}, which is ${JSON.stringify(usual[name])} otherwise`;
    }
  }
  const { profile = 'wild', nodeCount = 1 } = given;
  if (!PROFILES.includes(profile)) return `there is no profile '${profile}'`;
  const isCount = Number.isInteger(nodeCount) && (nodeCount as number) >= 1 && (nodeCount as number) <= MOST_NODES;
  return isCount ? undefined : `a cluster has 1 to ${MOST_NODES} nodes, not ${nodeCount}`;
}

function isAlike(value: unknown, usual: unknown): boolean {
  if (Array.isArray(usual)) return Array.isArray(value);
  return typeof value === typeof usual && value !== null && !Array.isArray(value);
}
