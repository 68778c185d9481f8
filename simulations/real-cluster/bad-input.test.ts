// test-exclusive
// test-timeout: 240
/**
 * Bad input through the real commands: one sentence that names what is wrong and where, an exit code that isn't 0, the data as it
 * was, and nothing left behind.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import { corosyncConf, installClusterFiles, newAuthkey } from './cluster-files.ts';
import { makeDatabase, runSql } from './database-file.ts';
import { runProduct } from './product-command.ts';
import type { RealNode } from './real-node.ts';
import { testAside } from './side-by-side.ts';
import { withFolder } from './test-folder.ts';

const PORT = 6405;
const KEY = newAuthkey();
const CONF = corosyncConf(
  [
    { name: 'a1', addresses: ['127.0.1.11'] },
    { name: 'a2', addresses: ['127.0.1.12'] },
  ],
  { port: PORT },
);

/** One line, and no word of the program's inside. */
function assertOneSentence(complaint: string): void {
  assert.match(complaint, /^[^\n]+\n$/, `one line, not: ${complaint}`);
  assert.not.match(complaint, /^ +at |TypeError|Cannot read prop|undefined|\[object/m);
}

interface Refusal {
  readonly prepare: (layout: NodeLayout) => void;
  readonly says: readonly RegExp[];
  readonly node?: string;
  readonly flags?: (layout: NodeLayout) => readonly string[];
}

/** A start that must fail, without a mount. */
function refused(name: string, { prepare, says, node = 'a1', flags = () => [] }: Refusal): void {
  testAside(name, () =>
    withFolder(async (folder) => {
      const started = folder.node(node, { root: 'n', flags: ['--no-mount'] });
      prepare(started.layout);
      started.start(flags(started.layout));
      const { code } = await started.ended(60_000);
      assert.is(code, 1, started.output);
      assertOneSentence(started.complaint);
      for (const words of says) assert.match(started.complaint, words);
      assert.equal(await started.leftovers(), []);
    }),
  );
}

const replaced = (from: string | RegExp, to: string) => (layout: NodeLayout) => {
  const text = CONF.replace(from, to);
  assert.is.not(text, CONF);
  installClusterFiles(layout, text, KEY);
};

// ── corosync.conf ─────────────────────────────────────────────────────────────────────────────────────────────────────

refused('corosync.conf: a section that is not closed', {
  prepare: replaced(/\}\n$/, ''),
  says: [/etc\/corosync\/corosync\.conf:\d+: /],
});

refused('corosync.conf: a line that is nothing', {
  prepare: replaced('quorum {', 'quorum {{'),
  says: [/corosync\.conf:15: 'quorum \{' is no section name/],
});

refused('corosync.conf: a node without an address', {
  prepare: replaced('    ring0_addr: 127.0.1.12\n', ''),
  says: [/corosync\.conf:8: node 'a2' has no address; add 'ring0_addr: ADDRESS'/],
});

refused('corosync.conf: a number that is none', {
  prepare: replaced('nodeid: 2', 'nodeid: two'),
  says: [/corosync\.conf:10: nodelist\.node\.nodeid is 'two', but must be a whole number/],
});

refused('corosync.conf: two nodes with one id', {
  prepare: replaced('nodeid: 2', 'nodeid: 1'),
  says: [/corosync\.conf:10: node 'a2' has nodeid 1, which node 'a1' has already; give each its own/],
});

refused('corosync.conf: an empty file', {
  prepare: (layout) => installClusterFiles(layout, '', KEY),
  says: [/corosync\.conf:1: section 'totem' is missing/],
});

refused('corosync.conf: a folder in its place', {
  prepare: (layout) => mkdirSync(layout.hostConfig, { recursive: true }),
  says: [/unable to read cluster config file '[^']*\/etc\/corosync\/corosync\.conf'/],
});

