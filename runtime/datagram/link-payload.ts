/** How much a datagram may carry on the links of a node. */
import type { ClusterConfig } from '../formats/cluster-config.ts';
import { DEFAULT_NETMTU } from '../formats/corosync-conf-read.ts';
import { isLoopback } from '../formats/host-address.ts';
import { SEAL_OVERHEAD } from './sealing.ts';

/** Loopback has no frames to fill: larger datagrams carry more messages per token visit. */
const LOOPBACK_PAYLOAD = 8192;

/** Largest payload that fits one datagram on every link of `nodeid`, bytes: `netmtu`, or more where all links are loopback. */
export function maxPayloadOf(config: ClusterConfig, nodeid: number): number {
  const addresses = config.nodes.find((node) => node.nodeid === nodeid)?.addresses ?? [];
  const used = addresses.filter((address) => address !== undefined);
  const unlimited = config.netmtu === DEFAULT_NETMTU && used.length > 0 && used.every(isLoopback);
  return unlimited ? LOOPBACK_PAYLOAD : config.netmtu - SEAL_OVERHEAD;
}
