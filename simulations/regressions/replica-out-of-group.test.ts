/**
 * A node whose replica has left its group still has an engine in the ring. Its receiving a change proves nothing: nothing is applied
 * there. So a node that is alone in the group refuses changes, though the ring is quorate.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EIO } from '../../runtime/file-system/errno.ts';
import { drawOptions } from '../cluster/options.ts';
import { ClusterWorld } from '../cluster/world.ts';

const LIMIT_MS = 60_000;

/** Makes a file on `nodeid`; the result. */
function create(world: ClusterWorld, nodeid: number, path: string): number | undefined {
  let result: number | undefined;
  world.request(
    'test',
    nodeid,
    () => ({ kind: 'create', path }),
    (request) => {
      result = request.result;
    },
  );
  world.runWhile(() => result !== undefined, LIMIT_MS);
  return result;
}

test('13.2.1: alone in the group, in a quorate ring, nothing is acknowledged', () => {
  const world = new ClusterWorld({ ...drawOptions(1), nodeCount: 3, profile: 'promise', freshNodes: false, loss: 0 });
  for (const node of world.nodes) world.boot(node);
  assert.ok(world.runWhile(() => world.isSettled, LIMIT_MS));
  const [first, , third] = world.nodes;
  world.crash(third!);
  assert.ok(
    world.runWhile(() => world.node(1).process?.node.quorate === true && create(world, 2, 'shared/a') === 0, LIMIT_MS),
  );

  first!.disk.failNextCommits('SQLITE_FULL', Number.POSITIVE_INFINITY);
  assert.is(create(world, 1, 'shared/b'), -EIO);
  world.runUntil(world.now_ms + 3000);
  assert.ok(world.node(2).process?.node.quorate);
  assert.not.ok(world.node(2).process?.node.isReady);
  assert.is(create(world, 2, 'shared/c'), -EACCES);

  first!.disk.failNextCommits('SQLITE_FULL', 0);
  world.boot(third!);
  assert.ok(world.runWhile(() => world.isSettled, LIMIT_MS));
  assert.is(create(world, 2, 'shared/c'), 0);
  assert.equal(world.observers.violations, []);
});

test.run();
