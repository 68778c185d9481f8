import { X509Certificate } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip } from '../test-support/shared-corpus.ts';
import {
  hasOpenssl,
  isIssuedBy,
  makeAuthority,
  makeServerCertificate,
  newRsaKey,
  publicKeyOf,
} from './certificates.ts';

const MS_PER_DAY = 86_400_000;
const [authorityKey, key] = [await newRsaKey(2048), await newRsaKey(2048)];

test('the public half of a key', () => {
  assert.match(publicKeyOf(key), /^-----BEGIN PUBLIC KEY-----\n/);
  assert.is.not(publicKeyOf(key), publicKeyOf(authorityKey));
});

function daysOf(certificate: X509Certificate): number {
  return (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / MS_PER_DAY;
}

if (await hasOpenssl()) {
  const certificate = await makeAuthority(authorityKey);
  const authority = { key: authorityKey, certificate };
  const ends_ms = Date.parse(new X509Certificate(certificate).validTo);
  const request = { authority, key, serial: 'AB', commonName: 'n1', alternativeNames: ['10.0.0.1', 'fd00::1', 'n1'] };
  const made = (wall_ms: number) => makeServerCertificate({ ...request, wall_ms });

  test('an authority signs itself, for ten years', () => {
    const parsed = new X509Certificate(certificate);
    assert.ok(parsed.ca);
    assert.ok(parsed.verify(parsed.publicKey));
    assert.is(daysOf(parsed), 3650);
  });

  test('a server certificate: names, serial, and two years at most', async () => {
    const pem = await made(ends_ms - 3000 * MS_PER_DAY);
    const parsed = new X509Certificate(pem);
    assert.is(parsed.ca, false);
    assert.is(parsed.serialNumber, 'AB');
    assert.is(parsed.subject, 'CN=n1');
    assert.is(parsed.subjectAltName, 'IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, DNS:n1');
    assert.is(daysOf(parsed), 730);
    assert.ok(parsed.checkIssued(new X509Certificate(certificate)));
  });

  test('it ends two days before its authority, which must have 14 days left', async () => {
    assert.is(daysOf(new X509Certificate(await made(ends_ms - 20 * MS_PER_DAY))), 18);
    assert.is(daysOf(new X509Certificate(await made(ends_ms - 14 * MS_PER_DAY))), 12);
    const refused = await made(ends_ms - 14 * MS_PER_DAY + 1).catch((error: Error) => error.message);
    assert.match(refused, /valid for 13 more days, at least 14 are needed/);
  });

  test('whose certificate it is', async () => {
    const pem = await made(ends_ms - 100 * MS_PER_DAY);
    assert.is(isIssuedBy(pem, key, certificate), true);
    assert.is(isIssuedBy(pem, authorityKey, certificate), false, 'another key');
    assert.is(isIssuedBy(pem, key, await makeAuthority(key)), false, 'another authority');
    assert.is(isIssuedBy('not a certificate', key, certificate), false);
  });
} else {
  reportSkip('certificates', 'openssl is not installed');
}

test.run();
