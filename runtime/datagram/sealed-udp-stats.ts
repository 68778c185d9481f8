/** What the sealed transport counts, for `pve-actors status` and for tests. */
import type { TransportRelease } from './hello.ts';
import type { DropCause } from './peer-sessions.ts';

export interface LinkStats {
  readonly link: number;
  readonly address: string;
  readonly up: boolean;
  /** The link that datagrams to this peer take. */
  readonly best: boolean;
  readonly rtt_ms: number | undefined;
  readonly sent: number;
  readonly received: number;
}

export interface PeerStats {
  readonly nodeid: number;
  readonly name: string;
  readonly established: boolean;
  readonly release: TransportRelease | undefined;
  /** Datagrams that claimed to come from this peer. */
  readonly dropped: Readonly<Partial<Record<DropCause, number>>>;
  /** Address from which somebody else sends with this peer's nodeid. */
  readonly claimedFrom: string | undefined;
  readonly links: readonly LinkStats[];
}

export interface SealedUdpStats {
  readonly maxPayload: number;
  readonly dropped: Readonly<Record<DropCause, number>>;
  readonly sendErrors: number;
  readonly peers: readonly PeerStats[];
}
