import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Memdb, type TreeMode } from './memdb.ts';

const NONE = Buffer.alloc(0);
const MODES: readonly TreeMode[] = ['upstream', 'solo'];

function treeOf(mode: TreeMode, ...directories: readonly string[]): Memdb {
  const tree = new Memdb({ mode });
  for (const directory of directories) assert.is(tree.mkdir(directory, at(1)), 0, directory);
  return tree;
}

function at(time: number, writer = 1) {
  return { writer, time, monotonic_s: time };
}

function write(tree: Memdb, path: string, text: string, offset = 0): number {
  return tree.write(path, Buffer.from(text, 'latin1'), offset, false, at(2));
}

function put(tree: Memdb, path: string, text = ''): void {
  assert.is(tree.create(path, at(2)), 0, path);
  if (text !== '') assert.is(write(tree, path, text), text.length, path);
}

function read(tree: Memdb, path: string): string | undefined {
  return tree.lookup(path)?.data.toString('latin1');
}

function counterOf(tree: Memdb, path: string): number | undefined {
  return new Map(tree.counters.entries()).get(path);
}

function both(name: string, body: (mode: TreeMode) => void): void {
  for (const mode of MODES) test(`${name} (${mode})`, () => body(mode));
}

both('an empty tree has version 1, mtime 0 and the digests of §2.5', (mode) => {
  const tree = new Memdb({ mode });
  const { version, writer, mtime, inode, parent, type, name } = tree.root;
  assert.equal([version, writer, mtime, inode, parent, type, name], [1, 0, 0, 0, 0, 4, '']);
  assert.is(tree.entryCount, 1);
  const digest = '4c56076e879e582d9b0f9fee24664fc9a26a49591880e0e7cd12061406db0511';
  const header = '01000000000000000000000000000000000000000000000001000000480000000000000000000000';
  assert.is(tree.encodeIndex().toString('hex'), header + digest);
  assert.is(tree.checksum().toString('hex'), '797583cf6bdd2a84ceef9865f30212d449b7094fbf1efdff7954d447ad5677a1');
});

both('I1, I2: a change raises the version, stamps root and entry, and names new inodes by it (§2.3)', (mode) => {
  const tree = treeOf(mode);
  tree.mkdir('dir', at(1_700_000_000));
  tree.create('dir/file', at(1_700_000_010));
  tree.write('dir/file', Buffer.from('hello'), 0, false, at(1_700_000_010));
  const file = tree.lookup('/dir//file');
  assert.equal([file?.inode, file?.parent, file?.version, file?.mtime, file?.size], [3, 2, 4, 1_700_000_010, 5]);
  assert.is(tree.checksum().toString('hex'), 'ac2097982e931bbe13689204eeb46deff5a19a8cb55338a67c5c210318e5448c');
  assert.is(tree.setMtime('dir', 5, at(99, 7)), 0);
  assert.equal([tree.root.version, tree.root.mtime, tree.root.writer], [5, 5, 7]);
});

both('the checks of WRITE come in their order (§1.6)', (mode) => {
  const tree = treeOf(mode, 'd', 'nodes', 'nodes/n1', 'nodes/n1/lxc', 'nodes/n2', 'nodes/n2/lxc');
  put(tree, 'f');
  put(tree, 'nodes/n1/lxc/100.conf');
  assert.is(tree.write('none/x', NONE, 1_048_577, false, at(2)), -27);
  assert.is(write(tree, 'none/x', 'a'), -2);
  assert.is(write(tree, 'f/x', 'a'), -20);
  assert.is(write(tree, 'f/x/y', 'a'), -2);
  assert.is(write(tree, '', 'a'), -13);
  assert.is(write(tree, 'd/..', 'a'), -13);
  assert.is(write(tree, 'nodes/n2/lxc/100.conf', 'a'), -17);
  assert.is(write(tree, 'd', 'a'), -20);
  assert.is(write(tree, 'd/x', 'a'), -2);
});

