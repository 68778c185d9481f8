// test-exclusive
// test-timeout: 300
/** A cluster grows from one node to four by pvecm, and loses one again: real nodes, real mounts, loopback addresses. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commandLine } from './product-command.ts';
import type { NodeDescription, RealNode } from './real-node.ts';
import { withFolder } from './test-folder.ts';
import { until } from './until.ts';

const addressOf = (name: string) => `127.0.12.${name.slice(1)}`;

async function joins(node: RealNode, member: RealNode): Promise<string> {
  const via = [...commandLine('pvecm', []), '--root', member.layout.root].map((word) => `'${word}'`).join(' ');
  const joined = await node.command('pvecm', ['add', member.name, '--via', via, '--link0', addressOf(node.name)]);
  assert.is(joined.code, 0, joined.output + joined.complaint);
  await node.ready();
  return joined.output;
}

async function allEqual(nodes: readonly RealNode[]): Promise<readonly NodeDescription[]> {
  return until(
    'all nodes are ready and equal',
    30_000,
    async () => {
      const states = await Promise.all(nodes.map((node) => node.describe()));
      const [first] = states;
      const isEqual = states.every(
        (state) =>
          state?.ready &&
          state.quorum?.members.length === nodes.length &&
          state.database.checksum === first?.database.checksum,
      );
      return isEqual ? (states as NodeDescription[]) : undefined;
    },
    () => nodes.map(({ output }) => output.slice(-2000)).join('\n'),
  );
}

test('create, three joins, a fourth empty node, and its removal', () =>
  withFolder(async (folder) => {
    const [n1, n2, n3, n4] = ['n1', 'n2', 'n3', 'n4'].map((name) => folder.node(name)) as [
      RealNode,
      RealNode,
      RealNode,
      RealNode,
    ];
    for (const node of [n1, n2, n3]) await node.start().ready();

    const created = await n1.command('pvecm', ['create', 'demo', '--link0', addressOf('n1')]);
    assert.is(created.code, 0, created.output + created.complaint);
    await n1.ready();
    await joins(n2, n1);
    await joins(n3, n1);
    await allEqual([n1, n2, n3]);
    assert.is(await n1.write('storage.cfg', 'dir: local\n'), undefined);

    await n4.start().ready();
    const joined = await joins(n4, n2);
    assert.match(joined, /waiting for quorum\.\.\..*OK/s);
    assert.match(joined, /successfully added node 'n4' to cluster\./);
    await allEqual([n1, n2, n3, n4]);
    assert.is(await n4.read('storage.cfg'), 'dir: local\n');
    assert.is(await n4.write('from-n4', 'x'), undefined);
    // A majority has it when it is acknowledged; n1 may come a little later.
    await until('n1 reads what n4 wrote', 5000, async () => (await n1.read('from-n4')) === 'x');

    const again = await n4.command('pvecm', ['add', 'n1', '--via', 'false', '--link0', addressOf('n4')]);
    assert.is.not(again.code, 0);
    assert.match(again.output + again.complaint, /detected the following error\(s\):/);

    const status = await n1.command('pvecm', ['status']);
    assert.is(status.code, 0);
    assert.match(status.output, /^Cluster information\n-+\nName: +demo\nConfig Version: +4\n/);
    assert.match(status.output, /Quorate: +Yes/);
    assert.match(status.output, /0x00000001 +1 127\.0\.12\.1 \(local\)\n0x00000002 +1 127\.0\.12\.2\n/);
    const nodes = await n3.command('pvecm', ['nodes']);
    assert.match(nodes.output, /\n +3 +1 n3 \(local\)\n +4 +1 n4\n/);

    const removed = await n1.command('pvecm', ['delnode', 'n4']);
    assert.is(removed.code, 0, removed.output + removed.complaint);
    await allEqual([n1, n2, n3]);
    await until('the three host copies are equal', 10_000, () => {
      const copies = [n1, n2, n3].map(({ layout }) => readFileSync(layout.hostConfig, 'utf8'));
      return copies.every((copy) => copy === copies[0] && !copy.includes('n4'));
    });
    await n4.until('it has lost quorum', async () => (await n4.describe())?.quorate === false);
    assert.match((await n4.write('alone', 'x')) ?? 'written', /ermission denied/);
    assert.is(await n1.write('after', 'x'), undefined);

    const refused = await n1.command('pvecm', ['expected', '1']);
    assert.is.not(refused.code, 0);
  }));

test.run();
