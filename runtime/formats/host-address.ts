/** Addresses and host names as configuration files hold them. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const hostNameFormat = /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?$/;

/** 4 or 6 for a literal address, 0 for anything else. */
export function addressFamily(text: string): 0 | 4 | 6 {
  return isIP(text) as 0 | 4 | 6;
}

/** True for a literal address, and for a text that could be a host name. */
export function isAddressOrName(text: string): boolean {
  if (addressFamily(text) !== 0) return true;
  return text.length <= 255 && hostNameFormat.test(text) && !/^[\d.]+$/.test(text);
}

/** True for a literal address of the loopback networks. */
export function isLoopback(address: string): boolean {
  return addressFamily(address) !== 0 && ipaddr.parse(address).range() === 'loopback';
}

/** One text for all ways of writing a literal address (`::1` and `0:0:0:0:0:0:0:1`); a name is itself. */
export function canonicalAddress(text: string): string {
  return addressFamily(text) === 0 ? text : ipaddr.process(text).toNormalizedString();
}
