/** Which peers may connect: ALLOW_FROM, DENY_FROM and POLICY of `/etc/default/pveproxy` (spec/api.md §1.3). */
import ipaddr from 'ipaddr.js';

type Range = (address: ipaddr.IPv4 | ipaddr.IPv6) => boolean;

export interface AccessList {
  readonly allow: readonly Range[];
  readonly deny: readonly Range[];
  readonly policy: 'allow' | 'deny';
}

/** Entries are addresses, networks, `a-b` and `all`, separated by commas. An entry that is none of them is a sentence. */
export function readRanges(text: string): readonly Range[] | string {
  const ranges: Range[] = [];
  for (const entry of text.split(',').map((one) => one.trim())) {
    if (entry === '') continue;
    const range = rangeOf(entry);
    if (range === undefined) return `unable to parse address '${entry}'`;
    ranges.push(range);
  }
  return ranges;
}

function rangeOf(entry: string): Range | undefined {
  if (entry === 'all') return () => true;
  const [from, to, ...more] = entry.split('-');
  if (to !== undefined && more.length === 0) return between(from!.trim(), to.trim());
  const written = entry === '0/0' ? '0.0.0.0/0' : entry;
  try {
    const [network, bits] = written.includes('/')
      ? ipaddr.parseCIDR(written)
      : ([ipaddr.parse(written), undefined] as const);
    const prefix = bits ?? (network.kind() === 'ipv4' ? 32 : 128);
    return (address) => address.kind() === network.kind() && address.match(network as never, prefix);
  } catch {
    return undefined;
  }
}

function between(from: string, to: string): Range | undefined {
  if (!ipaddr.isValid(from) || !ipaddr.isValid(to)) return undefined;
  const [first, last] = [ipaddr.parse(from), ipaddr.parse(to)];
  if (first.kind() !== last.kind()) return undefined;
  const [low, high] = [Buffer.from(first.toByteArray()), Buffer.from(last.toByteArray())];
  return (address) => {
    const bytes = Buffer.from(address.toByteArray());
    return address.kind() === first.kind() && bytes.compare(low) >= 0 && bytes.compare(high) <= 0;
  };
}

/** A peer whose address can't be parsed is denied. */
export function isAdmitted(peer: string, { allow, deny, policy }: AccessList): boolean {
  if (!ipaddr.isValid(peer)) return false;
  const address = ipaddr.process(peer);
  const matches = (ranges: readonly Range[]) => ranges.some((range) => range(address));
  const [isAllowed, isDenied] = [matches(allow), matches(deny)];
  return isAllowed === isDenied ? policy === 'allow' : isAllowed;
}

/** IPv4 in its own form, also where the socket is IPv6. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
