/**
 * Who is alive on the other side of the datagrams: the handshake and the replay window of each peer (spec/pmxcfs.md
 * §13.2.4, §13.2.5). No sockets, no timers: datagrams in, verdicts out.
 *
 * The handshake is one message, the hello, in both directions: "this is my incarnation, here is my challenge for you,
 * here is your challenge back, and this is the incarnation of yours that I accept".
 *
 * Invariants:
 *  I1 an incarnation is accepted only by a hello that echoes our challenge, and each acceptance draws a new challenge:
 *     nothing recorded before either side's restart is ever accepted again;
 *  I2 of the accepted incarnation each counter is taken once, and none from before the acceptance;
 *  I3 nothing is decoded before its tag is verified;
 *  I4 work and memory that strangers can cause are bounded: per peer one session, a few cached keys, and rate limits on
 *     key derivation and on answers;
 *  I5 two nodes never answer each other for ever: a hello is answered only while one side lacks the other.
 */
import type { Random } from '../random/random.ts';
import {
  encodeHello,
  type Hello,
  NO_BYTES,
  readHello,
  refusalOf,
  TRANSPORT_RELEASE,
  type TransportRelease,
} from './hello.ts';
import { ReplayWindow } from './replay-window.ts';
import {
  ANY_PEER,
  clusterTag,
  DATAGRAM_KIND,
  type DatagramHeader,
  type DatagramKind,
  deriveKey,
  INCARNATION_BYTES,
  incarnationOfHello,
  open,
  readHeader,
  Sealer,
} from './sealing.ts';
import { TokenBucket } from './token-bucket.ts';

/** Why a datagram was dropped. */
export const DROP_CAUSES = [
  'short',
  'magic',
  'version',
  'malformed',
  'wrong-cluster',
  'self',
  'misdirected',
  'unknown-sender',
  'unknown-incarnation',
  'replay',
  'tag',
  'hello-limit',
] as const;
export type DropCause = (typeof DROP_CAUSES)[number];

export type Received =
  | { readonly type: 'data' | 'ping' | 'pong'; readonly sender: number; readonly payload: Buffer }
  /** `answer`: send a hello back. `accepted`: this hello began a session. `refusal`: a sentence for the log. */
  | {
      readonly type: 'hello';
      readonly sender: number;
      readonly answer: boolean;
      readonly accepted: boolean;
      readonly refusal: string | undefined;
    }
  /** `sender` is the peer that the datagram claims to be from, where it is a peer; `answer`: send that peer a hello. */
  | {
      readonly type: 'dropped';
      readonly cause: DropCause;
      readonly sender: number | undefined;
      readonly answer: boolean;
    };

interface Session {
  readonly incarnation: Buffer;
  readonly high: number;
  readonly low: number;
  readonly key: Buffer;
  readonly window: ReplayWindow;
}

interface Peer {
  readonly nodeid: number;
  session: Session | undefined;
  /** Ours for this peer; drawn anew at each acceptance (I1). */
  challenge: Buffer;
  /** The peer's for us, from its latest hello. */
  theirChallenge: Buffer;
  /** The peer is known to accept this incarnation of ours. */
  acceptsUs: boolean;
  release: TransportRelease | undefined;
  refused: string | undefined;
  /** Keys of incarnations that sent a genuine hello, newest last. */
  readonly keys: { incarnation: Buffer; key: Buffer }[];
  readonly derivations: TokenBucket;
  readonly answers: TokenBucket;
}

const CACHED_KEYS = 4;

export interface SessionOptions {
  readonly nodeid: number;
  readonly clusterName: string;
  readonly authkey: Buffer;
  readonly random: Random;
  /** Monotonic milliseconds. */
  readonly now_ms: () => number;
  /** What this node speaks; another value than the default is for tests. */
  readonly release?: TransportRelease;
}

export class PeerSessions {
  readonly nodeid: number;
  readonly #options: SessionOptions;
  readonly #release: TransportRelease;
  readonly #cluster: number;
  readonly #incarnation: Buffer;
  readonly #sealer: Sealer;
  readonly #peers = new Map<number, Peer>();

  constructor(options: SessionOptions) {
    this.nodeid = options.nodeid;
    this.#options = options;
    this.#release = options.release ?? TRANSPORT_RELEASE;
    this.#cluster = clusterTag(options.clusterName);
    this.#incarnation = options.random.bytes(INCARNATION_BYTES);
    const { clusterName, nodeid } = options;
    this.#sealer = new Sealer(options.authkey, { clusterName, nodeid, incarnation: this.#incarnation });
  }

