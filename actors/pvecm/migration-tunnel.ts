/** `pvecm mtunnel` (spec/pmxcfs.md §8.6): what a migrating node asks of its target. */
import { addressesWithin } from '../../runtime/node/host-identity.ts';
import { interfaceAddresses } from '../../runtime/node/node-directories.ts';
import { PvecmFailure } from './failure.ts';
import { type PvecmPorts, printLine } from './ports.ts';

export interface TunnelQuestion {
  /** Ask for this node's address in the migration network instead of opening a tunnel. */
  readonly wantsAddress?: boolean | undefined;
  /** CIDR; default: the `network` of `migration` in `datacenter.cfg`. */
  readonly network?: string | undefined;
}

export async function answerTunnel(ports: PvecmPorts, question: TunnelQuestion): Promise<void> {
  const description = await ports.client.describe();
  if (!description.quorate) return printLine(ports, 'no quorum');
  if (!question.wantsAddress) return printLine(ports, 'tunnel online');
  const network = question.network ?? migrationNetwork((await ports.client.read('datacenter.cfg'))?.toString() ?? '');
  if (network === undefined) return printLine(ports, 'no ip');
  const own = description.cluster?.nodes.find(({ name }) => name === description.node)?.addresses ?? [];
  // Nodes that share one machine have only their own addresses in the configuration.
  const candidates = ports.layout.root === '/' ? interfaceAddresses() : own;
  const found = addressesWithin(network, candidates);
  if (found === undefined) throw new PvecmFailure(`migration_network: '${network}' is no network in CIDR notation`);
  if (found.length > 1) {
    throw new PvecmFailure(`this node has several addresses in the migration network ${network}: ${found.join(', ')}`);
  }
  printLine(ports, found[0] === undefined ? 'no ip' : `ip: '${found[0]}'`);
}

/** `migration: [type=…,]network=<cidr>` of datacenter.cfg. */
export function migrationNetwork(datacenterConfig: string): string | undefined {
  const value = /^migration:\s*(.*?)\s*$/m.exec(datacenterConfig)?.[1];
  return value
    ?.split(',')
    .find((part) => part.startsWith('network='))
    ?.slice('network='.length);
}
