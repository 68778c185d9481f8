/** The hello of the transport: its body, and which releases speak with each other (spec/pmxcfs.md §13.2.4, §13.2.5). */
import { INCARNATION_BYTES } from './sealing.ts';

/** What a node speaks. A feature is on only where every member has its bit. */
export interface TransportRelease {
  readonly protocol: number;
  /** The oldest protocol that it still speaks: the one before its own. */
  readonly oldestProtocol: number;
  /** Bits, u32. */
  readonly features: number;
}

export const TRANSPORT_RELEASE: TransportRelease = { protocol: 1, oldestProtocol: 1, features: 0 };

export interface Hello {
  readonly release: TransportRelease;
  /** The sender doesn't know yet whether the receiver accepts it. */
  readonly asks: boolean;
  /** The sender's challenge for the receiver. */
  readonly challenge: Buffer;
  /** The receiver's challenge, as the sender saw it last; zeros before the first. */
  readonly echo: Buffer;
  /** The incarnation of the receiver that the sender accepts; zeros for none. */
  readonly accepts: Buffer;
}

/** Stands for a challenge or an incarnation that isn't there. */
export const NO_BYTES = Buffer.alloc(INCARNATION_BYTES);

/** Offsets of the body; integers are big-endian. Later releases may append. */
const BODY = { protocol: 0, oldestProtocol: 2, features: 4, flags: 8, challenge: 16, echo: 32, accepts: 48 } as const;
const BODY_BYTES = 64;
const FLAG_ASKS = 1;

export function encodeHello(hello: Hello): Buffer {
  const body = Buffer.alloc(BODY_BYTES);
  body.writeUInt16BE(hello.release.protocol, BODY.protocol);
  body.writeUInt16BE(hello.release.oldestProtocol, BODY.oldestProtocol);
  body.writeUInt32BE(hello.release.features, BODY.features);
  body.writeUInt8(hello.asks ? FLAG_ASKS : 0, BODY.flags);
  hello.challenge.copy(body, BODY.challenge);
  hello.echo.copy(body, BODY.echo);
  hello.accepts.copy(body, BODY.accepts);
  return body;
}

/** The hello in an authenticated body, or undefined where it is too short for one. */
export function readHello(body: Buffer): Hello | undefined {
  if (body.length < BODY_BYTES) return undefined;
  const bytes = (at: number) => Buffer.from(body.subarray(at, at + INCARNATION_BYTES));
  return {
    release: {
      protocol: body.readUInt16BE(BODY.protocol),
      oldestProtocol: body.readUInt16BE(BODY.oldestProtocol),
      features: body.readUInt32BE(BODY.features),
    },
    asks: (body[BODY.flags]! & FLAG_ASKS) !== 0,
    challenge: bytes(BODY.challenge),
    echo: bytes(BODY.echo),
    accepts: bytes(BODY.accepts),
  };
}

/** Why two releases can't speak with each other, or undefined where they can. */
export function refusalOf(nodeid: number, theirs: TransportRelease, ours: TransportRelease): string | undefined {
  if (theirs.oldestProtocol <= ours.protocol && ours.oldestProtocol <= theirs.protocol) return undefined;
  const theyAreNewer = theirs.protocol > ours.protocol;
  const upgrade = theyAreNewer ? 'upgrade this node' : `upgrade node ${nodeid}`;
  return `node ${nodeid} speaks transport protocol ${rangeOf(theirs)}, this node ${rangeOf(ours)}: no connection, ${upgrade}`;
}

function rangeOf({ protocol, oldestProtocol }: TransportRelease): string {
  return protocol === oldestProtocol ? `${protocol}` : `${oldestProtocol} to ${protocol}`;
}
