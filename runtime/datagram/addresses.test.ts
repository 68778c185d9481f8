import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readClusterConfig } from '../formats/corosync-conf-read.ts';
import { canonicalAddress, isAddressOrName, isLoopback } from '../formats/host-address.ts';
import { chooseAddress, type ResolvedConfig, resolveAddresses } from './addresses.ts';

const names: Readonly<Record<string, readonly string[]>> = {
  a: ['10.0.0.1', 'fd00::1'],
  b: ['fd00::2', '10.0.0.2'],
  old: ['10.0.0.3'],
  self: ['127.0.1.1'],
  empty: [],
};

async function resolved(first: string, second: string, ipVersion: string): Promise<ResolvedConfig> {
  const text = `totem {\nversion: 2\ncluster_name: t\nip_version: ${ipVersion}\n}\nnodelist {\nnode {\nname: x\nnodeid: 1\nring0_addr: ${first}\n}\nnode {\nname: y\nnodeid: 2\nring0_addr: ${second}\n}\n}\n`;
  const result = readClusterConfig(text, 'f');
  if ('errors' in result) throw new Error(result.errors[0]!.message);
  return resolveAddresses(result.config, async (name) => {
    const found = names[name];
    if (!found) throw new Error('ENOTFOUND');
    return found;
  });
}

async function addressesOf(first: string, second: string, ipVersion: string): Promise<unknown> {
  const result = await resolved(first, second, ipVersion);
  return 'config' in result ? result.config.nodes.map(({ addresses }) => addresses[0]) : result.errors;
}

test('ip_version chooses among the addresses of a name', () => {
  const both = ['10.0.0.1', 'fd00::1'];
  assert.is(chooseAddress(both, 'ipv4'), '10.0.0.1');
  assert.is(chooseAddress(both, 'ipv6'), 'fd00::1');
  assert.is(chooseAddress(both, 'ipv4-6'), '10.0.0.1');
  assert.is(chooseAddress(both, 'ipv6-4'), 'fd00::1');
  assert.is(chooseAddress(['10.0.0.1'], 'ipv6-4'), '10.0.0.1');
  assert.is(chooseAddress(['10.0.0.1'], 'ipv6'), undefined);
});

test('names become addresses, literals stay', async () => {
  assert.equal(await addressesOf('a', 'b', 'ipv4'), ['10.0.0.1', '10.0.0.2']);
  assert.equal(await addressesOf('a', 'b', 'ipv6-4'), ['fd00::1', 'fd00::2']);
  assert.equal(await addressesOf('10.9.9.9', 'a', 'ipv4-6'), ['10.9.9.9', '10.0.0.1']);
});

test('what has no address, or one that others cannot reach, is told', async () => {
  for (const name of ['unknown', 'empty']) {
    assert.equal(await addressesOf('10.9.9.9', name, 'ipv4'), [
      `ring0_addr '${name}' of node 'y' has no ipv4 address; correct it, or write the address itself`,
    ]);
  }
  assert.match(((await addressesOf('a', 'old', 'ipv6-4')) as string[])[0]!, 'link 0 mixes IPv4 and IPv6');
  assert.match(
    ((await addressesOf('a', 'self', 'ipv4')) as string[])[0]!,
    "node 'y' is the loopback address 127.0.1.1",
  );
  assert.equal(await addressesOf('127.0.0.1', 'self', 'ipv4'), ['127.0.0.1', '127.0.1.1']);
});

test('addresses and names', () => {
  for (const good of ['10.0.0.1', 'fe80::1%eth0', '::1', 'pve1', 'pve-1.example.org', '1and1'])
    assert.ok(isAddressOrName(good), good);
  for (const bad of ['', '10.0.0.256', '10.0.0', 'a b', '-a', 'a:b', 'a/b']) assert.not(isAddressOrName(bad), bad);
  for (const loopback of ['127.0.0.1', '127.99.1.2', '::1']) assert.ok(isLoopback(loopback), loopback);
  for (const other of ['10.0.0.1', 'fd00::1', 'localhost']) assert.not(isLoopback(other), other);
  assert.is(canonicalAddress('fd00:0:0::1'), canonicalAddress('fd00::1'));
  assert.is(canonicalAddress('Name'), 'Name');
});

test.run();
