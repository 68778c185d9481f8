/**
 * A listening TCP socket as a bare descriptor, so that workers can inherit it while nobody accepts here. Node has no public
 * way to listen without accepting; four calls of the C library through koffi do it.
 */
import { isIPv6 } from 'node:net';
import koffi from 'koffi';

export interface ListeningSocket {
  readonly fd: number;
  readonly address: string;
  readonly port: number;
  close(): void;
}

export interface ListenRefusal {
  readonly failure: { readonly code: string; readonly message: string };
}

/** Linux, the generic numbers. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const BACKLOG = 4096;

interface Library {
  readonly socket: (family: number, type: number, protocol: number) => number;
  readonly setsockopt: (fd: number, level: number, option: number, value: Buffer, length: number) => number;
  readonly bind: (fd: number, address: Buffer, length: number) => number;
  readonly listen: (fd: number, backlog: number) => number;
  readonly close: (fd: number) => number;
}

let library: Library | undefined;

function loadLibrary(): Library {
  const libc = koffi.load(null);
  library ??= {
    socket: libc.func('int socket(int family, int type, int protocol)'),
    setsockopt: libc.func('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
    bind: libc.func('int bind(int fd, void *address, uint32_t length)'),
    listen: libc.func('int listen(int fd, int backlog)'),
    close: libc.func('int close(int fd)'),
  };
  return library;
}

/** The first of the addresses that can be bound; `::` takes IPv4 too. */
export function listenOnAny(addresses: readonly string[], port: number): ListeningSocket | ListenRefusal {
  let refusal: ListenRefusal | undefined;
  for (const address of addresses) {
    const result = listenOn(address, port);
    if ('fd' in result) return result;
    refusal = result;
  }
  return refusal ?? refused('EINVAL', 'no address to listen on');
}

export function listenOn(address: string, port: number): ListeningSocket | ListenRefusal {
  const { socket, setsockopt, bind, listen, close } = loadLibrary();
  const isV6 = isIPv6(address);
  const place = `${isV6 ? `[${address}]` : address}:${port}`;
  const fd = socket(isV6 ? AF_INET6 : AF_INET, SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) return refused(errorCode(), `unable to create a socket for ${place} (${errorCode()})`);
  const on = Buffer.from([1, 0, 0, 0]);
  const off = Buffer.alloc(4);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, 4);
  if (isV6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, off, 4);
  const where = isV6 ? addressOfV6(address, port) : addressOfV4(address, port);
  if (bind(fd, where, where.length) !== 0 || listen(fd, BACKLOG) !== 0) {
    const code = errorCode();
    close(fd);
    return refused(code, `unable to listen on ${place} (${code})`);
  }
  return { fd, address, port, close: () => void close(fd) };
}

function errorCode(): string {
  const number = koffi.errno();
  return Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
}

function refused(code: string, message: string): ListenRefusal {
  return { failure: { code, message } };
}

/** `struct sockaddr_in` */
function addressOfV4(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  for (const [index, part] of address.split('.').entries()) bytes.writeUInt8(Number(part), 4 + index);
  return bytes;
}

/** `struct sockaddr_in6`, without a zone. */
function addressOfV6(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  const [head = '', tail] = address.split('::');
  const wordsOf = (text: string) => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const first = wordsOf(head);
  const last = tail === undefined ? [] : wordsOf(tail);
  const words =
    tail === undefined ? first : [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  for (const [index, word] of words.entries()) bytes.writeUInt16BE(word, 8 + 2 * index);
  return bytes;
}
