import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { mergeKeyLines, mergeRootKeys, publishHostKey, unmergeKnownHosts } from './ssh-keys.ts';
import { startTestNode } from './test-node.ts';

const A = 'ssh-rsa AAAAB3NzaC1yc2EAAAA root@n1';
const B = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 root@n2';

test('keys: the first line of each key stays, in order; options and comments of a line are kept', () => {
  assert.is(mergeKeyLines([`${A}\n`, `${B}\nssh-rsa AAAAB3NzaC1yc2EAAAA other comment\n`]), `${A}\n${B}\n`);
  const restricted = 'from="10.0.0.0/8",no-pty ecdsa-sha2-nistp256 AAAAE2VjZHNh x';
  assert.is(mergeKeyLines(['# my keys\n\n', restricted]), `${restricted}\n`);
  assert.is(mergeKeyLines(['', '']), '');
});

test('keys: merging again changes nothing, whatever comes', () => {
  const line = fc.oneof(fc.constantFrom(A, B, '# x', ''), fc.string());
  fc.assert(
    fc.property(fc.array(line), fc.array(line), (one, two) => {
      const merged = mergeKeyLines([one.join('\n'), two.join('\n')]);
      assert.is(mergeKeyLines([merged, one.join('\n')]), merged);
      assert.is(mergeKeyLines([merged]), merged);
    }),
  );
});

const root = mkdtempSync(join(tmpdir(), 'pvecm-ssh-'));
const node = await startTestNode({ root, name: 'n1', clock: createRealClock() });

test('without a folder .ssh nothing is touched', async () => {
  await mergeRootKeys(node.ports);
  assert.is(await node.read('priv/authorized_keys'), undefined);
});

test('root keys go to the tree; the own list becomes a link only where it leads somewhere', async () => {
  const folder = join(root, 'root/.ssh');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'id_rsa.pub'), `${A}\n`);
  writeFileSync(join(folder, 'authorized_keys'), `${B}\n`);
  await mergeRootKeys(node.ports);
  assert.is(await node.read('priv/authorized_keys'), `${A}\n${B}\n`);
  assert.is(readFileSync(join(folder, 'authorized_keys'), 'utf8'), `${B}\n`, 'no mount: root keeps its own list');

  const mounted = join(root, 'etc/pve/priv/authorized_keys');
  mkdirSync(join(root, 'etc/pve/priv'), { recursive: true });
  writeFileSync(mounted, `${A}\n${B}\n`);
  await mergeRootKeys(node.ports);
  assert.is(readlinkSync(join(folder, 'authorized_keys')), mounted);
  await mergeRootKeys(node.ports);
  assert.is(await node.read('priv/authorized_keys'), `${A}\n${B}\n`);
});

test('the host key is published', async () => {
  await publishHostKey(node.ports, 'n1');
  assert.is(await node.read('nodes/n1/ssh_known_hosts'), undefined);
  mkdirSync(join(root, 'etc/ssh'), { recursive: true });
  writeFileSync(join(root, 'etc/ssh/ssh_host_rsa_key.pub'), 'ssh-rsa AAAAhost root@somewhere\n');
  await node.client.makeDirectories('nodes/n1');
  await publishHostKey(node.ports, 'n1');
  assert.is(await node.read('nodes/n1/ssh_known_hosts'), 'n1 ssh-rsa AAAAhost\n');
});

test('--unmerge-known-hosts: a link to the merged list becomes a file, any other stays', async () => {
  const path = join(root, 'etc/ssh/ssh_known_hosts');
  await node.write('priv/known_hosts', 'n1 ssh-rsa AAAA\n');
  symlinkSync(join(root, 'etc/pve/priv/known_hosts'), path);
  await unmergeKnownHosts(node.ports);
  assert.is(readFileSync(path, 'utf8'), 'n1 ssh-rsa AAAA\n');
  writeFileSync(path, 'own\n');
  await unmergeKnownHosts(node.ports);
  assert.is(readFileSync(path, 'utf8'), 'own\n');
});

test.after(async () => {
  await node.close();
  rmSync(root, { recursive: true });
});

test.run();
