/**
 * The Datagram port of a real node: sealed datagrams over UDP, one socket per link, with fail-over between the links
 * (spec/pmxcfs.md §7.4, §13.2.4, §13.2.5, §13.2.10).
 *
 * The parts that decide are `peer-sessions.ts` (who is alive), `peer-links.ts` (which link) and `sealing.ts`; this file
 * gives them sockets and time. On the way of a datagram there is no promise and no timer.
 */
import * as assert from 'node:assert';
import type { Clock, TimerHandle } from '../clock/clock.ts';
import type { ClusterConfig, ClusterNode } from '../formats/cluster-config.ts';
import { addressFamily, canonicalAddress } from '../formats/host-address.ts';
import type { Log } from '../log/log.ts';
import type { Random } from '../random/random.ts';
import type { DatagramPort, DatagramReceiver } from './datagram.ts';
import type { TransportRelease } from './hello.ts';
import { KNET_DOMAIN, logClaim, logFirstDrop, logLinkEvents } from './link-log.ts';
import { maxPayloadOf } from './link-payload.ts';
import { LinkOpenError, type LinkSocket, openLinkSocket } from './link-socket.ts';
import { type LinkEvent, PeerLinks } from './peer-links.ts';
import { DROP_CAUSES, type DropCause, PeerSessions, type Received } from './peer-sessions.ts';
import type { PeerStats, SealedUdpStats } from './sealed-udp-stats.ts';
import { ANY_PEER, DATAGRAM_KIND, SEAL_OVERHEAD } from './sealing.ts';

export interface SealedUdpOptions {
  readonly nodeid: number;
  /** Addresses must be literal: `resolveAddresses` of `addresses.ts` makes them so. */
  readonly config: ClusterConfig;
  readonly authkey: Buffer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Named in complaints. */
  readonly configFile?: string;
  /** Where to bind per link, where that isn't this node's `ringN_addr` (behind NAT, say). */
  readonly bindAddresses?: readonly (string | undefined)[];
  readonly release?: TransportRelease;
}

/** What a new configuration couldn't change while running; sentences. */
export interface Reconfiguration {
  readonly problems: readonly string[];
}

interface Peer {
  node: ClusterNode;
  readonly links: PeerLinks;
  readonly sent: number[];
  readonly received: number[];
  readonly dropped: Partial<Record<DropCause, number>>;
  /** Where somebody else sends from with this peer's nodeid. */
  claimedFrom: string | undefined;
}

/** Largest UDP payload of IPv4, less what sealing adds. */
const LARGEST_PAYLOAD = 65_507 - SEAL_OVERHEAD;
/** Timers are never exact; only lateness above this is taken for a stall. */
const LATENESS_SLACK_MS = 20;
const LINK_RETRY_MS = 5000;

/**
 * Opens the sockets of all links, or rejects with a `LinkOpenError` whose message says what to correct. A node with one
 * good link starts: the network card that failed must not keep it from rebooting; the other link is tried again.
 */
export async function openSealedUdp(options: SealedUdpOptions): Promise<SealedUdp> {
  const own = options.config.nodes.find(({ nodeid }) => nodeid === options.nodeid);
  if (!own)
    throw new LinkOpenError('ENODE', `node ${options.nodeid} is not in the node list of ${fileOf(options)}`, undefined);
  const udp = new SealedUdp(options);
  const failures = await udp.openLinks(own);
  if (failures[0] && udp.openLinkCount === 0) throw failures[0];
  for (const { message } of failures) options.log.write(KNET_DOMAIN, 'error', `${message} (it is tried again)`);
  udp.start();
  return udp;
}

export class SealedUdp implements DatagramPort {
  readonly nodeid: number;
  readonly #options: SealedUdpOptions;
  readonly #sessions: PeerSessions;
  readonly #peers = new Map<number, Peer>();
  readonly #sockets = new Map<number, LinkSocket>();
  readonly #dropped = Object.fromEntries(DROP_CAUSES.map((cause) => [cause, 0])) as Record<DropCause, number>;
  readonly #pingBody = Buffer.alloc(12);
  #config: ClusterConfig;
  #maxPayload: number;
  #outgoing = Buffer.allocUnsafeSlow(LARGEST_PAYLOAD + 2 * SEAL_OVERHEAD);
  #receiver: DatagramReceiver = () => {};
  #timer: TimerHandle | undefined;
  #tickDue_ms = 0;
  #reconfiguring: Promise<unknown> = Promise.resolve();
  #closed = false;
  #retiredSendErrors = 0;
  /** When to try again the links that couldn't be opened. */
  #retryLinks_ms: number | undefined;

