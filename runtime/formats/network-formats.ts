/** Named formats of addresses, networks and names in them (spec/formats.md §3). */
import { isIP } from 'node:net';
import type { FormatCheck } from './property-schema.ts';

type Family = 4 | 6;

/** A literal address without a zone. */
function isAddress(text: string, families: readonly Family[]): boolean {
  return !text.includes('%') && families.includes(isIP(text) as Family);
}

const longestPrefix = { 4: 32, 6: 128 } as const;
const shortestPrefix = 8;

/** An address with a prefix length. */
export function isCidr(text: string, families: readonly Family[]): boolean {
  const [, address = '', prefix] = /^([^/]+)\/([0-9]+)$/.exec(text) ?? [];
  return families.some(
    (family) =>
      isAddress(address, [family]) && Number(prefix) >= shortestPrefix && Number(prefix) <= longestPrefix[family],
  );
}

function isNetmask(text: string): boolean {
  if (!isAddress(text, [4])) return false;
  const bits = text.split('.').map((byte) => Number(byte).toString(2).padStart(8, '0'));
  return /^1*0*$/.test(bits.join(''));
}

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const dnsName = new RegExp(`^${label}(?:\\.${label})*$`);

export function isDnsName(text: string): boolean {
  return dnsName.test(text);
}

export function isAddressOrDnsName(text: string): boolean {
  return isAddress(text, [4, 6]) || isDnsName(text);
}

function vlanComplaint(text: string): string | undefined {
  const [, first, last] = /^([0-9]+)(?:-([0-9]+))?$/.exec(text) ?? [];
  if (first === undefined) return `invalid VLAN configuration '${text}'`;
  for (const tag of last === undefined ? [first] : [first, last]) {
    if (Number(tag) < 2 || Number(tag) > 4094) return `invalid VLAN tag '${tag}'`;
  }
  if (last === undefined || Number(first) < Number(last)) return undefined;
  return `VLAN range must go from lower to higher tag '${text}'`;
}

function looksLike(what: string, fits: (text: string) => boolean): FormatCheck {
  return (text) => (fits(text) ? undefined : `value does not look like a valid ${what}`);
}

const bridgeId = /^[-_.\w]+$/;
const interfaceName = /^[a-z][a-z0-9_]{1,20}(?:[:.][0-9]+)?$/i;
const unicastMac = /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i;

export const networkFormats: readonly (readonly [string, FormatCheck])[] = [
  ['pve-bridge-id', (text) => (bridgeId.test(text) ? undefined : `invalid bridge ID '${text}'`)],
  ['pve-iface', (text) => (interfaceName.test(text) ? undefined : `invalid network interface name '${text}'`)],
  ['pve-vlan-id-or-range', vlanComplaint],
  ['mac-addr', looksLike('unicast MAC address', (text) => unicastMac.test(text))],
  ['ipv4', looksLike('IPv4 address', (text) => isAddress(text, [4]))],
  ['ipv6', looksLike('IPv6 address', (text) => isAddress(text, [6]))],
  ['ip', looksLike('IP address', (text) => isAddress(text, [4, 6]))],
  ['ipv4mask', looksLike('IP netmask', isNetmask)],
  ['CIDRv4', looksLike('IPv4 CIDR network', (text) => isCidr(text, [4]))],
  ['CIDRv6', looksLike('IPv6 CIDR network', (text) => isCidr(text, [6]))],
  ['CIDR', looksLike('CIDR network', (text) => isCidr(text, [4, 6]))],
  [
    'pve-ipv4-config',
    looksLike('ipv4 network configuration', (text) => ['dhcp', 'manual'].includes(text) || isCidr(text, [4])),
  ],
  [
    'pve-ipv6-config',
    looksLike('ipv6 network configuration', (text) => ['auto', 'dhcp', 'manual'].includes(text) || isCidr(text, [6])),
  ],
  ['dns-name', looksLike('DNS name', isDnsName)],
  ['address', (text) => (isAddressOrDnsName(text) ? undefined : `value does not look like a valid address: ${text}`)],
];
