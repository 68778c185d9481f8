/** What high availability is made of in a run. */
import type { SeededRandom } from '../../../runtime/random/seeded.ts';

export const FENCING_MODES = ['watchdog', 'hardware', 'both'] as const;
export const SHUTDOWN_POLICIES = ['conditional', 'freeze', 'failover', 'migrate'] as const;

export interface HaOptions {
  /** Services of the cluster at the start, spread over its nodes; `vm:100`, `vm:101`, … */
  readonly services: number;
  /** From a daemon's question to the file system until it is asked there. */
  readonly answer_ms: readonly [min: number, max: number];
  readonly policy: (typeof SHUTDOWN_POLICIES)[number];
  readonly fencing: (typeof FENCING_MODES)[number];
  /** Content of `ha/rules.cfg`; a line ends at `|`, so that a scenario can hold it. */
  readonly rules: string;
  /** `crs` of datacenter.cfg. */
  readonly scheduler: string;
  /** The device that resets a machine does so later by this. Beyond 20 s it proves nothing any more. */
  readonly watchdogLate_ms: number;
  /** Share of starts that fail. */
  readonly startFailures: number;
  /** Somebody gives commands to the stack. */
  readonly operator: boolean;
  /** A machine that was reset starts again after so long. */
  readonly boot_ms: number;
}

/** A stack that does nothing of its own accord. */
export const CALM_HA: HaOptions = {
  services: 2,
  answer_ms: [0.3, 1],
  policy: 'conditional',
  fencing: 'watchdog',
  rules: '',
  scheduler: '',
  watchdogLate_ms: 0,
  startFailures: 0,
  operator: false,
  boot_ms: 40_000,
};

const LATEST_DEVICE_MS = 10_000;

export function drawHaOptions(random: SeededRandom, nodeCount: number): HaOptions {
  const services = random.below(2) === 0 ? 2 + random.below(3) : nodeCount + random.below(5);
  return {
    services,
    answer_ms: random.pick([
      [0.2, 1],
      [0.2, 1],
      [5, 60],
      [100, 900],
    ]),
    policy: random.pick(SHUTDOWN_POLICIES),
    fencing: random.pick(['watchdog', 'watchdog', 'watchdog', 'hardware', 'both']),
    rules: drawRules(random, services, nodeCount),
    scheduler: random.pick(['', 'ha=basic', 'ha=basic,ha-rebalance-on-start=1']),
    watchdogLate_ms: random.chance(0.3) ? random.below(LATEST_DEVICE_MS + 1) : 0,
    startFailures: random.pick([0, 0, 0.1]),
    operator: random.chance(0.75),
    boot_ms: random.pick([15_000, 40_000, 150_000]),
  };
}

export function serviceIds(services: number): readonly string[] {
  return Array.from({ length: services }, (_, at) => `vm:${FIRST_VMID + at}`);
}

export const FIRST_VMID = 100;

function drawRules(random: SeededRandom, services: number, nodeCount: number): string {
  const sids = serviceIds(services);
  const rules: string[] = [];
  if (random.chance(0.4)) {
    const node = 1 + random.below(nodeCount);
    const other = 1 + (node % nodeCount);
    const strict = random.chance(0.5) ? '|\tstrict 1' : '';
    rules.push(`node-affinity: drawn-nodes|\tresources ${sids[0]}|\tnodes n${node}:2,n${other}:1${strict}|`);
  }
  if (random.chance(0.4) && services >= 3) {
    const affinity = random.chance(0.6) ? 'negative' : 'positive';
    rules.push(`resource-affinity: drawn-pair|\tresources ${sids[1]},${sids[2]}|\taffinity ${affinity}|`);
  }
  return rules.join('|');
}
