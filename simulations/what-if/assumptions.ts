/** What-if: what no file of a cluster tells. */
import type { ClusterDescription } from '../../actors/doctor/cluster-description.ts';
import type { GuestPace } from './machine.ts';

export interface Assumptions extends GuestPace {
  /** From power on, or from a reset, to the start of the cluster's software. */
  readonly boot_s: number;
  /** Memory of nodes that have not published theirs, by node; of all others under the empty name. */
  readonly memory_bytes: Readonly<Record<string, number>>;
  /** A quorum device has its votes; not so with this project's own transport. */
  readonly countsDevice: boolean;
}

export const assumed = {
  start_s: 5,
  stop_s: 20,
  migration_bytes_per_s: 500 * 1024 * 1024,
  boot_s: 120,
} as const;

export function assumptionsInWords({ boot_s, migration_bytes_per_s, start_s, stop_s }: Assumptions): string {
  const rate = Math.round(migration_bytes_per_s / 1024 / 1024);
  return `a guest starts in ${start_s} s and stops in ${stop_s} s, memory migrates at ${rate} MiB/s, a node boots in ${boot_s} s`;
}

/** Bytes; undefined where nobody has told it. */
export function nodeMemory(
  { loads }: ClusterDescription,
  { memory_bytes }: Assumptions,
  node: string,
): number | undefined {
  return loads.get(node)?.memory_bytes ?? memory_bytes[node] ?? memory_bytes[''];
}
