/** What a daemon gets from the mount of a simulated node, whatever happens to pmxcfs and to itself. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { calmOptions } from '../../schedule/calm-options.ts';
import { SimulatedProcess } from '../process.ts';
import { ClusterWorld } from '../world.ts';
import { OpenCalls, simulatedFiles } from './files.ts';

const NOT_CONNECTED = -107;
const ABORTED = -103;
const TIMED_OUT = -110;
const PATH = 'shared/x';

function node() {
  const world = new ClusterWorld({ ...calmOptions(), nodeCount: 1 });
  const machine = world.node(1);
  world.boot(machine);
  world.runUntil(10_000);
  const open = new OpenCalls();
  const process = new SimulatedProcess(machine.clock);
  const random = world.random.split('files');
  const files = simulatedFiles({ world, nodeid: 1, process, pid: 99, random }, open);
  const answers: unknown[] = [];
  const read = (path: string): void => {
    files.read(path, (value) => answers.push(typeof value === 'number' ? value : value.toString('latin1')));
  };
  return { world, machine, open, process, files, answers, read };
}

test('a file is replaced as a whole, over a draft that was left behind', () => {
  const { world, machine, files, answers, read } = node();
  machine.process!.node.fileSystem.create(`${PATH}.tmp.99`, () => {});
  for (const text of ['a long text', 'short']) {
    files.replace(PATH, Buffer.from(text), (result) => answers.push(result));
    world.runUntil(world.now_ms + 500);
  }
  read(PATH);
  files.list('shared', (names) => answers.push(names));
  world.runUntil(12_000);
  assert.equal(answers, [0, 0, 'short', ['x']]);
});

test('nothing is mounted', () => {
  const { world, machine, answers, read } = node();
  world.crash(machine);
  read(PATH);
  world.runUntil(11_000);
  assert.equal(answers, [NOT_CONNECTED]);
});

test('pmxcfs stands still, and then dies', () => {
  const { world, machine, open, answers, read } = node();
  world.pause(machine);
  read(PATH);
  world.runUntil(19_000);
  assert.equal(answers, []);
  world.runUntil(21_000);
  assert.equal(answers, [TIMED_OUT]);
  read(PATH);
  world.runUntil(22_000);
  open.cutOff();
  world.runUntil(23_000);
  assert.equal(answers, [TIMED_OUT, ABORTED]);
});

test('who has died is not answered', () => {
  const { world, process, answers, read } = node();
  read('corosync.conf');
  process.kill();
  world.runUntil(30_000);
  assert.equal(answers, []);
});

test('who stands still is answered when it goes on', () => {
  const { world, process, answers, read } = node();
  process.stop();
  read(PATH);
  world.runUntil(30_000);
  assert.equal(answers, []);
  process.continue();
  assert.equal(answers, [-2]);
});

test.run();