both('writes overlay, extend with zeros, and truncate (§1.6)', (mode) => {
  const tree = treeOf(mode);
  put(tree, 'f', '0123456789');
  assert.is(write(tree, 'f', 'AB', 12), 2);
  assert.is(read(tree, 'f'), '0123456789\0\0AB');
  assert.is(tree.write('f', Buffer.from('x'), 3, true, at(2)), 1);
  assert.is(read(tree, 'f'), '012x');
  assert.is(tree.write('f', NONE, 6, true, at(2)), 0);
  assert.is(read(tree, 'f'), '012x\0\0');
  assert.is(tree.write('f', NONE, 0, true, at(2)), 0);
  assert.is(read(tree, 'f'), '');
  const { version } = tree.root;
  assert.is(tree.write('f', NONE, 0, false, at(2)), 0);
  assert.is(tree.root.version, version + 1, 'a write that changes nothing counts (§1.6)');
});

both('a file of exactly 1 MiB fits, one byte more does not', (mode) => {
  const tree = treeOf(mode);
  put(tree, 'f');
  assert.is(tree.write('f', Buffer.alloc(1_048_576, 1), 0, false, at(2)), 1_048_576);
  assert.is(write(tree, 'f', 'x', 1_048_576), -27);
  assert.is(tree.write('f', NONE, 1_048_577, true, at(2)), -27);
  assert.is(tree.totalBytes, 1_048_576);
});

both('I3: data that a reader holds is never changed', (mode) => {
  const tree = treeOf(mode);
  put(tree, 'f', 'first');
  const held = tree.lookup('f')?.data;
  write(tree, 'f', 'SECOND');
  write(tree, 'f', ' and more', 6);
  const longer = tree.lookup('f')?.data;
  tree.write('f', NONE, 3, true, at(2));
  write(tree, 'f', 'xyz', 3);
  assert.is(held?.toString(), 'first');
  assert.is(longer?.toString(), 'SECOND and more');
  assert.is(read(tree, 'f'), 'SECxyz');
});

both('CREATE, MKDIR and DELETE refuse as specified (§1.6)', (mode) => {
  const tree = treeOf(mode, 'd', 'd/sub');
  put(tree, 'f');
  assert.equal([tree.create('f', at(2)), tree.create('d', at(2)), tree.create('d/.', at(2))], [-17, -20, -13]);
  assert.equal([tree.mkdir('f', at(2)), tree.mkdir('d', at(2)), tree.mkdir('', at(2))], [-17, -17, -13]);
  assert.equal([tree.mkdir('no/..', at(2)), tree.mkdir('f/x', at(2))], [-2, -20]);
  assert.equal([tree.remove('d', at(2)), tree.remove('', at(2)), tree.remove('no', at(2))], [-39, -13, -2]);
  assert.equal([tree.remove('d/sub', at(2)), tree.remove('d', at(2)), tree.remove('f', at(2))], [0, 0, 0]);
  assert.is(tree.entryCount, 1);
});

both('RENAME keeps inode and data, replaces a target, refuses as specified (§1.6)', (mode) => {
  const tree = treeOf(mode, 'd', 'e', 'full', 'full/x');
  put(tree, 'f', 'data');
  put(tree, 'd/g', 'old');
  const inode = tree.lookup('f')?.inode;
  assert.is(tree.rename('f', 'd/g', at(3, 9)), 0);
  const moved = tree.lookup('d/g');
  assert.equal([moved?.inode, moved?.version, moved?.writer, moved?.mtime], [inode, tree.root.version, 9, 3]);
  assert.is(read(tree, 'd/g'), 'data');
  assert.is(tree.lookup('f'), undefined);
  assert.is(tree.totalBytes, 4);
  assert.equal([tree.rename('no', 'x', at(3)), tree.rename('', 'x', at(3))], [-2, -13]);
  assert.equal([tree.rename('e', 'full', at(3)), tree.rename('full', 'y', at(3))], [-39, -39]);
  assert.equal([tree.rename('e', 'no/y', at(3)), tree.rename('e', 'd/g/y', at(3))], [-2, -20]);
  assert.is(tree.rename('e', 'e/inside', at(3)), -22);
  assert.is(tree.rename('e', '', at(3)), -39);
  assert.is(tree.rename('e', 'full/e', at(3)), 0);
});

both('a rename onto itself only stamps the entry', (mode) => {
  const tree = treeOf(mode);
  put(tree, 'f', 'data');
  tree.takeChanges();
  assert.is(tree.rename('f', 'f', at(3)), 0);
  assert.is(read(tree, 'f'), 'data');
  assert.equal(
    tree.takeChanges().map((change) => change.kind),
    ['replace', 'replace'],
  );
});

