import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  components,
  isBadName,
  isLegacyScript,
  isLockDirectory,
  isLockPath,
  isPrivatePath,
  type ModeKind,
  parseGuestConfig,
  permissionsOf,
} from './path-class.ts';

test('the empty path, a dot and slashes are the root; empty components are ignored (§1.1)', () => {
  for (const root of ['', '.', '/', '//', './', '/.']) assert.equal(components(root), [], JSON.stringify(root));
  assert.equal(components('/a//b/'), ['a', 'b']);
  assert.equal(components('a/..'), ['a', '..']);
  assert.equal(components('./a'), ['.', 'a']);
});

test('names that no operation creates (§1.6)', () => {
  for (const name of ['', '.', '..']) assert.ok(isBadName(name));
  for (const name of ['...', '.x', 'a', '-']) assert.not(isBadName(name));
});

test('private paths (§1.2)', () => {
  const isPrivate = ['priv', 'priv/x', '/priv/', '//priv', 'nodes/a/priv', 'nodes/a/priv/k', 'nodes//priv', 'priv//'];
  const isPublic = ['', 'private', 'nodes/a/privx', 'nodes/priv', 'x/priv', 'nodes/a/b/priv', 'xnodes/a/priv', 'Priv'];
  for (const path of isPrivate) assert.ok(isPrivatePath(path), path);
  for (const path of isPublic) assert.not(isPrivatePath(path), path);
});

test('lock paths are at any depth below priv/lock, lock directories directly in it (§2.6)', () => {
  for (const path of ['priv/lock/a', '/priv/lock/a/b', 'priv/lock/.', 'priv/lock//a'])
    assert.ok(isLockPath(path), path);
  for (const path of ['priv/lock', 'priv/lock/', 'priv/lockx/a', 'x/priv/lock/a', 'priv/loc']) {
    assert.not(isLockPath(path), path);
  }
  assert.ok(isLockDirectory(['priv', 'lock', 'a']));
  for (const parts of [
    ['priv', 'lock'],
    ['priv', 'lock', 'a', 'b'],
    ['x', 'lock', 'a'],
    ['priv', 'x', 'a'],
  ]) {
    assert.not(isLockDirectory(parts), parts.join('/'));
  }
});

test('legacy scripts (§1.2 step 2)', () => {
  for (const word of ['mount', 'umount', 'start', 'stop', 'premount', 'postumount']) {
    assert.ok(isLegacyScript(`vps.${word}`));
    assert.ok(isLegacyScript(`100.${word}`));
  }
  for (const name of [
    '0100.mount',
    '.mount',
    'vps.mountx',
    'vpsx.mount',
    '100.conf',
    '100.',
    'a100.stop',
    '100.stop\n',
  ]) {
    assert.not(isLegacyScript(name), name);
  }
});

test('guest configurations: every rule of the name (§2.7)', () => {
  const guests: readonly [path: string, vmid: number, node: string, type: string][] = [
    ['nodes/n1/qemu-server/100.conf', 100, 'n1', 'qemu'],
    ['/nodes/a/lxc/1.conf', 1, 'a', 'lxc'],
    ['nodes/my-Node-9/openvz/4294967295.conf', 4294967295, 'my-Node-9', 'openvz'],
  ];
  for (const [path, vmid, node, type] of guests) assert.equal(parseGuestConfig(path), { vmid, node, type }, path);
  const others = [
    'nodes/n1/qemu-server/0100.conf',
    'nodes/n1/qemu-server/0.conf',
    'nodes/n1/qemu-server/4294967296.conf',
    'nodes/n1/qemu-server/99999999999999999999999.conf',
    'nodes/n1/qemu-server/100.conf.tmp.1',
    'nodes/n1/qemu-server/100.CONF',
    'nodes/n1/qemu-server/100xconf',
    'nodes/n1/qemu-server/.conf',
    'nodes/n1/qemu-server/100.conf\n',
    'nodes/n1/qemu-server/x/100.conf',
    'nodes/n1/qemu/100.conf',
    'nodes/-n1/lxc/100.conf',
    'nodes/n1-/lxc/100.conf',
    'nodes/n_1/lxc/100.conf',
    'nodes/n.1/lxc/100.conf',
    'nodes/lxc/100.conf',
    'node/n1/lxc/100.conf',
    'nodes/n1/lxc',
  ];
  for (const path of others) assert.is(parseGuestConfig(path), undefined, path);
});

test('every row of the table of modes (§1.2)', () => {
  const rows: readonly [kind: ModeKind, path: string, quorate: number, not: number][] = [
    ['root', '', 0o755, 0o755],
    ['directory', 'nodes', 0o755, 0o555],
    ['symlink', 'local', 0o755, 0o555],
    ['file', 'storage.cfg', 0o640, 0o440],
    ['directory', 'priv', 0o700, 0o500],
    ['directory', 'nodes/n1/priv', 0o700, 0o500],
    ['file', 'priv/shadow.cfg', 0o600, 0o400],
    ['file', 'nodes/n1/lxc/100.mount', 0o740, 0o540],
    ['file', 'vps.postumount', 0o740, 0o540],
    ['file', 'priv/vps.start', 0o700, 0o500],
    ['directory', '100.mount', 0o755, 0o555],
    ['computed', '.version', 0o440, 0o440],
    ['computed-writable', '.debug', 0o640, 0o640],
  ];
  for (const [kind, path, quorate, not] of rows) {
    assert.is(permissionsOf(kind, path, true), quorate, `${kind} ${path}`);
    assert.is(permissionsOf(kind, path, false), not, `${kind} ${path}, not quorate`);
  }
});

test.run();