  addPeer(nodeid: number): void {
    if (this.#peers.has(nodeid)) return;
    this.#peers.set(nodeid, {
      nodeid,
      session: undefined,
      challenge: this.#options.random.bytes(INCARNATION_BYTES),
      theirChallenge: NO_BYTES,
      acceptsUs: false,
      release: undefined,
      refused: undefined,
      keys: [],
      derivations: new TokenBucket(50, 200),
      answers: new TokenBucket(16, 50),
    });
  }

  /** Refuses the peer from now on. */
  removePeer(nodeid: number): void {
    this.#peers.delete(nodeid);
  }

  /** True where both sides are known to accept each other. */
  isEstablished(nodeid: number): boolean {
    const peer = this.#peers.get(nodeid);
    return peer?.session !== undefined && peer.acceptsUs;
  }

  /** What the live incarnation of a peer speaks; undefined without a session. */
  releaseOf(nodeid: number): TransportRelease | undefined {
    return this.#peers.get(nodeid)?.release;
  }

  /** Seals into `out` and returns the length; `destination` is a node id or ANY_PEER. */
  seal(kind: DatagramKind, destination: number, payload: Buffer, out: Buffer): number {
    return this.#sealer.seal(kind, destination, payload, out);
  }

  /** Seals a hello for `nodeid` into `out`; 0 where that is no peer. */
  sealHello(nodeid: number, out: Buffer): number {
    const peer = this.#peers.get(nodeid);
    if (!peer) return 0;
    const hello: Hello = {
      release: this.#release,
      asks: !peer.acceptsUs,
      challenge: peer.challenge,
      echo: peer.theirChallenge,
      accepts: peer.session?.incarnation ?? NO_BYTES,
    };
    return this.#sealer.seal(DATAGRAM_KIND.hello, nodeid, encodeHello(hello), out);
  }

  /** Judges a datagram. The payload is the caller's until the next call. */
  receive(datagram: Buffer): Received {
    const header = readHeader(datagram);
    if (typeof header === 'string') return dropped(header);
    if (header.cluster !== this.#cluster) return dropped('wrong-cluster');
    if (header.sender === this.nodeid) return dropped('self');
    const peer = this.#peers.get(header.sender);
    if (!peer) return dropped('unknown-sender');
    if (header.destination !== this.nodeid && header.destination !== ANY_PEER) return dropped('misdirected', peer);
    return header.kind === DATAGRAM_KIND.hello
      ? this.#receiveHello(peer, header, datagram)
      : this.#receiveSealed(peer, header, datagram);
  }

  #receiveSealed(peer: Peer, header: DatagramHeader, datagram: Buffer): Received {
    const { session } = peer;
    if (session === undefined || header.incarnationLow !== session.low || header.incarnationHigh !== session.high) {
      return { type: 'dropped', cause: 'unknown-incarnation', sender: peer.nodeid, answer: this.#mayAnswer(peer) };
    }
    if (!session.window.isFresh(header.counter)) return dropped('replay', peer);
    const payload = open(session.key, datagram);
    if (payload === undefined) return dropped('tag', peer);
    session.window.take(header.counter);
    return { type: typeOfKind(header.kind), sender: peer.nodeid, payload };
  }

  #receiveHello(peer: Peer, header: DatagramHeader, datagram: Buffer): Received {
    const incarnation = Buffer.from(incarnationOfHello(datagram));
    const known = peer.session?.incarnation.equals(incarnation) ? peer.session : undefined;
    if (known && !known.window.isFresh(header.counter)) return dropped('replay', peer);
    const key = known?.key ?? this.#keyOf(peer, incarnation);
    if (key === undefined) return dropped('hello-limit', peer);
    const body = open(key, datagram);
    if (body === undefined) return dropped('tag', peer);
    known?.window.take(header.counter);
    this.#cacheKey(peer, incarnation, key);
    const hello = readHello(body);
    if (hello === undefined) return dropped('malformed', peer);
    const refusal = this.#refusal(peer, hello);
    if (refusal !== undefined) {
      return { type: 'hello', sender: peer.nodeid, answer: false, accepted: false, refusal: refusal.text };
    }
    peer.theirChallenge = hello.challenge;
    const accepted = !known && hello.echo.equals(peer.challenge);
    if (accepted) this.#accept(peer, incarnation, key, header.counter, hello);
    const current = accepted || known !== undefined;
    if (current) peer.acceptsUs = hello.accepts.equals(this.#incarnation);
    // I5: an answer is due where they lack us, where we lack them (they must echo), or where they ask.
    const lacking = !current || accepted || !peer.acceptsUs || hello.asks;
    return {
      type: 'hello',
      sender: peer.nodeid,
      answer: lacking && this.#mayAnswer(peer),
      accepted,
      refusal: undefined,
    };
  }

  #accept(peer: Peer, incarnation: Buffer, key: Buffer, counter: number, hello: Hello): void {
    peer.session = {
      incarnation,
      high: incarnation.readUInt32BE(0),
      low: incarnation.readUInt32BE(4),
      key,
      window: new ReplayWindow(counter),
    };
    peer.challenge = this.#options.random.bytes(INCARNATION_BYTES);
    peer.release = hello.release;
    peer.refused = undefined;
  }

  /** The refusal of a peer that speaks no common version, its text only the first time. */
  #refusal(peer: Peer, hello: Hello): { readonly text: string | undefined } | undefined {
    const text = refusalOf(peer.nodeid, hello.release, this.#release);
    if (text === undefined) return undefined;
    if (peer.refused === text) return { text: undefined };
    peer.refused = text;
    return { text };
  }

  #keyOf(peer: Peer, incarnation: Buffer): Buffer | undefined {
    const cached = peer.keys.find((entry) => entry.incarnation.equals(incarnation));
    if (cached) return cached.key;
    if (!peer.derivations.take(this.#options.now_ms())) return undefined;
    const { authkey, clusterName } = this.#options;
    return deriveKey(authkey, { clusterName, nodeid: peer.nodeid, incarnation });
  }

  #cacheKey(peer: Peer, incarnation: Buffer, key: Buffer): void {
    if (peer.keys.some((entry) => entry.incarnation.equals(incarnation))) return;
    peer.keys.push({ incarnation, key });
    if (peer.keys.length > CACHED_KEYS) peer.keys.shift();
  }

  #mayAnswer(peer: Peer): boolean {
    return peer.answers.take(this.#options.now_ms());
  }
}

function typeOfKind(kind: number): 'data' | 'ping' | 'pong' {
  if (kind === DATAGRAM_KIND.data) return 'data';
  return kind === DATAGRAM_KIND.ping ? 'ping' : 'pong';
}

function dropped(cause: DropCause, peer?: Peer): Received {
  return { type: 'dropped', cause, sender: peer?.nodeid, answer: false };
}
