import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FuseNode, FuseNodes } from './fuse-nodes.ts';

test('a name is one node until it is forgotten, and its number is never used again (I1)', () => {
  const nodes = new FuseNodes();
  const first = nodes.tell(nodes.root, 'a');
  assert.is(nodes.tell(nodes.root, 'a'), first);
  nodes.forget(first, 1);
  assert.is(nodes.get(first.id), first);
  nodes.forget(first, 1);
  assert.is(nodes.get(first.id), undefined);
  const second = nodes.tell(nodes.root, 'a');
  assert.ok(second.id > first.id);
});

test('a node is kept for those below it, and goes with the last of them', () => {
  const nodes = new FuseNodes();
  const folder = nodes.tell(nodes.root, 'd');
  const file = nodes.tell(folder, 'f');
  nodes.forget(folder, 1);
  assert.is(nodes.pathOf(file), '/d/f');
  assert.is(nodes.tell(nodes.root, 'd'), folder);
  nodes.forget(folder, 1);
  nodes.forget(file, 1);
  assert.is(nodes.count, 1);
});

test('a removed name has no path, and may belong to another node (I2)', () => {
  const nodes = new FuseNodes();
  const folder = nodes.tell(nodes.root, 'd');
  const file = nodes.tell(folder, 'f');
  nodes.unname(file);
  assert.is(nodes.pathOf(file), undefined);
  assert.is.not(nodes.tell(folder, 'f'), file);
  nodes.unname(folder);
  assert.is(nodes.pathOf(file), undefined);
  assert.is(nodes.get(file.id), file, 'the kernel still knows it');
});

test('a rename moves what lies below, and takes the name from who had it', () => {
  const nodes = new FuseNodes();
  const source = nodes.tell(nodes.root, 's');
  const target = nodes.tell(nodes.root, 't');
  const file = nodes.tell(source, 'f');
  nodes.rename(source, nodes.root, 't');
  assert.equal([nodes.pathOf(source), nodes.pathOf(file), nodes.pathOf(target)], ['/t', '/t/f', undefined]);
  nodes.rename(source, nodes.root, 't');
  assert.is(nodes.pathOf(source), '/t');
});

test('whatever the kernel is told and forgets: paths are unique, and nothing is left in the end', () => {
  const step = fc.record({
    kind: fc.constantFrom('tell', 'forget', 'unname', 'rename'),
    at: fc.nat(20),
    to: fc.nat(20),
    name: fc.constantFrom('a', 'b', 'c'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const nodes = new FuseNodes();
      const known: FuseNode[] = [];
      const pick = (at: number) => known[at % Math.max(1, known.length)] ?? nodes.root;
      const isBelow = (node: FuseNode, above: FuseNode) => {
        for (let at: FuseNode | undefined = node; at !== undefined; at = at.parent) if (at === above) return true;
        return false;
      };
      for (const { kind, at, to, name } of steps) {
        const node = pick(at);
        if (kind === 'tell') {
          const told = nodes.tell(node, name);
          if (!known.includes(told)) known.push(told);
        } else if (node === nodes.root) continue;
        else if (kind === 'forget') {
          nodes.forget(node, 1);
          if (nodes.get(node.id) === undefined) known.splice(known.indexOf(node), 1);
        } else if (kind === 'unname') nodes.unname(node);
        else if (!isBelow(pick(to), node)) nodes.rename(node, pick(to), name);
        const paths = known.map((each) => nodes.pathOf(each)).filter((path) => path !== undefined);
        assert.is(new Set(paths).size, paths.length);
      }
      for (let node = known.pop(); node !== undefined; node = known.pop()) nodes.forget(node, node.lookups);
      assert.is(nodes.count, 1);
    }),
  );
});

test.run();
