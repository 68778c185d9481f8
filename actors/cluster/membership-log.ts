/** The log lines of a membership change, in the original's words (spec/pmxcfs.md §7.4). */
import { without } from '../../machines/cluster/totem/node-set.ts';
import type { TotemTimers } from '../../runtime/formats/cluster-config.ts';
import type { RingChange } from './ring-host.ts';

/** Domain QUORUM, when a new ring is installed. What didn't come along in the same old ring has left it. */
export function syncLines({ members, transitional, before }: RingChange, isFirst: boolean): string[] {
  return [
    nodesLine('Sync members', members),
    nodesLine('Sync joined', isFirst ? members : without(members, transitional)),
    nodesLine('Sync left', without(before, transitional)),
  ].filter((line) => line !== '');
}

/** `label[n]: ids`, or nothing for an empty list. */
export function nodesLine(label: string, nodes: readonly number[]): string {
  return nodes.length === 0 ? '' : `${label}[${nodes.length}]: ${nodes.join(' ')}`;
}

/** Domain TOTEM, when a new ring is installed. */
export function membershipLines(change: RingChange, isFirst: boolean): string[] {
  const { ring, members, transitional, before, leaving } = change;
  const joined = isFirst ? members : without(members, transitional);
  const left = without(before, transitional);
  const parts = [`A new membership (${ring.rep.toString(16)}.${ring.seq.toString(16)}) was formed. Members`];
  if (joined.length > 0) parts.push(`joined: ${joined.join(' ')}`);
  if (left.length > 0) parts.push(`left: ${left.join(' ')}`);
  const failed = without(left, leaving);
  const lines = [parts.join(' ')];
  if (failed.length > 0) lines.push(`Failed to receive the leave message. failed: ${failed.join(' ')}`);
  return lines;
}

/** Domain TOTEM, when the token of an installed ring is lost. */
export function tokenLossLine({ token_ms, consensus_ms }: TotemTimers): string {
  return `A processor failed, forming new configuration: token timed out (${token_ms}ms), waiting ${consensus_ms}ms for consensus.`;
}
