import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { hasOpenssl, newRsaKey } from '../../runtime/node/certificates.ts';
import { replaceHostFile } from '../../runtime/node/host-files.ts';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import { startTestNode } from './test-node.ts';
import { searchDomain, updateCertificates } from './update-certs.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvecm-certs-'));

test('updatecerts: all that is missing is made, once', async () => {
  if (!(await hasOpenssl())) {
    reportSkip('updatecerts', 'openssl is not installed');
    return;
  }
  const root = join(folder, 'n1');
  const node = await startTestNode({ root, name: 'n1', clock: createRealClock() });
  replaceHostFile(join(root, 'etc/resolv.conf'), Buffer.from('nameserver 10.0.0.1\nsearch example.net other\n'), 0o644);
  // A smaller key than the cluster's real one, which takes seconds to make.
  await node.write('priv/pve-root-ca.key', await newRsaKey(2048));
  await updateCertificates(node.ports, { nodeName: 'n1' });

  for (const directory of ['lxc', 'qemu-server', 'openvz', 'priv'])
    assert.ok(await node.client.exists(`nodes/n1/${directory}`));
  const observed = ['priv/acme', 'ha', 'sdn', 'virtual-guest', 'firewall', 'mapping'];
  const mount = node.layout.mountPoint;
  assert.is(
    node.printed(),
    observed.map((directory) => `creating directory '${mount}/${directory}' for observed files\n`).join(''),
  );
  assert.match((await node.read('priv/authkey.key'))!, 'BEGIN PRIVATE KEY');
  assert.match((await node.read('authkey.pub'))!, 'BEGIN PUBLIC KEY');
  assert.match((await node.read('pve-www.key'))!, 'BEGIN PRIVATE KEY');
  assert.match((await node.read('vzdump.cron'))!, 'PATH=');
  assert.is(readlinkSync(join(root, 'etc/cron.d/vzdump')), `${mount}/vzdump.cron`);
  assert.is(await node.read('priv/pve-root-ca.srl'), '0000000000000001\n');

  const authority = new X509Certificate((await node.read('pve-root-ca.pem'))!);
  assert.match(authority.subject, /^CN=Proxmox Virtual Environment\nOU=[0-9a-f-]{36}\nO=PVE Cluster Manager CA$/);
  const first = (await node.read('nodes/n1/pve-ssl.pem'))!;
  const certificate = new X509Certificate(first);
  assert.ok(certificate.verify(authority.publicKey));
  assert.is(certificate.subject, 'CN=n1.example.net');
  for (const name of ['IP Address:127.0.0.1', 'DNS:localhost', 'DNS:n1,', 'DNS:n1.example.net']) {
    assert.match(`${certificate.subjectAltName},`, name);
  }
  assert.ok(await node.client.exists('priv/lock'), 'locks were taken');
  for (const lock of ['authkey', 'file-priv_pve-root-ca_srl'])
    assert.is(await node.client.exists(`priv/lock/${lock}`), false);

  await updateCertificates(node.ports, { nodeName: 'n1' });
  assert.is(await node.read('nodes/n1/pve-ssl.pem'), first, 'nothing is made twice');
  await updateCertificates(node.ports, { nodeName: 'n1', force: true });
  const forced = (await node.read('nodes/n1/pve-ssl.pem'))!;
  assert.is(new X509Certificate(forced).serialNumber, '02');

  await node.client.call('file-remove', { path: 'pve-root-ca.pem' });
  await node.write('priv/pve-root-ca.key', await newRsaKey(2048));
  await updateCertificates(node.ports, { nodeName: 'n1', silent: true });
  const renewed = new X509Certificate((await node.read('nodes/n1/pve-ssl.pem'))!);
  assert.ok(renewed.verify(new X509Certificate((await node.read('pve-root-ca.pem'))!).publicKey), 'a new authority');
  await node.close();
});

test('updatecerts: waits for quorum, says so every 5 s, and gives up after 80 s', async () => {
  const clock = new VirtualClock();
  const node = await startTestNode({ root: join(folder, 'n2'), name: 'n2', clock });
  node.override({ ready: false });
  let message: string | undefined;
  updateCertificates(node.ports, { nodeName: 'n2' }).catch((error: Error) => {
    message = error.message;
  });
  while (message === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    // The limit, and the next attempt: before that one is armed an answer is under way.
    if (clock.pending === 2) clock.step();
  }
  assert.match(
    message,
    /^got timeout when trying to ensure cluster certificates and base file hierarchy is set up - no quorum/,
  );
  const lines = node.printed().split('\n').filter(Boolean);
  assert.ok(lines.length === 15 || lines.length === 16, `${lines.length} lines`);
  assert.is(new Set(lines).size, 1);
  assert.is(lines[0], 'waiting for pmxcfs mount to appear and get quorate...');
  assert.is(existsSync(join(folder, 'n2/etc/cron.d/vzdump')), false);
  await node.close();
});

test('the search domain', () => {
  assert.is(searchDomain('search example.net other.net\n'), 'example.net');
  assert.is(searchDomain('domain a.net\nsearch b.net\n'), 'b.net');
  assert.is(searchDomain('nameserver 1.1.1.1\n# search x.net\nsearch .\n'), undefined);
});

test.after(() => rmSync(folder, { recursive: true }));

test.run();