both('locks: renewal rules, refused rename, and the table (§2.6)', (mode) => {
  const tree = treeOf(mode, 'priv', 'priv/lock');
  assert.is(tree.mkdir('priv/lock/l', at(100, 1)), 0);
  assert.is(tree.locks.age_s('priv/lock/l', 130), 30);
  assert.is(tree.setMtime('priv/lock/l', 99, at(101, 1)), -13);
  assert.is(tree.setMtime('priv/lock/l', 100, at(101, 2)), -13);
  assert.is(tree.setMtime('priv/lock/l', 100, at(150, 1)), 0);
  assert.is(tree.locks.age_s('priv/lock/l', 160), 10);
  assert.is(tree.rename('priv/lock/l', 'priv/lock/m', at(160)), -13);
  assert.is(tree.rename('priv/lock/l', 'elsewhere', at(160)), -13);
  const lock = tree.lookup('priv/lock/l');
  assert.ok(lock);
  assert.equal(tree.locks.testExpiry('priv/lock/l', tree.lockChecksum(lock), 271), { expired: true });
  assert.is(tree.remove('priv/lock/l', at(300, 5)), 0);
  assert.is(tree.locks.size, 0);
});

both('below a lock: no renewal rules, no table entry, but no rename either (§2.6)', (mode) => {
  const tree = treeOf(mode, 'priv', 'priv/lock', 'priv/lock/a');
  tree.mkdir('priv/lock/a/b', at(100, 1));
  assert.is(tree.locks.size, 1);
  assert.is(tree.setMtime('priv/lock/a/b', 5, at(101, 2)), 0);
  assert.is(tree.rename('priv/lock/a/b', 'x', at(101)), -13);
  put(tree, 'priv/lock/file');
  assert.is(tree.rename('priv/lock/file', 'x', at(101)), 0, 'files may be moved');
});

both('VMIDs are unique; a guest moves by rename (§2.7)', (mode) => {
  const tree = treeOf(
    mode,
    'nodes',
    'nodes/n1',
    'nodes/n1/qemu-server',
    'nodes/n1/lxc',
    'nodes/n2',
    'nodes/n2/qemu-server',
  );
  put(tree, 'nodes/n1/qemu-server/100.conf');
  assert.is(tree.create('nodes/n2/qemu-server/100.conf', at(2)), -17);
  assert.is(tree.create('nodes/n1/lxc/100.conf', at(2)), -17);
  put(tree, 'nodes/n2/qemu-server/100.conf.tmp');
  assert.is(tree.rename('nodes/n2/qemu-server/100.conf.tmp', 'nodes/n2/qemu-server/100.conf', at(2)), -17);
  assert.is(tree.rename('nodes/n1/qemu-server/100.conf', 'nodes/n2/qemu-server/100.conf', at(2)), 0);
  assert.equal(tree.guests.get(100), { node: 'n2', type: 'qemu', version: 2 });
  put(tree, 'nodes/n1/lxc/101.conf');
  assert.is(tree.rename('nodes/n1/lxc/101.conf', 'nodes/n1/lxc/100.conf', at(2)), -17);
  assert.is(tree.rename('nodes/n2/qemu-server/100.conf', 'nodes/n2/qemu-server/101.conf', at(2)), -17);
  assert.is(tree.rename('nodes/n2/qemu-server/100.conf', 'storage.cfg', at(2)), 0);
  assert.is(tree.guests.get(100), undefined);
  assert.is(tree.guests.size, 1);
  assert.is(tree.guests.version, 5);
});

both('a directory may have the name of a guest and is none (§1.6)', (mode) => {
  const tree = treeOf(mode, 'nodes', 'nodes/n1', 'nodes/n1/lxc', 'nodes/n1/lxc/7.conf');
  assert.is(tree.guests.size, 0);
  assert.is(tree.guests.version, 0);
});

both('counters of observed files (§2.8)', (mode) => {
  const tree = treeOf(mode, 'ha', 'full', 'full/x');
  put(tree, 'storage.cfg', 'x');
  tree.setMtime('storage.cfg', 5, at(2));
  assert.is(counterOf(tree, 'storage.cfg'), 3);
  tree.rename('storage.cfg', 'user.cfg', at(2));
  assert.equal([counterOf(tree, 'storage.cfg'), counterOf(tree, 'user.cfg')], [4, 1]);
  tree.remove('/user.cfg', at(2));
  assert.is(counterOf(tree, 'user.cfg'), 2);
  tree.mkdir('jobs.cfg', at(2));
  assert.is(counterOf(tree, 'jobs.cfg'), 0, 'MKDIR does not count');
  assert.is(tree.rename('full', 'ceph.conf', at(2)), -39);
  assert.is(counterOf(tree, 'ceph.conf'), 1, 'a refused rename of a full directory counts');
  assert.is(write(tree, 'ha/rules.cfg', 'x'), -2);
  assert.is(counterOf(tree, 'ha/rules.cfg'), 0, 'other refusals do not');
});

