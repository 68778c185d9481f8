/**
 * The Datagram port: sealed, unreliable, unordered messages between the nodes of one cluster.
 *
 * Whatever reaches a receiver was authenticated, is no replay and comes from the incarnation of the peer that is
 * alive now (spec/pmxcfs.md §13.2.4); everything else is counted by cause and dropped below this port.
 * Redundant links are below it too: a datagram is sent on the best live link of each peer.
 */
/** `payload` is valid during the call only: the buffer is reused. */
export type DatagramReceiver = (sender: number, payload: Buffer) => void;

export interface DatagramPort {
  /** Node id of this node. */
  readonly nodeid: number;
  /** Largest payload that fits one datagram on every link, bytes. May change with the configuration. */
  readonly maxPayload: number;
  /** Sends to one peer. Never throws for a peer that is unknown or unreachable: the datagram is lost. Sending to oneself is refused by an assertion. */
  send(peer: number, payload: Buffer): void;
  /** Sends the same payload to several peers; sealed once. */
  multicast(peers: readonly number[], payload: Buffer): void;
  /** Sets the only receiver. */
  onReceive(receiver: DatagramReceiver): void;
  /** Closes sockets; nothing is received afterwards. */
  close(): void;
}
