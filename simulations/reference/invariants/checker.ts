import type { Crm } from '../../../machines/ha/crm/crm.ts';
import type { Lrm } from '../../../machines/ha/lrm/lrm.ts';
import type { DaemonHost, Deed } from '../daemon-host.ts';
import type { RoundRobinWorld } from '../round-robin.ts';

/** One invariant of spec/ha.md §16, made anew for each run. A method returns what is wrong, or undefined. */
export interface Invariant {
  /** As in the specification: `16.1 single execution`. */
  readonly name: string;
  deed?(deed: Deed, world: RoundRobinWorld): string | undefined;
  iteration?(host: DaemonHost, world: RoundRobinWorld): string | undefined;
  command?(text: string, world: RoundRobinWorld): string | undefined;
}

export function crmOf({ daemon, kind }: DaemonHost): Crm | undefined {
  return kind === 'crm' ? (daemon as Crm) : undefined;
}

export function lrmOf({ daemon, kind }: DaemonHost): Lrm | undefined {
  return kind === 'lrm' ? (daemon as Lrm) : undefined;
}

/** Name of the node of an agent lock. */
export function agentOf(lock: string): string | undefined {
  return /^ha_agent_(.+)_lock$/.exec(lock)?.[1];
}

export function isGranted({ reply }: Deed): boolean {
  return reply.ok && reply.value === true;
}
