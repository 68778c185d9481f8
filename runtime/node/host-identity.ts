/** Name and addresses of the machine that a tool runs on. */
import { BlockList, isIP } from 'node:net';
import { hostname } from 'node:os';
import { resolveBySystem } from '../datagram/addresses.ts';
import { addressFamily, canonicalAddress, isLoopback } from '../formats/host-address.ts';
import { interfaceAddresses } from './node-directories.ts';

/** The kernel's host name up to its first dot. */
export function shortHostName(): string {
  return hostname().split('.')[0] ?? '';
}

/** Addresses of a name or literal; empty where it has none. */
export async function addressesOf(nameOrAddress: string): Promise<readonly string[]> {
  if (addressFamily(nameOrAddress) !== 0) return [nameOrAddress];
  return resolveBySystem(nameOrAddress).catch(() => []);
}

/** The address by which others know this machine: that of its name, else its first one; undefined without any but loopback. */
export async function ownAddress(name: string): Promise<string | undefined> {
  const named = (await addressesOf(name)).find((address) => !isLoopback(address));
  return named ?? interfaceAddresses().find((address) => !isLoopback(address) && !address.startsWith('fe80:'));
}

/** True for a literal address of an interface of this machine. All of 127.0.0.0/8 is. */
export function isOwnAddress(address: string): boolean {
  const wanted = canonicalAddress(address);
  return isLoopback(address) || interfaceAddresses().some((own) => canonicalAddress(own) === wanted);
}

/** The addresses of `candidates` within a network in CIDR notation; undefined where `cidr` is none. */
export function addressesWithin(cidr: string, candidates: readonly string[]): readonly string[] | undefined {
  const [, network = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const family = isIP(network);
  if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, Number(prefix), kind);
  return candidates.filter((address) => isIP(address) === family && list.check(address, kind));
}