  /** Use `openSealedUdp`. */
  constructor(options: SealedUdpOptions) {
    const { nodeid, config, authkey, random, clock, release } = options;
    this.nodeid = nodeid;
    this.#options = options;
    this.#config = config;
    this.#maxPayload = maxPayloadOf(config, nodeid);
    this.#sessions = new PeerSessions({
      nodeid,
      clusterName: config.clusterName,
      authkey,
      random,
      now_ms: () => clock.monotonic_ms(),
      ...(release && { release }),
    });
  }

  get maxPayload(): number {
    return this.#maxPayload;
  }

  onReceive(receiver: DatagramReceiver): void {
    this.#receiver = receiver;
  }

  send(nodeid: number, payload: Buffer): void {
    assert.notEqual(nodeid, this.nodeid, 'a node sends nothing to itself');
    assert.ok(payload.length <= LARGEST_PAYLOAD, 'a payload fits a datagram');
    const peer = this.#peers.get(nodeid);
    if (!peer || this.#closed) return;
    const length = this.#sessions.seal(DATAGRAM_KIND.data, nodeid, payload, this.#outgoing);
    this.#emit(peer, peer.links.best, length);
  }

  multicast(nodeids: readonly number[], payload: Buffer): void {
    assert.ok(payload.length <= LARGEST_PAYLOAD, 'a payload fits a datagram');
    if (this.#closed) return;
    const length = this.#sessions.seal(DATAGRAM_KIND.data, ANY_PEER, payload, this.#outgoing);
    const sealed = this.#outgoing;
    for (const nodeid of nodeids) {
      assert.notEqual(nodeid, this.nodeid, 'a node sends nothing to itself');
      const peer = this.#peers.get(nodeid);
      if (peer) this.#emit(peer, peer.links.best, length, sealed);
    }
  }

  /**
   * Takes a new configuration while running: removed nodes are refused at once, added ones greeted; changed addresses,
   * ports and timers apply. What can't change is returned, and stays as it was.
   */
  async reconfigure(config: ClusterConfig): Promise<Reconfiguration> {
    const next = this.#reconfiguring.then(() => this.#reconfigure(config));
    this.#reconfiguring = next.catch(() => {});
    return next;
  }

  stats(): SealedUdpStats {
    const socketErrors = [...this.#sockets.values()].reduce((sum, { sendErrors }) => sum + sendErrors, 0);
    return {
      maxPayload: this.#maxPayload,
      dropped: { ...this.#dropped },
      sendErrors: this.#retiredSendErrors + socketErrors,
      peers: [...this.#peers.values()].map((peer) => this.#peerStats(peer)),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer);
    for (const socket of this.#sockets.values()) socket.close();
    this.#receiver = () => {};
  }

  /** Opens the links of this node that aren't open at their address yet, and closes those that are no more. */
  async openLinks(own: ClusterNode): Promise<readonly LinkOpenError[]> {
    const failures: LinkOpenError[] = [];
    const wanted = new Set<number>();
    for (const { linknumber: link, port } of this.#config.links) {
      const address = this.#options.bindAddresses?.[link] ?? own.addresses[link];
      if (address === undefined) continue;
      wanted.add(link);
      const present = this.#sockets.get(link);
      if (present?.address === address && present.port === port) continue;
      const socket = await this.#openSocket(own, link, address, port);
      if (socket instanceof LinkOpenError) {
        failures.push(socket);
        continue;
      }
      if (present) this.#retire(present);
      this.#sockets.set(link, socket);
    }
    for (const [link, socket] of this.#sockets) {
      if (wanted.has(link)) continue;
      this.#retire(socket);
      this.#sockets.delete(link);
    }
    this.#retryLinks_ms = failures.length > 0 ? this.#options.clock.monotonic_ms() + LINK_RETRY_MS : undefined;
    return failures;
  }

  get openLinkCount(): number {
    return this.#sockets.size;
  }

  /** Greets the peers and begins to watch the links. */
  start(): void {
    this.#applyPeers();
    this.#tick();
  }

  async #openSocket(
    own: ClusterNode,
    link: number,
    address: string,
    port: number,
  ): Promise<LinkSocket | LinkOpenError> {
    const socket = await openLinkSocket({
      link,
      address,
      port,
      place: `ring${link}_addr of node '${own.name}' in ${fileOf(this.#options)}`,
      log: this.#options.log,
      onDatagram: (number, datagram, from) => this.#datagram(number, datagram, from),
    });
    if (!this.#closed || socket instanceof LinkOpenError) return socket;
    socket.close();
    return new LinkOpenError('ECLOSED', `link ${link} was closed while it was opened`, undefined);
  }

  #retire(socket: LinkSocket): void {
    this.#retiredSendErrors += socket.sendErrors;
    socket.close();
  }

  async #reconfigure(config: ClusterConfig): Promise<Reconfiguration> {
    if (this.#closed) return { problems: [] };
    if (config.clusterName !== this.#config.clusterName) {
      return { problems: ['totem.cluster_name changed: restart all nodes of the cluster to apply it'] };
    }
    const own = config.nodes.find(({ nodeid }) => nodeid === this.nodeid);
    this.#config = own ? config : { ...config, nodes: [] };
    this.#applyPeers();
    if (!own) return { problems: [`node ${this.nodeid} is not in the node list any more: it has no peers now`] };
    this.#maxPayload = maxPayloadOf(config, this.nodeid);
    const failures = await this.openLinks(own);
    return { problems: failures.map(({ message }) => message) };
  }

  #applyPeers(): void {
    const listed = new Map(this.#config.nodes.map((node) => [node.nodeid, node]));
    listed.delete(this.nodeid);
    for (const nodeid of this.#peers.keys()) {
      if (listed.has(nodeid)) continue;
      this.#peers.delete(nodeid);
      this.#sessions.removePeer(nodeid);
    }
    for (const node of listed.values()) {
      const literal = node.addresses.every((address) => address === undefined || addressFamily(address) !== 0);
      assert.ok(literal, 'names were resolved before');
      const peer = this.#peers.get(node.nodeid);
      const options = this.#config.links.filter(({ linknumber }) => node.addresses[linknumber] !== undefined);
      if (options.length === 0) continue;
      if (!peer) {
        this.#addPeer(node, new PeerLinks(options));
        continue;
      }
      const moved = options
        .map(({ linknumber }) => linknumber)
        .filter((link) => node.addresses[link] !== peer.node.addresses[link]);
      peer.node = node;
      peer.links.reconfigure(options, new Set(moved));
    }
  }

  #addPeer(node: ClusterNode, links: PeerLinks): void {
    const peer: Peer = { node, links, sent: [], received: [], dropped: {}, claimedFrom: undefined };
    this.#peers.set(node.nodeid, peer);
    this.#sessions.addPeer(node.nodeid);
    this.#logLinks(peer, [links.choice()]);
    this.#greet(peer);
  }

  /** Sends a hello on every link. */
  #greet(peer: Peer): void {
    for (const { link } of peer.links.view()) this.#hello(peer, link);
  }

  #hello(peer: Peer, link: number): void {
    this.#emit(peer, link, this.#sessions.sealHello(peer.node.nodeid, this.#outgoing));
  }

  #ping(peer: Peer, link: number): void {
    this.#pingBody.writeUInt32BE(link, 0);
    this.#pingBody.writeDoubleBE(this.#options.clock.monotonic_ms(), 4);
    this.#emit(peer, link, this.#sessions.seal(DATAGRAM_KIND.ping, peer.node.nodeid, this.#pingBody, this.#outgoing));
  }

  #emit(peer: Peer, link: number, length: number, sealed = this.#outgoing): void {
    const socket = this.#sockets.get(link);
    const address = peer.node.addresses[link];
    if (!socket || address === undefined || length === 0) return;
    peer.sent[link] = (peer.sent[link] ?? 0) + 1;
    const free = socket.send(sealed, length, address);
    // The kernel was full and Node queued the buffer: the next datagram needs another one.
    if (!free && sealed === this.#outgoing) this.#outgoing = Buffer.allocUnsafeSlow(sealed.length);
  }

  #datagram(link: number, datagram: Buffer, from: string): void {
    if (this.#closed) return;
    const received = this.#sessions.receive(datagram);
    const peer = received.sender === undefined ? undefined : this.#peers.get(received.sender);
    if (received.type === 'dropped') this.#drop(received.cause, peer);
    if (!peer) return;
    if (received.type !== 'dropped') peer.received[link] = (peer.received[link] ?? 0) + 1;
    switch (received.type) {
      case 'data':
        this.#receiver(received.sender, received.payload);
        return;
      case 'ping':
        this.#emit(
          peer,
          link,
          this.#sessions.seal(DATAGRAM_KIND.pong, peer.node.nodeid, received.payload, this.#outgoing),
        );
        return;
      case 'pong':
        this.#pong(peer, received.payload);
        return;
      case 'hello':
        this.#helloReceived(peer, link, received);
        return;
      case 'dropped':
        if (received.cause === 'unknown-incarnation') this.#noteClaim(peer, link, from);
        if (received.answer) this.#hello(peer, link);
    }
  }

  /** A peer that has restarted sends from its own address; from another one somebody else uses its nodeid. */
  #noteClaim(peer: Peer, link: number, from: string): void {
    const address = peer.node.addresses[link];
    if (address === undefined || from === address || canonicalAddress(from) === canonicalAddress(address)) return;
    if (peer.claimedFrom !== from) logClaim(this.#options.log, peer.node.nodeid, link, { address, from });
    peer.claimedFrom = from;
  }

  #helloReceived(peer: Peer, link: number, hello: Received & { type: 'hello' }): void {
    if (hello.refusal !== undefined) this.#options.log.write(KNET_DOMAIN, 'error', hello.refusal);
    if (hello.accepted) peer.links.restart();
    if (hello.answer) this.#hello(peer, link);
    if (this.#sessions.isEstablished(peer.node.nodeid)) this.#pingDue(peer);
  }

  #pong(peer: Peer, body: Buffer): void {
    if (body.length < this.#pingBody.length) {
      this.#drop('malformed', peer);
      return;
    }
    const link = body.readUInt32BE(0);
    const { events, again } = peer.links.pong(link, body.readDoubleBE(4), this.#options.clock.monotonic_ms());
    this.#logLinks(peer, events);
    if (again) this.#ping(peer, link);
  }

  #drop(cause: DropCause, peer: Peer | undefined): void {
    this.#dropped[cause]++;
    if (peer) peer.dropped[cause] = (peer.dropped[cause] ?? 0) + 1;
    const count = peer ? peer.dropped[cause] : this.#dropped[cause];
    if (count === 1) logFirstDrop(this.#options.log, peer?.node.nodeid, cause);
  }

  #tick(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const now_ms = clock.monotonic_ms();
    const late_ms = this.#tickDue_ms === 0 ? 0 : now_ms - this.#tickDue_ms;
    for (const peer of this.#peers.values()) {
      this.#logLinks(peer, peer.links.check(now_ms, late_ms > LATENESS_SLACK_MS ? late_ms : 0));
      if (this.#sessions.isEstablished(peer.node.nodeid)) this.#pingDue(peer);
      else this.#greet(peer);
    }
    if (this.#retryLinks_ms !== undefined && now_ms >= this.#retryLinks_ms) {
      this.#retryLinks_ms = undefined;
      void this.reconfigure(this.#config);
    }
    const interval_ms = Math.min(1000, ...this.#config.links.map(({ ping_interval_ms }) => ping_interval_ms));
    this.#tickDue_ms = now_ms + interval_ms;
    this.#timer = clock.setTimeout(() => this.#tick(), interval_ms);
  }

  #pingDue(peer: Peer): void {
    for (const link of peer.links.pingsDue(this.#options.clock.monotonic_ms())) this.#ping(peer, link);
  }

  #logLinks(peer: Peer, events: readonly LinkEvent[]): void {
    logLinkEvents(this.#options.log, peer.node.nodeid, events);
  }

  #peerStats(peer: Peer): PeerStats {
    const { nodeid, name, addresses } = peer.node;
    return {
      nodeid,
      name,
      established: this.#sessions.isEstablished(nodeid),
      release: this.#sessions.releaseOf(nodeid),
      dropped: { ...peer.dropped },
      claimedFrom: peer.claimedFrom,
      links: peer.links.view().map(({ link, up, rtt_ms }) => ({
        link,
        address: addresses[link]!,
        up,
        best: peer.links.best === link,
        rtt_ms,
        sent: peer.sent[link] ?? 0,
        received: peer.received[link] ?? 0,
      })),
    };
  }
}

function fileOf({ configFile }: SealedUdpOptions): string {
  return configFile ?? 'corosync.conf';
}
