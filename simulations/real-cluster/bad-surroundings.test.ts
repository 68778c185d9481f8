// test-exclusive
// test-timeout: 240
/** What happens around a real node: full disks, occupied mount points, other instances, killed and stopped processes, wrong keys. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { detachMount } from '../../runtime/file-system/mount-table.ts';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import { corosyncConf, installClusterFiles, newAuthkey } from './cluster-files.ts';
import { mountsBelow } from './leftovers.ts';
import { runBounded } from './product-command.ts';
import type { RealNode } from './real-node.ts';
import { testAside } from './side-by-side.ts';
import { type TestFolder, withFolder } from './test-folder.ts';
import { until } from './until.ts';

const PORT = 6415;

function whyNoMounts(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounts need root';
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return '/dev/fuse is missing';
  }
}

/** A test of nodes with mounts. */
function testMounted(name: string, body: (folder: TestFolder) => Promise<void>): void {
  const reason = whyNoMounts();
  if (reason === undefined) testAside(name, () => withFolder(body));
  else test(name, () => reportSkip(name, reason));
}

/** Runs `body` with a small file system of its own at `path`. */
async function withTmpfs(path: string, options: string, body: () => Promise<void>): Promise<void> {
  mkdirSync(path, { recursive: true });
  const mounted = await runBounded('mount', ['-t', 'tmpfs', '-o', options, 'pva-test', path]);
  assert.is(mounted.code, 0, mounted.complaint);
  try {
    await body();
  } finally {
    await detachMount(path, 5000);
  }
}

const filler = (node: RealNode) => join(node.layout.stateDirectory, 'filler');

async function fillDisk(node: RealNode): Promise<void> {
  const filled = await runBounded('sh', ['-c', 'cat /dev/zero > "$1"', 'sh', filler(node)]);
  assert.match(filled.complaint, /No space left/);
}

async function assertStarts(node: RealNode): Promise<void> {
  node.start();
  assert.is((await node.ready()).quorate, true);
  await node.until('its mount answers', async () => (await node.read('.version')) !== undefined);
}

async function assertOrderlyEnd(...nodes: readonly RealNode[]): Promise<void> {
  for (const node of nodes) {
    assert.equal(await node.stop(), { code: 0, signal: null }, node.output);
    assert.equal(await node.leftovers(), []);
  }
}

/** What the supervisor says of the cluster process. */
async function clusterActor(node: RealNode): Promise<{ state: string; restarts: number; pid: number }> {
  const actors = await node.callBoot('actors');
  const [cluster] = 'result' in actors ? (actors.result as { state: string; restarts: number; pid: number }[]) : [];
  if (cluster === undefined) throw new Error(JSON.stringify(actors));
  return cluster;
}

/** One complaint about a start, on one line. */
async function assertRefused(node: RealNode, words: RegExp, bound_ms = 30_000): Promise<void> {
  const { code } = await node.ended(bound_ms);
  assert.is(code, 1, node.output);
  assert.match(node.complaint, words);
  assert.match(node.complaint, /^[^\n]+\n$/);
}

// ── readers of its output ─────────────────────────────────────────────────────────────────────────────────────────────

testMounted('nobody reads the output any more: the node goes on, and ends in order', async (folder) => {
  const node = folder.node('o1');
  await assertStarts(node);
  node.closeOutput();
  // Each start of an actor is told.
  assert.ok('result' in (await node.callBoot('restart', { name: 'cluster' })));
  assert.is((await node.ready()).quorate, true);
  await assertOrderlyEnd(node);
  await node.destroy();
});

// ── disks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

