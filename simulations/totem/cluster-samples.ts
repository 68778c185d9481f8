import type { ClusterConfig, QuorumOptions } from '../../runtime/formats/cluster-config.ts';
import { QUORUM_DEFAULTS } from '../../runtime/formats/corosync-conf-quorum.ts';
import { totemTimers } from '../../runtime/formats/totem-timers.ts';

/** Plain vote counting. */
export const PLAIN_QUORUM: QuorumOptions = { ...QUORUM_DEFAULTS, provider: 'corosync_votequorum' };

/** A configuration of nodes 1..n with one vote each and the embedded default timers (§13.2.3). */
export function clusterConfig(nodeCount: number, quorum: Partial<QuorumOptions> = {}): ClusterConfig {
  const nodes = Array.from({ length: nodeCount }, (_, i) => ({
    nodeid: i + 1,
    name: `n${i + 1}`,
    votes: 1,
    addresses: [`127.0.1.${i + 1}`],
  }));
  return {
    clusterName: 'simulated',
    configVersion: 1,
    nodes,
    timers: totemTimers({ token: 900, token_coefficient: 125 }, nodeCount),
    quorum: { ...PLAIN_QUORUM, ...quorum },
    links: [],
    netmtu: 1500,
    secauth: true,
    transport: 'udp',
    ipVersion: 'ipv4',
    linkMode: 'passive',
  };
}
