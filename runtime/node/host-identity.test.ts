import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressesOf, addressesWithin, isOwnAddress } from './host-identity.ts';

test('addresses within a network', () => {
  const own = ['10.0.0.1', '192.168.3.4', 'fd00::1', 'fe80::1'];
  assert.equal(addressesWithin('10.0.0.0/8', own), ['10.0.0.1']);
  assert.equal(addressesWithin('192.168.3.5/23', own), ['192.168.3.4'], 'host bits do not matter');
  assert.equal(addressesWithin('0.0.0.0/0', own), ['10.0.0.1', '192.168.3.4']);
  assert.equal(addressesWithin('fd00::/8', own), ['fd00::1']);
  assert.equal(addressesWithin('172.16.0.0/12', own), []);
  for (const wrong of ['10.0.0.1', '10.0.0.0/33', 'x/8', 'fd00::/129', '']) {
    assert.is(addressesWithin(wrong, own), undefined, wrong);
  }
});

test('own addresses: the loopback networks always, the ones of documentation never', () => {
  assert.ok(isOwnAddress('127.0.0.1'));
  assert.ok(isOwnAddress('127.9.8.7'));
  assert.ok(isOwnAddress('0:0:0:0:0:0:0:1'));
  assert.not.ok(isOwnAddress('203.0.113.77'));
});

test('a literal address is its own; a name without any has none', async () => {
  assert.equal(await addressesOf('fd00::1'), ['fd00::1']);
  assert.equal(await addressesOf('no-such-host.invalid'), []);
});

test.run();
