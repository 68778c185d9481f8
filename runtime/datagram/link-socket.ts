/**
 * The UDP socket of one link: opened and bound by promises, then used by callbacks only, because a promise per datagram
 * doubles the tail latency.
 */
import type { Socket } from 'node:dgram';
import { DgramAsPromised } from 'dgram-as-promised';
import { addressFamily } from '../formats/host-address.ts';
import type { Log } from '../log/log.ts';
import { KNET_DOMAIN } from './link-log.ts';

export interface LinkAddressInUse {
  readonly link: number;
  /** Literal address of this node on the link. */
  readonly address: string;
  readonly port: number;
}

/** Why a link couldn't be opened; the message is the sentence for people. */
export class LinkOpenError extends Error {
  readonly code: string;

  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'LinkOpenError';
    this.code = code;
  }
}

/** Asked of the kernel; below the least, bursts of a recovery overrun the socket while JavaScript is busy. */
const WANTED_BUFFER_BYTES = 8 << 20;
const LEAST_BUFFER_BYTES = 4 << 20;

export interface LinkSocketOptions extends LinkAddressInUse {
  /** Names the place of the address for a complaint, e.g. `ring0_addr of node 'a' in /etc/corosync/corosync.conf`. */
  readonly place: string;
  readonly log: Log;
  /** `from` is the sender's literal address. */
  readonly onDatagram: (link: number, datagram: Buffer, from: string) => void;
}

export class LinkSocket {
  readonly link: number;
  readonly address: string;
  readonly port: number;
  /** Errors of the kernel: unreachable, refused by ICMP, no buffer. The datagram counts as lost. */
  sendErrors = 0;
  readonly #socket: Socket;
  #closed = false;

  constructor({ link, address, port }: LinkAddressInUse, socket: Socket) {
    this.link = link;
    this.address = address;
    this.port = port;
    this.#socket = socket;
    socket.on('error', () => this.sendErrors++);
  }

  /** Sends the first `length` bytes to a literal address; all nodes have the same port on a link. Returns false where `buffer` is still in use by the kernel's queue. */
  send(buffer: Buffer, length: number, address: string): boolean {
    if (this.#closed) return true;
    this.#socket.send(buffer, 0, length, this.port, address, this.#sent);
    return this.#socket.getSendQueueCount() === 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.removeAllListeners('message');
    this.#socket.close();
  }

  readonly #sent = (error: Error | null): void => {
    if (error) this.sendErrors++;
  };
}

/** Opens and binds the socket of a link, or says why not. */
export async function openLinkSocket(options: LinkSocketOptions): Promise<LinkSocket | LinkOpenError> {
  const { link, address, port, place, onDatagram } = options;
  const family = addressFamily(address);
  if (family === 0) {
    return new LinkOpenError(
      'ENOTLITERAL',
      `link ${link}: '${address}' is not an IP address; correct ${place}`,
      undefined,
    );
  }
  const opened = DgramAsPromised.createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    recvBufferSize: WANTED_BUFFER_BYTES,
    sendBufferSize: WANTED_BUFFER_BYTES,
    // Addresses are literal. The default look-up would put off every send to the next tick.
    lookup: (hostname, _options, callback) => callback(null, hostname, family),
  });
  try {
    await opened.bind({ address, port, exclusive: true });
  } catch (error) {
    opened.socket.close();
    return openError(options, error);
  }
  opened.destroy();
  const { socket } = opened;
  reportSmallBuffer(socket, options);
  const linkSocket = new LinkSocket(options, socket);
  socket.on('message', (datagram, { address: from }) => onDatagram(link, datagram, from));
  return linkSocket;
}

function openError({ link, address, port, place }: LinkSocketOptions, error: unknown): LinkOpenError {
  const code = (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
  const what = `link ${link} can't use ${address} port ${port}`;
  switch (code) {
    case 'EADDRNOTAVAIL':
      return new LinkOpenError(code, `${what}: no interface of this machine has that address; correct ${place}`, error);
    case 'EADDRINUSE':
      return new LinkOpenError(
        code,
        `${what}: the port is in use; stop the other instance (or corosync), or set another mcastport for the link beside ${place}`,
        error,
      );
    case 'EACCES':
      return new LinkOpenError(
        code,
        `${what}: permission denied; start as root, or set an mcastport above 1023`,
        error,
      );
    default:
      return new LinkOpenError(code, `${what}: ${(error as Error).message}; see ${place}`, error);
  }
}

function reportSmallBuffer(socket: Socket, { link, log }: LinkSocketOptions): void {
  // The kernel reports twice what it grants, for its own bookkeeping.
  const granted = socket.getRecvBufferSize() / 2;
  if (granted >= LEAST_BUFFER_BYTES) return;
  log.write(
    KNET_DOMAIN,
    'warning',
    `link: ${link} has a receive buffer of ${granted} bytes only; set the sysctl net.core.rmem_max to ${WANTED_BUFFER_BYTES}`,
  );
}
