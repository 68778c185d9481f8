/** What machines of high availability need of the world around them. */
import type { VirtualClock } from '../../../runtime/clock/virtual.ts';
import type { LogLevel } from '../../../runtime/log/log.ts';
import type { SeededRandom } from '../../../runtime/random/seeded.ts';
import type { SimulatedNode } from '../node.ts';
import type { Observers } from '../observers.ts';
import type { RunTrace } from '../trace.ts';
import type { HaOptions } from './options.ts';

export interface HaSurroundings {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly trace: RunTrace;
  readonly observers: Observers;
  readonly options: { readonly ha?: HaOptions };
  readonly now_ms: number;
  /** Of the cluster. */
  readonly nodes: readonly SimulatedNode[];
  node(nodeid: number): SimulatedNode;
  nextPid(): number;
  mark(name: string): void;
  /** A process beside pmxcfs writes to the log of its node. */
  haLog(nodeid: number, domain: string, level: LogLevel, message: string): void;
  /** Nodes that datagrams of `nodeid` can reach. */
  reachedFrom(nodeid: number): readonly number[];
  boot(node: SimulatedNode): void;
  losePower(node: SimulatedNode, keptCommits: number): void;
  resume(node: SimulatedNode): void;
  shutDown(node: SimulatedNode): void;
}
