/** What a sweep sets instead of drawing it. */
import { SeededRandom } from '../../runtime/random/seeded.ts';
import type { GivenOptions } from '../cluster/options.ts';
import { optionsComplaint } from '../schedule/calm-options.ts';
import { type Range, UsageProblem } from './usage.ts';

export const PROFILES = ['swarm', 'lite', 'performance', 'long', 'ha'] as const;
export type Profile = (typeof PROFILES)[number];

const MINUTE_MS = 60_000;

const BY_PROFILE: Readonly<Record<Profile, GivenOptions>> = {
  /** All as it is drawn. */
  swarm: {},
  /** Nodes go and come back; short. */
  lite: { faults: ['crash', 'stop'], loss: 0, duplication: 0, largeFiles: false, chaos_ms: 30_000 },
  /** No faults: what the cluster does when all is well. */
  performance: { faults: [], loss: 0, duplication: 0, freshNodes: false, skew_ms: 0, chaos_ms: 60_000 },
  /** For soaks. */
  long: { chaos_ms: 15 * MINUTE_MS },
  /** High availability in every run, as its seed draws it. */
  ha: { ha: {} },
};

export interface Sweep {
  readonly profile: Profile;
  /** How many; undefined for what the seeds draw. */
  readonly nodes: Range | undefined;
  /** Of the part with faults. */
  readonly minutes: number | undefined;
  readonly set: GivenOptions;
}

export const PLAIN_SWEEP: Sweep = { profile: 'swarm', nodes: undefined, minutes: undefined, set: {} };

/** Options that `seed` gets instead of drawing them. */
export function settingsOf({ profile, nodes, minutes, set }: Sweep, seed: number): GivenOptions {
  return {
    ...BY_PROFILE[profile],
    ...(nodes === undefined ? {} : nodeSettings(nodes, seed)),
    ...(minutes === undefined ? {} : { chaos_ms: minutes * MINUTE_MS }),
    ...set,
  };
}

function nodeSettings({ first, last }: Range, seed: number): GivenOptions {
  const nodeCount = first + new SeededRandom(seed).split('nodes').below(last - first + 1);
  // Of two nodes none may suffer within the promise; a node that is added takes a number above the last.
  return { nodeCount, growth: false, ...(nodeCount > 2 ? {} : { profile: 'wild' }) };
}

/** The flags that make the same sweep, each with a blank before it. */
export function flagsOf({ profile, nodes, minutes, set }: Sweep): string {
  const flags = [
    ...(profile === 'swarm' ? [] : [`--profile ${profile}`]),
    ...(nodes === undefined ? [] : [`--nodes ${nodes.first}..${nodes.last}`]),
    ...(minutes === undefined ? [] : [`--minutes ${minutes}`]),
    ...(Object.keys(set).length === 0 ? [] : [`--set '${JSON.stringify(set)}'`]),
  ];
  return flags.map((flag) => ` ${flag}`).join('');
}

/** `--set JSON`. */
export function readSet(text: string): GivenOptions {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageProblem(`--set wants options as JSON, e.g. '{"nodeCount":5}', not '${text}'`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageProblem(`--set wants an object of options, not '${text}'`);
  }
  const complaint = optionsComplaint(value as Readonly<Record<string, unknown>>);
  if (complaint !== undefined) throw new UsageProblem(`--set: ${complaint}`);
  return value;
}