both('the error flag refuses every change with EIO, and nothing else (§3.6)', (mode) => {
  const tree = treeOf(mode, 'd');
  put(tree, 'f', 'x');
  tree.errorFlag = true;
  const results = [
    tree.create('g', at(2)),
    tree.write('f', Buffer.alloc(1), 2_000_000, false, at(2)),
    tree.mkdir('e', at(2)),
    tree.remove('none', at(2)),
    tree.rename('none', 'x', at(2)),
    tree.setMtime('', 5, at(2)),
  ];
  assert.equal(results, [-5, -5, -5, -5, -5, -5]);
  assert.is(read(tree, 'f'), 'x');
});

test('Q3 upstream: growth of an empty file has a size and no bytes, until bytes are written', () => {
  const tree = treeOf('upstream');
  put(tree, 'f');
  assert.is(tree.write('f', NONE, 10, true, at(2)), 0);
  assert.equal([tree.lookup('f')?.size, tree.lookup('f')?.data.length, tree.totalBytes], [10, 0, 10]);
  const [row] = tree.takeChanges();
  assert.is(row?.kind === 'replace' && row.row.data, null);
  assert.is(write(tree, 'f', 'ab', 1), 2);
  assert.is(read(tree, 'f'), '\0ab\0\0\0\0\0\0\0');
  assert.is(tree.totalBytes, 10);
});

test('Q3 solo: growth of an empty file stores zero bytes', () => {
  const tree = treeOf('solo');
  put(tree, 'f');
  assert.is(tree.write('f', NONE, 3, true, at(2)), 0);
  assert.is(read(tree, 'f'), '\0\0\0');
});

test('Q5 upstream: a refused rename of a full directory removes the empty target from memory alone', () => {
  const tree = treeOf('upstream', 'full', 'full/x', 'target');
  tree.takeChanges();
  const { version } = tree.root;
  assert.is(tree.rename('full', 'target', at(2)), -39);
  assert.is(tree.lookup('target'), undefined);
  assert.is(tree.root.version, version);
  assert.equal(tree.takeChanges(), []);
});

test('Q5 solo: a refused rename changes nothing', () => {
  const tree = treeOf('solo', 'full', 'full/x', 'target');
  const before = tree.checksum();
  assert.is(tree.rename('full', 'target', at(2)), -39);
  assert.ok(tree.checksum().equals(before));
});

function treeWithShadow(mode: TreeMode): Memdb {
  const tree = treeOf(mode, 'nodes', 'nodes/n1', 'nodes/n1/lxc', 'nodes/n2', 'nodes/n2/lxc');
  put(tree, 'nodes/n1/lxc/7.conf');
  assert.is(tree.mkdir('nodes/n2/lxc/7.conf', at(2)), 0);
  assert.is(tree.remove('nodes/n2/lxc/7.conf', at(2)), 0);
  return tree;
}

test('Q24 upstream: removing a directory named like a guest forgets the VMID', () => {
  const tree = treeWithShadow('upstream');
  assert.is(tree.guests.get(7), undefined);
  assert.is(tree.create('nodes/n2/lxc/7.conf', at(2)), 0, 'so that a duplicate can be made');
  assert.is(write(tree, 'nodes/n1/lxc/7.conf', 'x'), -17);
});

test('Q24 solo: removing a directory named like a guest leaves the VMID alone', () => {
  const tree = treeWithShadow('solo');
  assert.is(tree.guests.get(7)?.node, 'n1');
  assert.is(tree.create('nodes/n2/lxc/7.conf', at(2)), -17);
});

test('I4 solo: a guest whose file is replaced by a directory is forgotten', () => {
  const tree = treeOf('solo', 'nodes', 'nodes/n1', 'nodes/n1/lxc', 'empty');
  put(tree, 'nodes/n1/lxc/7.conf');
  assert.is(tree.rename('empty', 'nodes/n1/lxc/7.conf', at(2)), 0);
  assert.is(tree.guests.get(7), undefined);
});