testMounted('full disk, local node: changes get EIO, reads go on, and it recovers by itself', async (folder) => {
  const node = folder.node('d1');
  await withTmpfs(node.layout.stateDirectory, 'size=256k', async () => {
    await assertStarts(node);
    assert.is(await node.write('kept', 'hello'), undefined);
    await fillDisk(node);
    assert.match((await node.write('lost', 'x'.repeat(60_000))) ?? '', /Input\/output error/);
    assert.match((await node.write('lost-too', 'x')) ?? '', /Input\/output error/);
    assert.is(await node.read('kept'), 'hello');
    assert.match((await node.command('pve-actors', ['status'])).output, /ERROR FLAG SET: changes are refused/);
    assert.match(node.output, /commit transaction failed: no space left for .*config\.db/);
    rmSync(filler(node));
    await node.until('it takes changes again', async () => (await node.write('new', 'y')) === undefined, 12_000);
    assert.is(await node.read('kept'), 'hello');
    assert.is(await node.read('lost'), undefined);
    await assertOrderlyEnd(node);
    await node.destroy();
  });
});

testMounted('full disk of a member: the others go on, and it rejoins with all that they did', async (folder) => {
  const nodes = ['e1', 'e2', 'e3'].map((name) => folder.node(name));
  const [first, , full] = nodes as [RealNode, RealNode, RealNode];
  const listed = nodes.map(({ name }, index) => ({ name, addresses: [`127.0.1.${31 + index}`] }));
  const key = newAuthkey();
  await withTmpfs(full.layout.stateDirectory, 'size=256k', async () => {
    for (const node of nodes) {
      installClusterFiles(node.layout, corosyncConf(listed, { port: PORT }), key);
      node.start();
    }
    for (const node of nodes) await node.ready();
    await fillDisk(full);
    // The members take it; the one whose disk is full must not say that it has it.
    assert.is(await first.write('big', 'x'.repeat(60_000)), undefined);
    await full.until('its error flag is set', async () => (await full.describe())?.database.error_flag);
    assert.match((await full.write('own', 'x')) ?? '', /Input\/output error|Permission denied|resource busy/);
    assert.is(await first.write('after', 'y'), undefined);
    rmSync(filler(full));
    const isBack = async () => (await full.read('after')) === 'y' && (await full.write('own', 'x')) === undefined;
    await full.until('it has rejoined', isBack, 15_000);
    await until('all trees are the same', 5000, async () => {
      const sums = await Promise.all(nodes.map(async (node) => (await node.describe())?.database.checksum));
      return sums[0] !== undefined && new Set(sums).size === 1;
    });
    await assertOrderlyEnd(...nodes);
    for (const node of nodes) await node.destroy();
  });
});

