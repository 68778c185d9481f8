/** What a fencing came from, as far as the evidence tells. */
import type { Episode } from './episode.ts';

export type Cause =
  /** Told to go down: no watchdog took part. */
  | 'orderly-shutdown'
  /** Cut off while it went on running. */
  | 'network'
  /** It stood still: paused, overloaded, or without a disk. */
  | 'stalled'
  /** A daemon ended without closing its watchdog, or corosync or pmxcfs ended. */
  | 'daemon-died'
  /** A member all the time, but its lock could not be renewed. */
  | 'lock-not-renewed'
  /** Its log ends when the others lost it. */
  | 'silent'
  /** The whole cluster was without quorum. */
  | 'no-quorum-anywhere'
  /** The victim said nothing that was given. */
  | 'victim-not-heard';

/** The first that fits. */
export function causeOf(episode: Episode, hasVictimsLog: boolean): Cause {
  const { deaths, expired, left, links, othersWithoutQuorum, shutdown, stalls, wordsAfter } = episode;
  const hasExpired = expired?.fact.event === 'expired';
  if (shutdown !== undefined && !hasExpired) return 'orderly-shutdown';
  if (deaths.length > 0 || expired?.fact.event === 'client-died') return 'daemon-died';
  if (stalls.some(({ fact }) => fact.ms >= longest_tolerated_ms)) return 'stalled';
  if (!hasVictimsLog) return 'victim-not-heard';
  if (left !== undefined && othersWithoutQuorum.length > 0 && othersWithoutQuorum.length >= left.seenBy.length) {
    return 'no-quorum-anywhere';
  }
  // Who tells that it is alone was alive.
  const isHeard = episode.quorumLost !== undefined || links.some(({ node }) => node === episode.victim);
  if (left !== undefined && wordsAfter === 0 && !hasExpired && !isHeard) return 'silent';
  const end_ms = hasExpired ? expired!.at_ms : Number.POSITIVE_INFINITY;
  const isCutOff = links.some(({ at_ms }) => at_ms < end_ms) || episode.quorumLost !== undefined;
  const isLostBefore = left !== undefined && left.at_ms < end_ms;
  return isCutOff || isLostBefore ? 'network' : 'lock-not-renewed';
}

/** A node that stands still for less keeps its token on most clusters, and its lock on all. */
const longest_tolerated_ms = 5000;
