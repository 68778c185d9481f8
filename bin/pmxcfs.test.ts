// test-exclusive
// test-timeout: 120
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { leftoversOf, processesOf } from '../simulations/real-cluster/leftovers.ts';
import { runProduct } from '../simulations/real-cluster/product-command.ts';
import { withFolder } from '../simulations/real-cluster/test-folder.ts';
import { until } from '../simulations/real-cluster/until.ts';

const refusals: readonly (readonly [readonly string[], number, string])[] = [
  [['-x'], 1, 'option parsing failed: Unknown option -x\n'],
  [['--unknown'], 1, 'option parsing failed: Unknown option --unknown\n'],
  [['-lx'], 1, 'option parsing failed: Unknown option -x\n'],
  [['--root'], 1, "option parsing failed: option '--root <dir>' argument missing\n"],
  [['extra'], 255, 'too many arguments\n'],
  [['-l', 'a', 'b'], 255, 'too many arguments\n'],
];

test('options and arguments that are none of its own are refused in the original words', async () => {
  const results = await Promise.all(refusals.map(([args]) => runProduct('pmxcfs', args)));
  const expected = refusals.map(([, code, complaint]) => ({ code, output: '', complaint }));
  assert.equal(results, expected);
});

test('it comes back when a daemon serves, whose pid file ends it; a second one is refused', () =>
  withFolder(async (folder) => {
    const { layout } = folder.node('p1');
    const run = (...args: readonly string[]) =>
      runProduct('pmxcfs', ['--local', '--no-mount', '--root', layout.root, '--node', 'p1', ...args]);
    assert.equal(await run(), { code: 0, output: '', complaint: '' });
    const pid = Number(readFileSync(layout.pidFile, 'utf8'));
    try {
      assert.ok(processesOf(pid).includes(pid), 'it leads a process group of its own');
      const status = await runProduct('pve-actors', ['status', '--root', layout.root]);
      assert.is(status.code, 0, 'it answers as soon as the command has come back');
      assert.match(status.output, /node {12}p1 \(local,/);

      const second = await run();
      assert.is(second.code, 255);
      assert.match(second.complaint, /^this node is running already: [^\n]*\n$/);

      process.kill(pid, 'SIGTERM');
      await until('all of it has ended', 10_000, () => processesOf(pid).length === 0);
      assert.equal(await leftoversOf(layout, pid), []);
      assert.match(readFileSync(layout.logFile, 'utf8'), /exit proxmox configuration filesystem \(0\)\n$/);
      assert.throws(() => readFileSync(layout.pidFile), /ENOENT/);
    } finally {
      for (const left of processesOf(pid)) process.kill(left, 'SIGKILL');
    }
  }));

test('a daemon that cannot start says why through the command that started it', () =>
  withFolder(async (folder) => {
    const { layout } = folder.node('p2');
    const args = ['--root', layout.root, '--node', 'p_2'];
    const expected = {
      code: 255,
      output: '',
      complaint: "'p_2' is no node name: letters, digits and inner hyphens; give --node NAME\n",
    };
    assert.equal(await runProduct('pmxcfs', args), expected);
    assert.equal(await runProduct('pmxcfs', ['--foreground', ...args]), expected);
  }));

test.run();