refused('corosync.conf: an address of another machine', {
  prepare: replaced('127.0.1.11', '10.99.99.11'),
  says: [/loopback address 127\.0\.1\.12, which other nodes can't reach/],
});

refused('corosync.conf: no interface has the address', {
  prepare: (layout) => installClusterFiles(layout, CONF.replaceAll('127.0.1.1', '10.99.99.1'), KEY),
  says: [/10\.99\.99\.11 port 6405: no interface of this machine has that address; correct ring0_addr of node 'a1'/],
});

refused('corosync.conf: the node is not in the list', {
  node: 'zz',
  prepare: (layout) => installClusterFiles(layout, CONF, KEY),
  says: [/corosync\.conf: no node of the list is 'zz'; correct the node list, or give --node NAME/],
});

testAside('a corrected corosync.conf is taken by the next start', () =>
  withFolder(async (folder) => {
    const node = folder.node('a3', { flags: ['--no-mount'] });
    const conf = corosyncConf([{ name: 'a3', addresses: ['127.0.1.13'] }], { port: PORT });
    installClusterFiles(node.layout, conf.replace('nodeid: 1', 'nodeid: x'), KEY);
    node.start();
    assert.is((await node.ended()).code, 1);
    writeFileSync(node.layout.hostConfig, conf);
    node.start();
    assert.is((await node.ready()).mode, 'cluster');
    assert.is(readFileSync(node.layout.hostConfig, 'utf8'), conf);
    assert.is((await node.command('pve-actors', ['file', 'cat', 'corosync.conf'])).output, conf);
    assert.equal(await node.stop(), { code: 0, signal: null });
    assert.equal(await node.leftovers(), []);
  }),
);

testAside('a port in use', () =>
  withFolder(async (folder) => {
    const holder = createSocket('udp4');
    await new Promise<void>((bound) => holder.bind(PORT, '127.0.1.14', bound));
    try {
      const node = folder.node('a4', { flags: ['--no-mount'] });
      installClusterFiles(node.layout, corosyncConf([{ name: 'a4', addresses: ['127.0.1.14'] }], { port: PORT }), KEY);
      node.start();
      assert.is((await node.ended()).code, 1);
      assertOneSentence(node.complaint);
      assert.match(node.complaint, /127\.0\.1\.14 port 6405: the port is in use; stop the other instance/);
    } finally {
      holder.close();
    }
  }),
);

// ── authkey ───────────────────────────────────────────────────────────────────────────────────────────────────────────

refused('authkey: missing', {
  prepare: (layout) => {
    installClusterFiles(layout, CONF, KEY);
    rmSync(layout.authkey);
  },
  says: [/etc\/corosync\/authkey doesn't exist; copy the key of another node/],
});

refused('authkey: empty', {
  prepare: (layout) => installClusterFiles(layout, CONF, Buffer.alloc(0)),
  says: [/etc\/corosync\/authkey is empty; copy the key of another node/],
});

refused('authkey: short', {
  prepare: (layout) => installClusterFiles(layout, CONF, randomBytes(20)),
  says: [/etc\/corosync\/authkey holds 20 bytes, a key has at least 128/],
});

// ── config.db ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A database that must be refused, and must be the same afterwards. */
function refusedDatabase(name: string, damage: (path: string) => void, says: RegExp): void {
  testAside(`config.db: ${name}`, () =>
    withFolder(async (folder) => {
      const node = folder.node('a1', { flags: ['--no-mount'] });
      const { database } = node.layout;
      makeDatabase(database);
      damage(database);
      const before = readFileSync(database);
      node.start();
      assert.is((await node.ended()).code, 1, node.output);
      assertOneSentence(node.complaint);
      assert.match(node.complaint, says);
      assert.ok(node.complaint.includes(`memdb_open failed - unable to open database '${database}': `));
      assert.match(node.complaint, /; restore it \(backups: [^)]*\), or move it away/);
      assert.ok(readFileSync(database).equals(before), 'the database is as it was');
      assert.equal(await node.leftovers(), []);
    }),
  );
}

/** Overwrites a part with zeros, as a write that was torn by a power failure. */
function tear(path: string, from: number, length: number): void {
  const content = readFileSync(path);
  content.fill(0, from, from + length);
  writeFileSync(path, content);
}

const PAGE = 4096;
refusedDatabase('random bytes', (path) => writeFileSync(path, randomBytes(20_000)), /is not a database/);
refusedDatabase('truncated within a page', (path) => truncateSync(path, PAGE + 900), /is damaged/);
refusedDatabase('truncated after a page', (path) => truncateSync(path, 2 * PAGE), /is damaged/);
refusedDatabase('the first half of a page torn', (path) => tear(path, 5 * PAGE, PAGE / 2), /is damaged/);
refusedDatabase('the second half of a page torn', (path) => tear(path, 5.5 * PAGE, PAGE / 2), /inode|damaged/);
refusedDatabase(
  "another application's database",
  (path) => {
    rmSync(path);
    runSql(path, 'CREATE TABLE moz_places (id INTEGER)');
  },
  /is a database of something else: it has no table "tree" but moz_places/,
);
refusedDatabase(
  'a table of that name with other columns',
  (path) => {
    rmSync(path);
    runSql(path, 'CREATE TABLE tree (id INTEGER, kind TEXT)');
  },
  /the table "tree" of .* lacks the column inode/,
);

const broken = (name: string, statement: string, says: RegExp) =>
  refusedDatabase(name, (path) => runSql(path, statement), says);
broken('no name', "UPDATE tree SET name = '' WHERE inode = 7", /inode has no name \(inode = 0000000000000007\)/);
broken('a name twice', "UPDATE tree SET name = 'f6' WHERE inode = 7", /found entry with duplicate name 'f6'/);
broken(
  'a parent that is missing',
  'UPDATE tree SET parent = 999 WHERE inode = 7',
  /missing directory inode \(inode = 0{13}3E7\)/,
);
broken('a text for a number', "UPDATE tree SET mtime = 'then' WHERE inode = 7", /mtime of inode 7 is not a u32/);

// ── folders and flags ─────────────────────────────────────────────────────────────────────────────────────────────────

refused('a file where a folder belongs', {
  prepare: ({ root }) => writeFileSync(join(root, 'etc'), ''),
  says: [/cannot make the folders of the node below .*: ENOTDIR: not a directory, mkdir '.*\/etc/],
});

refused('a socket path that is taken by a folder', {
  prepare: ({ bootSocket }) => mkdirSync(bootSocket, { recursive: true }),
  says: [/cannot listen on .*\/boot\.sock: EISDIR/],
});

refused('a socket path of the cluster process that is taken by a folder', {
  prepare: ({ controlSocket }) => mkdirSync(controlSocket, { recursive: true }),
  says: [/cannot listen on .*\/control\.sock: EISDIR/],
});

refused('a ring id that is no number', {
  prepare: (layout) => {
    installClusterFiles(layout, CONF, KEY);
    mkdirSync(layout.ringDirectory, { recursive: true });
    writeFileSync(join(layout.ringDirectory, 'ringid_1'), 'x');
  },
  says: [/ringid_1' does not hold a number: delete it/],
});

const nothing = () => {};
refused('--config of a folder without files', {
  prepare: nothing,
  flags: ({ root }) => ['--config', join(root, 'nowhere')],
  says: [/--config: .*\/nowhere\/corosync\.conf is missing, and the node has no .*; put it there/],
});

refused('--config without a key', {
  prepare: ({ root }) => writeFileSync(join(root, 'corosync.conf'), CONF),
  flags: ({ root }) => ['--config', root],
  says: [/--config: .*\/authkey is missing/],
});

refused('--trace in a folder that is not there', {
  prepare: nothing,
  flags: ({ root }) => ['--trace', join(root, 'nowhere', 'trace.jsonl')],
  says: [/--trace: cannot write .*\/nowhere\/trace\.jsonl: .*; name a file in a folder that exists/],
});

refused('--only with an unknown name', {
  prepare: nothing,
  flags: () => ['--only', 'cluster,web'],
  says: [/--only: there is no actor 'web' in .*actors\.json; it has cluster/],
});

refused('--ack with a value that is none', {
  prepare: nothing,
  flags: () => ['--ack', 'never'],
  says: [/'--ack <mode>' argument 'never' is invalid\. Allowed choices are majority, local/],
});

refused('an argument too many', { prepare: nothing, flags: () => ['now'], says: [/too many arguments for 'boot'/] });

refused('--node with characters of no name', { node: 'a_b!', prepare: nothing, says: [/'a_b!' is no node name/] });

interface CommandRefusal {
  readonly args: (folder: string) => readonly string[];
  readonly says: RegExp;
}

/** A command that must fail by itself. */
function refusedCommand(name: string, { args, says }: CommandRefusal): void {
  testAside(name, () =>
    withFolder(async ({ path }) => {
      const { code, output, complaint } = await runProduct('pve-actors', args(path));
      assert.is(code, 1, `${output}${complaint}`);
      assert.is(output, '');
      assertOneSentence(complaint);
      assert.match(complaint, says);
    }),
  );
}

const NOT_RUNNING = /is not running \(no .*\.sock\)/;
refusedCommand('status of a node that is not running', {
  args: (root) => ['status', '--root', root],
  says: NOT_RUNNING,
});
refusedCommand('log of a node that is not running', { args: (root) => ['log', '--root', root], says: NOT_RUNNING });
refusedCommand('file of a node that is not running', {
  args: (root) => ['file', 'ls', '--root', root],
  says: NOT_RUNNING,
});
refusedCommand('dismiss of a node that is not running', {
  args: (root) => ['dismiss', 'x', '--root', root],
  says: NOT_RUNNING,
});
refusedCommand('log with lines that are no number', {
  args: (root) => ['log', '--lines', 'many', '--root', root],
  says: /--lines: 'many' is not a whole number/,
});
refusedCommand('--root that is a file', {
  args: (root) => {
    writeFileSync(join(root, 'file'), '');
    return ['boot', '--node', 'a1', '--root', join(root, 'file')];
  },
  says: /cannot make .*\/file\/run\/pve-actors: ENOTDIR: .*; give --root DIR, or start as root/,
});
refusedCommand('--root where no folder can be made', {
  args: () => ['boot', '--node', 'a1', '--root', '/proc/nowhere'],
  says: /cannot make \/proc\/nowhere\/run\/pve-actors: ENOENT: .*; give --root DIR, or start as root/,
});
refusedCommand('--root with a name that is too long', {
  args: (root) => ['boot', '--node', 'a1', '--root', join(root, 'd'.repeat(300))],
  says: /ENAMETOOLONG: name too long/,
});

testAside('a path too long for a socket is no obstacle, and a missing file is said to be missing', () =>
  withFolder(async (folder) => {
    const node: RealNode = folder.node('a1', { root: 'd'.repeat(120), flags: ['--no-mount'] });
    node.start();
    await node.ready();
    const missing = await node.command('pve-actors', ['file', 'cat', 'nope']);
    assert.equal(missing, { code: 1, output: '', complaint: 'nope: no such file or directory (ENOENT)\n' });
    assert.is((await node.command('pve-actors', ['status'])).code, 0);
    const put = await node.command('pve-actors', ['file', 'put', 'f', '/nowhere/at/all']);
    assert.match(put.complaint, /^cannot read \/nowhere\/at\/all: ENOENT[^\n]*\n$/);
    const dismissed = await node.command('pve-actors', ['dismiss', 'x']);
    assert.equal(dismissed, { code: 1, output: '', complaint: "there is no kept database 'x'\n" });
    assert.equal(await node.stop(), { code: 0, signal: null });
    assert.equal(await node.leftovers(), []);
  }),
);

test.run();