both('opening: a new database gets its version row with the wall time, memory keeps mtime 0 [Q7]', (mode) => {
  const tree = new Memdb({ mode });
  const opened = tree.open([], { wall_s: 1234, monotonic_s: 0 });
  const row = { inode: 0, parent: 0, version: 1, writer: 0, mtime: 1234, type: 8, name: '__version__', data: null };
  assert.equal(opened, { changes: [{ kind: 'replace', row }] });
  assert.is(tree.root.mtime, 0);
  assert.is(counterOf(tree, 'corosync.conf'), 1);
  assert.is(tree.guests.version, 0);
});

both('opening: guests, locks and totals come from the rows; the error flag is cleared; the root has type 4', (mode) => {
  const source = treeOf(mode, 'priv', 'priv/lock', 'priv/lock/l', 'nodes', 'nodes/n1', 'nodes/n1/lxc');
  put(source, 'nodes/n1/lxc/7.conf', 'abc');
  const rows = source.takeChanges().flatMap((change) => (change.kind === 'replace' ? [change.row] : []));
  const tree = new Memdb({ mode });
  tree.errorFlag = true;
  assert.equal(tree.open(rows, { wall_s: 0, monotonic_s: 50 }), { changes: [] });
  assert.ok(tree.encodeIndex().equals(source.encodeIndex()));
  assert.is(tree.guests.get(7)?.type, 'lxc');
  assert.is(tree.guests.version, 1);
  assert.is(tree.locks.age_s('priv/lock/l', 60), 10);
  assert.equal([tree.totalBytes, tree.errorFlag, tree.root.type], [3, false, 4]);
  assert.equal(tree.takeChanges(), []);
});

test('opening: duplicate VMIDs are refused and change nothing (§2.7)', () => {
  const source = treeWithShadow('upstream');
  put(source, 'nodes/n2/lxc/7.conf');
  const rows = source.takeChanges().flatMap((change) => (change.kind === 'replace' ? [change.row] : []));
  const tree = treeOf('upstream', 'kept');
  const opened = tree.open(rows, { wall_s: 0, monotonic_s: 0 });
  assert.is('failure' in opened && opened.failure, 'detected duplicate VMID 7');
  assert.ok(tree.lookup('kept'));
});

test('I2: a database without its version row cannot make the tree use an inode twice', () => {
  const tree = new Memdb({ mode: 'solo' });
  const row = { inode: 2, parent: 0, version: 2, writer: 0, mtime: 0, type: 8, name: 'f', data: null };
  tree.open([row], { wall_s: 0, monotonic_s: 0 });
  assert.is(tree.create('g', at(2)), -5);
  assert.ok(tree.errorFlag);
  assert.ok(tree.lookup('f'));
});

both(
  'a batch writes every row once, deletions of what was never stored included, the version row last (§3.4)',
  (mode) => {
    const tree = treeOf(mode);
    put(tree, 'a', 'x');
    put(tree, 'b');
    write(tree, 'a', 'y');
    tree.remove('b', at(2));
    const changes = tree.takeChanges();
    const a = tree.lookup('a');
    const names = changes.map((change) => (change.kind === 'delete' ? `-${change.inode}` : change.row.name));
    assert.equal(names, ['-4', 'a', '__version__']);
    const row = changes[1];
    assert.is(row?.kind === 'replace' && row.row.data?.toString(), 'y');
    assert.is(row?.kind === 'replace' && row.row.version, a?.version);
    assert.equal(tree.takeChanges(), []);
  },
);

both('listing, lookup by inode, paths', (mode) => {
  const tree = treeOf(mode, 'd', 'd/e');
  put(tree, 'd/f');
  const directory = tree.lookup('d');
  assert.ok(directory);
  assert.equal([...tree.list(directory)].map((entry) => entry.name).sort(), ['e', 'f']);
  const file = tree.lookup('d/f');
  assert.ok(file);
  assert.equal([...tree.list(file)], []);
  assert.is(tree.entryByInode(file.inode), file);
  assert.equal([tree.pathOf(file), tree.pathOf(tree.root)], ['d/f', '']);
  assert.equal(
    [...tree.entries()].map((entry) => entry.inode),
    [0, 2, 3, 4],
  );
});

test.run();
