import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { consoleBinding, parseTicket } from '../formats/access/ticket-text.ts';
import {
  readLoginTicket,
  signHalfTicket,
  signTicket,
  signUserTicket,
  ticketSigningKey,
  ticketVerifyingKey,
  verifyConsoleTicket,
  verifyHalfTicket,
} from './tickets.ts';

/** Made for this test; it opens nothing. */
const pem = `-----BEGIN RSA PRIVATE KEY-----
MIICWwIBAAKBgQC8nwL5yGWMRQMa5PHKksIsmfOBhv1x46dTBseL0B7T2Ojbr20q
2UpG/BbhLqLSib63qZqOfqGxyzBCELZyDeyrTMkzD0O/ksJKlKVMA/h+k+XBQAb1
ht5M4bcKCZjuCszLXrKaic4Rh2IY23VysGPeh2h7PVey4qnwF4ZdD7DTPQIDAQAB
AoGAP16k30pmY4PkESsN2OMJfXaTitbRW2wCkTBb5isb0Ey1nukHIjgybjrPbQQA
C//fJVFD7c+5f0QmiGuZACSReD7r0BmPnQZOZyAYLFSX0sepwavX/7o/CgsisCjl
s2tTVub6G+1nfnGZOhsX2n/0DQVsLFPQag0HxWjJ89Z+DjkCQQD4G24AUN8tcRR4
ij2oKiyfHVIkqLLc0QUMkgH0S1zanj4impvfiWKImSWd477DYaLyYwMb0zPL8eRk
gJHeRr77AkEAwp8hnYs0aY5aGcnZZqnjjbdfn+UXIWd6dDED8umSkk27dZyTrjR0
SksmrIlKK5P5wctKma8fPlJx9mtV2YRBJwJAKaeZSU5KmfuBP1eeUGx8P16R2vvD
w9UH7vtYfqZkeYPV1MN2ZgpP07U6no6NCYqL6/v5mqNT7+q1uLXpR5NDHwJAJtZG
iP+8Z8wGYtsKzRfd1uve4zN+GCZkI0ecuB6wJw3n+KJUPhEtm52/i/KhoGyZDHka
2+w8Wd1t7HSi3xMrRQJAUjHExlbF2ZIyQ9VBgN3lLMpfCZEz2DCFxCJ++8cYFzL5
JpX27iPg62USoiuT5VRLnNXRJievCVTGGGtXr0mlkg==
-----END RSA PRIVATE KEY-----`;

const key = ticketSigningKey(pem);
const publicKey = ticketVerifyingKey(pem);
const issued_s = 0x6a000000;
const usual = [{ key: publicKey, min_age_s: -300, max_age_s: 7200 }];
/** By `openssl dgst -sha1 -sign`. */
const knownSignature =
  'ceM++WAFsL/9tCKRMRjSi8jY+SH7uAaLHKhCSCDbnuesTOKtPGa8Au/x/bTFkx3wWWuJVR9+CM/jTajuilbiBKLyc4/cWzW5I2UG8C8XAsDxRM35AC3lzXuAUJUqirdXSwJRdIm6+6gmgGk2aT1f2nkaG5GLGe5zjSQRrG6ispM=';

test('a ticket has the form and the signature of the reference', () => {
  const ticket = signUserTicket('root@pam', key, issued_s);
  assert.is(ticket, `PVE:root@pam:6A000000::${knownSignature}`);
  assert.equal(readLoginTicket(ticket, usual, issued_s + 60), { kind: 'whole', userid: 'root@pam', age_s: 60 });
});

test('both limits of the age are exclusive', () => {
  const ticket = signUserTicket('a@pve', key, issued_s);
  const kindAt = (now_s: number) => readLoginTicket(ticket, usual, now_s).kind;
  assert.is(kindAt(issued_s + 7199), 'whole');
  assert.is(kindAt(issued_s + 7200), 'invalid');
  assert.is(kindAt(issued_s - 299), 'whole');
  assert.is(kindAt(issued_s - 300), 'invalid');
});

test('any key may have signed, each in its own window', () => {
  const ticket = signUserTicket('a@pve', key, issued_s);
  const narrow = { key: publicKey, min_age_s: 100, max_age_s: 200 };
  assert.is(readLoginTicket(ticket, [narrow], issued_s + 50).kind, 'invalid');
  assert.is(readLoginTicket(ticket, [narrow, usual[0]!], issued_s + 50).kind, 'whole');
});

test('a changed ticket is invalid: user, time, signature, base64 that decodes the same', () => {
  const ticket = signUserTicket('a@pve', key, issued_s);
  for (const changed of [
    ticket.replace('a@pve', 'b@pve'),
    ticket.replace('6A000000', '6A000001'),
    ticket.replace(/[^=](=*)$/, (end) => `${end[0] === 'A' ? 'B' : 'A'}${end.slice(1)}`),
    `${ticket}=`,
    `${ticket}\n`,
    ticket.replace('::', ':'),
    'PVE:a@pve:6A000000::',
    '',
  ]) {
    assert.is(readLoginTicket(changed, usual, issued_s).kind, 'invalid', changed);
  }
});

test('a percent sign in a name is not an escape', () => {
  const ticket = signUserTicket('a%41@pve', key, issued_s);
  assert.equal(readLoginTicket(ticket, usual, issued_s), { kind: 'whole', userid: 'a%41@pve', age_s: 0 });
});

test('a half ticket is no login, and belongs to its user', () => {
  const challenge = '{"totp":true,"recovery":[0,1]}';
  const ticket = signHalfTicket('a@pve', challenge, key, issued_s);
  assert.match(ticket, /^PVE:!tfa!\{"totp"%3Atrue,"recovery"%3A\[0,1\]\}:6A000000::/);
  assert.is(readLoginTicket(ticket, usual, issued_s).kind, 'half');
  assert.is(verifyHalfTicket('a@pve', ticket, usual, issued_s), challenge);
  assert.is(verifyHalfTicket('b@pve', ticket, usual, issued_s), undefined);
  assert.is(verifyHalfTicket('a@pve', signUserTicket('a@pve', key, issued_s), usual, issued_s), undefined);
});

test('a console ticket is bound to user, path and port, and lives 40 seconds', () => {
  const binding = consoleBinding('a@pve', '/vms/100', 5900);
  const ticket = signTicket({ prefix: 'PVEVNC', additional: binding }, key, issued_s);
  const trusted = { key: publicKey, min_age_s: -20, max_age_s: 40 };
  assert.match(ticket, /^PVEVNC:6A000000::/);
  assert.ok(verifyConsoleTicket(binding, ticket, trusted, issued_s + 39));
  assert.ok(verifyConsoleTicket(binding, `!A"B#:\`1:${ticket}`, trusted, issued_s), 'password before it');
  assert.not(verifyConsoleTicket(binding, ticket, trusted, issued_s + 40));
  assert.not(verifyConsoleTicket(consoleBinding('a@pve', '/vms/100', 5901), ticket, trusted, issued_s));
  assert.not(verifyConsoleTicket(consoleBinding('a@pve', '/vms/100'), ticket, trusted, issued_s));
  const withData = signTicket({ prefix: 'PVEVNC', data: 'x', additional: binding }, key, issued_s);
  assert.not(verifyConsoleTicket(binding, withData, trusted, issued_s));
});

test('a login ticket is no console ticket and the other way round', () => {
  assert.is(parseTicket('PVEVNC', signUserTicket('a@pve', key, issued_s)), undefined);
  assert.is(parseTicket('PVE', 'PVEVNC:6A000000::abcd'), undefined);
});

test.run();