testAside('full disk under the ring ids: a node without one waits, one that has one goes on', () =>
  withFolder(async (folder) => {
    const nodes = ['g1', 'g2', 'g3'].map((name) => folder.node(name, { flags: ['--no-mount'] }));
    const [first, second, full] = nodes as [RealNode, RealNode, RealNode];
    const listed = nodes.map(({ name }, index) => ({ name, addresses: [`127.0.1.${51 + index}`] }));
    const key = newAuthkey();
    for (const node of nodes) installClusterFiles(node.layout, corosyncConf(listed, { port: PORT }), key);
    await withTmpfs(full.layout.ringDirectory, 'size=64k', async () => {
      const filled = join(full.layout.ringDirectory, 'filler');
      await runBounded('sh', ['-c', 'cat /dev/zero > "$1"', 'sh', filled]);
      for (const node of nodes) node.start();
      await first.ready();
      await full.serving();
      await full.logged(/unable to store the id of a new ring: '.*ringid_3' can't be written: ENOSPC/);
      const seen = await full.command('pve-actors', ['status']);
      assert.is(seen.code, 2, seen.complaint);
      assert.match(seen.output, /out of the ring unable to store the id of a new ring: .*ENOSPC/);
      assert.equal((await first.describe())?.quorum?.members, [1, 2]);
      rmSync(filled);
      await full.ready(20_000);
      await full.logged('ring ids can be stored again - starting anew');
      await first.until('all are in one ring', async () => (await first.describe())?.quorum?.members.length === 3);
      const { restarts } = await clusterActor(full);
      assert.is(restarts, 1, 'one restart, no loop');

      await runBounded('sh', ['-c', 'cat /dev/zero > "$1"', 'sh', filled]);
      await second.powerFailure();
      await full.until('a ring of two', async () => (await full.describe())?.quorum?.members.join() === '1,3');
      await full.ready();
      assert.is((await clusterActor(full)).restarts, 1, 'still the same process');
      await assertOrderlyEnd(first, full);
    });
  }),
);

testMounted('a read-only disk is refused', async (folder) => {
  const node = folder.node('r1');
  await withTmpfs(node.layout.root, 'ro', async () => {
    await assertRefused(node.start(), /cannot make .*: EROFS: read-only file system/);
  });
  const other = folder.node('r2');
  await withTmpfs(other.layout.stateDirectory, 'ro', async () => {
    await assertRefused(other.start(), /cannot make the folders of the node below .*: EROFS/);
  });
});

// ── mount points ──────────────────────────────────────────────────────────────────────────────────────────────────────

testMounted('a mount point with a live mount is refused, and that mount is left alone', async (folder) => {
  const node = folder.node('m1');
  await withTmpfs(node.layout.mountPoint, 'size=64k', async () => {
    await assertRefused(node.start(), /\/etc\/pve is in use: pva-test \(tmpfs\) is mounted there; stop its daemon/);
    assert.equal(await mountsBelow(node.layout.mountPoint), [node.layout.mountPoint]);
  });
});

testMounted('a mount point with contents is refused, and they are left alone', async (folder) => {
  const node = folder.node('m2');
  mkdirSync(node.layout.mountPoint, { recursive: true });
  writeFileSync(node.at('important'), 'text');
  await assertRefused(node.start(), /\/etc\/pve is not empty \(important\): move its contents away/);
  assert.is(await node.read('important'), 'text');
  assert.equal(await node.leftovers(), []);
});

testMounted('a stale mount in which somebody stands is taken away by the next start', async (folder) => {
  const node = folder.node('m3');
  await assertStarts(node);
  assert.is(await node.write('kept', 'hello'), undefined);
  const stander = spawn('sleep', ['100'], { cwd: node.layout.mountPoint, stdio: 'ignore' });
  try {
    await started(stander);
    await node.powerFailure();
    assert.equal(await mountsBelow(node.layout.mountPoint), [node.layout.mountPoint]);
    await assertStarts(node);
    assert.is(await node.read('kept'), 'hello');
    await assertOrderlyEnd(node);
  } finally {
    stander.kill('SIGKILL');
  }
});

function started(child: ChildProcess): Promise<true> {
  return until(
    'the program runs',
    5000,
    () => child.pid !== undefined && statSync(`/proc/${child.pid}`).isDirectory(),
  ) as Promise<true>;
}

testMounted('a mount that somebody takes away from a running node is made again, without a restart', async (folder) => {
  const node = folder.node('m4');
  await assertStarts(node);
  assert.is(await node.write('kept', 'hello'), undefined);
  const pid = await node.clusterPid();
  // The old mount lives on, hidden, as long as somebody stands in it.
  const stander = spawn('sleep', ['100'], { cwd: node.layout.mountPoint, stdio: 'ignore' });
  try {
    await started(stander);
    for (const text of ['once', 'twice']) {
      assert.is(await detachMount(node.layout.mountPoint, 5000), undefined);
      await node.until('its mount answers again', async () => (await node.read('kept')) === 'hello', 15_000);
      assert.is(await node.write('after', text), undefined);
      assert.is(await node.read('after'), text);
      assert.equal(await mountsBelow(node.layout.mountPoint), [node.layout.mountPoint]);
    }
  } finally {
    stander.kill('SIGKILL');
  }
  assert.is(node.output.split(/crit: somebody else has unmounted \S+\/etc\/pve - mounting it again/).length, 3);
  assert.is(await node.clusterPid(), pid);
  await assertOrderlyEnd(node);
});

// ── other instances ───────────────────────────────────────────────────────────────────────────────────────────────────

testMounted('a second instance on the same root is refused, and the first goes on', async (folder) => {
  const node = folder.node('s1');
  await assertStarts(node);
  const second = folder.node('s1');
  await assertRefused(second.start(), /this node is running already: another process listens on .*boot\.sock/);
  const third = await node.command('pmxcfs', ['--foreground', '--node', 's1']);
  assert.is(third.code, 255);
  assert.match(third.complaint, /^this node is running already: [^\n]*\n$/);
  assert.is(await node.write('f', 'still here'), undefined);
  assert.is(await node.read('f'), 'still here');
  await assertOrderlyEnd(node);
});

testMounted('a state directory that another daemon has locked is refused after ten seconds', async (folder) => {
  const node = folder.node('s2');
  mkdirSync(node.layout.stateDirectory, { recursive: true });
  const holder = spawn('flock', ['--exclusive', node.layout.lockFile, 'sleep', '100'], {
    detached: true,
    stdio: 'ignore',
  });
  try {
    const tried = ['--nonblock', node.layout.lockFile, 'true'];
    await until('the lock is held', 5000, async () => (await runBounded('flock', tried)).code === 1);
    node.start();
    await node.logged('unable to acquire pmxcfs lock - trying again');
    await assertRefused(
      node,
      /unable to acquire pmxcfs lock: another process holds .*; stop the other instance/,
      25_000,
    );
    assert.equal(await node.leftovers(), []);
  } finally {
    process.kill(-(holder.pid ?? 0), 'SIGKILL');
  }
});

// ── killed and stopped processes ──────────────────────────────────────────────────────────────────────────────────────

testMounted('SIGKILL of the boot process: its children end, and the next start works', async (folder) => {
  const node = folder.node('k1');
  await assertStarts(node);
  assert.is(await node.write('kept', 'hello'), undefined);
  await node.kill();
  assert.equal(await mountsBelow(node.layout.mountPoint), []);
  await assertStarts(node);
  assert.is(await node.read('kept'), 'hello');
  await assertOrderlyEnd(node);
});

testMounted('SIGKILL of the cluster process: it is restarted, and the mount answers again', async (folder) => {
  const node = folder.node('k2');
  await assertStarts(node);
  assert.is(await node.write('kept', 'hello'), undefined);
  const killed = await node.clusterPid();
  process.kill(killed, 'SIGKILL');
  await node.until('it was restarted', async () => ((await node.describe())?.pid ?? killed) !== killed);
  await node.until('its mount answers', async () => (await node.read('kept')) === 'hello');
  assert.is(await node.write('new', 'too'), undefined);
  await node.logged('cluster ended (killed by SIGKILL), restart in 200 ms');
  await assertOrderlyEnd(node);
});

testMounted('a boot process that was stopped for longer than a heartbeat restarts nothing', async (folder) => {
  const node = folder.node('k3');
  await assertStarts(node);
  const pid = await node.clusterPid();
  node.signal('SIGSTOP');
  try {
    // Twelve seconds: interval and timeout of the heartbeat in actors.json. Files are served all the time.
    const deadline_ms = performance.now() + 12_500;
    for (let n = 0; performance.now() < deadline_ms; n += 1) {
      assert.is(await node.write('f', String(n)), undefined);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } finally {
    node.signal('SIGCONT');
  }
  const cluster = await clusterActor(node);
  assert.equal([cluster.state, cluster.restarts, cluster.pid], ['running', 0, pid]);
  await assertOrderlyEnd(node);
});

testAside('status of a cluster process that is stopped: a sentence within seconds, and a failure', () =>
  withFolder(async (folder) => {
    const node = folder.node('k5', { flags: ['--no-mount'] });
    node.start();
    await node.ready();
    const pid = await node.clusterPid();
    process.kill(pid, 'SIGSTOP');
    try {
      const started_ms = performance.now();
      const { code, output } = await node.command('pve-actors', ['status']);
      const took_ms = performance.now() - started_ms;
      assert.is(code, 1);
      const words = `the cluster process is alive \\(pid ${pid}\\) but does not answer since \\S+ \\(\\d+ s\\); it is stopped: let it go on by kill -CONT ${pid};`;
      assert.match(output, new RegExp(words));
      assert.match(output, /^cluster {10}forked/m);
      // Two seconds for the answer that doesn't come; the rest is the start of the command on a busy machine.
      assert.ok(took_ms < 10_000, `${took_ms} ms`);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await node.ready();
    assert.is((await node.command('pve-actors', ['status'])).code, 0);
    await assertOrderlyEnd(node);
  }),
);

testAside('SIGTERM while the node starts ends it in order', () =>
  withFolder(async (folder) => {
    const node = folder.node('k4', { flags: ['--no-mount'] });
    node.start();
    await until('the boot socket is there', 20_000, () => statSync(node.layout.bootSocket, { throwIfNoEntry: false }));
    assert.equal(await node.stop(), { code: 0, signal: null }, node.output);
    assert.equal(await node.leftovers(), []);
  }),
);

// ── members that are none ─────────────────────────────────────────────────────────────────────────────────────────────

testAside('a node with another authkey, and one with a nodeid of another: neither joins, and the cause is named', () =>
  withFolder(async (folder) => {
    const [one, two, stranger, twin] = ['w1', 'w2', 'w3', 'w4'].map((name) =>
      folder.node(name, { flags: ['--no-mount'] }),
    ) as [RealNode, RealNode, RealNode, RealNode];
    const at = (last: number) => [`127.0.1.${last}`];
    const listed = [one, two, stranger].map(({ name }, index) => ({ name, addresses: at(41 + index) }));
    const key = newAuthkey();
    const conf = corosyncConf(listed, { port: PORT });
    for (const node of [one, two]) installClusterFiles(node.layout, conf, key);
    installClusterFiles(stranger.layout, conf, newAuthkey());
    for (const node of [one, two, stranger]) node.start();
    await one.ready();
    await two.ready();
    await stranger.serving();

    const words = "sends datagrams that can't be authenticated: is the authkey the same on all nodes?";
    await one.logged(`rx: host: 3 ${words}`);
    await stranger.logged(`rx: host: 1 ${words}`);
    const seen = await stranger.command('pve-actors', ['status']);
    assert.is(seen.code, 2, 'not quorate');
    assert.match(seen.output, /w1: \d+ datagrams that can't be authenticated: is the authkey the same on all nodes\?/);
    const rest = await one.command('pve-actors', ['status']);
    assert.is(rest.code, 0);
    assert.match(rest.output, /members 1 2\n/);
    assert.match(rest.output, /w3: \d+ datagrams that can't be authenticated/);
    await assertOrderlyEnd(stranger);

    const twins = [listed[0]!, { name: 'w4', addresses: at(44), nodeid: 2 }];
    installClusterFiles(twin.layout, corosyncConf(twins, { port: PORT }), key);
    twin.start();
    await twin.serving();
    await one.logged('datagrams with this nodeid come from 127.0.1.44, not from 127.0.1.42: is the nodeid used twice');
    assert.is((await twin.command('pve-actors', ['status'])).code, 2);
    const warned = await one.command('pve-actors', ['status']);
    assert.match(warned.output, /w2: datagrams with its nodeid come from 127\.0\.1\.44: is nodeid 2 used twice\?/);
    assert.match(warned.output, /members 1 2\n/);
    await assertOrderlyEnd(twin, two, one);
  }),
);

test.run();
