/** Each checker finds what it is there for, and is silent otherwise. What needs a whole cluster is tried on mutants of one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { EACCES, EBUSY } from '../../runtime/file-system/errno.ts';
import { durability } from './durability.ts';
import { hostConfig } from './host-config.ts';
import { lockSafety } from './lock-safety.ts';
import { majorityFirst } from './majority-first.ts';
import { minorityAnswers } from './minority-answers.ts';
import type { Checker, CheckerFactory, ClusterView, ObservedNode, Request, TreeChange } from './observation.ts';
import { requestMark } from './observation.ts';
import { oneHistory } from './one-history.ts';
import { ownDelivery } from './own-delivery.ts';
import { quorateWrites } from './quorate-writes.ts';
import { quorumExclusive } from './quorum-exclusive.ts';
import { ringIdentity } from './ring-identity.ts';
import { shapeProblem } from './tree-shape.ts';
import { versions } from './versions.ts';
import { writers } from './writers.ts';

const STAMP = { writer: 1, time: 1_700_000_000, monotonic_s: 0 };

interface Fake {
  readonly view: ClusterView;
  readonly nodes: readonly ObservedNode[];
  connected: readonly number[];
  quorate: boolean;
}

/** Three nodes with empty trees. */
function fakeCluster(): Fake {
  const state = { connected: [1, 2, 3] as readonly number[], quorate: true };
  const nodes = [1, 2, 3].map((nodeid): ObservedNode => {
    const node = {
      get quorate() {
        return state.quorate;
      },
    };
    const process = { pid: nodeid, node, memdb: new Memdb({ mode: 'solo' }), isStopped: false, committedVersion: 0 };
    return {
      nodeid,
      name: `n${nodeid}`,
      process: process as unknown as NonNullable<ObservedNode['process']>,
      rows: [],
      hostConfig: undefined,
    };
  });
  const view: ClusterView = {
    now_ms: 0,
    nodes,
    leastNodes: nodes.length,
    profile: 'promise',
    areVotesLowered: false,
    reachedFrom: () => state.connected,
    heardBy: () => state.connected,
  };
  return Object.assign(state, { view, nodes });
}

function watch(factory: CheckerFactory, fake = fakeCluster()): { checker: Checker; found: string[]; fake: Fake } {
  const found: string[] = [];
  return { checker: factory(fake.view, (message) => found.push(message)), found, fake };
}

let lastId = 0;

function request(overrides: Partial<Request>): Request {
  lastId += 1;
  return {
    id: lastId,
    client: 'c',
    nodeid: 1,
    pid: 1,
    kind: 'write',
    path: 'clients/c/f',
    to: '',
    content: '',
    size: 0,
    invoked_ms: lastId * 10,
    returned_ms: lastId * 10 + 5,
    result: 0,
    isOrphaned: false,
    ...overrides,
  };
}

function change(overrides: Partial<TreeChange>): TreeChange {
  return {
    kind: 'write',
    path: 'f',
    detail: '',
    writer: 1,
    time_s: 0,
    result: 0,
    versionBefore: 1,
    versionAfter: 2,
    ...overrides,
  };
}

test('I1: two disjoint quorate rings', () => {
  const { checker, found, fake } = watch(quorumExclusive);
  checker.logged?.(fake.nodes[0]!, 'QUORUM', 'Members[2]: 1 2');
  checker.logged?.(fake.nodes[1]!, 'QUORUM', 'Members[2]: 1 2');
  assert.equal(found, []);
  checker.logged?.(fake.nodes[2]!, 'QUORUM', 'Members[1]: 3');
  assert.is(found.length, 2);
});

test('I3: a change without quorum, and a request that is not refused', () => {
  const { checker, found, fake } = watch(quorateWrites);
  checker.changed?.(fake.nodes[0]!, change({}));
  assert.equal(found, []);
  fake.quorate = false;
  checker.changed?.(fake.nodes[0]!, change({}));
  const refused = request({ result: -EACCES, invoked_ms: 7, returned_ms: 7 });
  checker.invoked?.(refused);
  checker.returned?.(refused);
  assert.is(found.length, 1);
  const accepted = request({ result: 3 });
  checker.invoked?.(accepted);
  checker.returned?.(accepted);
  assert.is(found.length, 2);
});

test('I4: a version that stands still, and one that falls at a restart', () => {
  const { checker, found, fake } = watch(versions);
  checker.changed?.(fake.nodes[0]!, change({ result: -2, versionBefore: 5, versionAfter: 5 }));
  assert.equal(found, []);
  checker.changed?.(fake.nodes[0]!, change({ result: 4, versionBefore: 5, versionAfter: 5 }));
  assert.is(found.length, 1);
  const [node] = fake.nodes;
  node!.process!.memdb.mkdir('d', STAMP);
  checker.died?.(node!);
  checker.booted?.(fake.nodes[0]!);
  assert.is(found.length, 1);
  checker.died?.(node!);
  checker.booted?.({ ...node!, process: { ...node!.process!, memdb: new Memdb({ mode: 'solo' }) } });
  assert.is(found.length, 2);
});

test('I5, I6: a good tree has no problem', () => {
  const memdb = new Memdb({ mode: 'solo' });
  memdb.mkdir('d', STAMP);
  memdb.create('d/f', STAMP);
  assert.is(shapeProblem(memdb), undefined);
  (memdb.lookup('d/f') as { version: number }).version = 99;
  assert.match(shapeProblem(memdb) ?? '', /beyond the root/);
});

test('I11: two holders of one lock', () => {
  const { checker, found } = watch(lockSafety);
  checker.entered?.('one', 'a');
  checker.entered?.('two', 'b');
  checker.left?.('one', 'a');
  checker.entered?.('one', 'b');
  assert.equal(found, []);
  checker.entered?.('two', 'c');
  assert.is(found.length, 1);
});

/** A checker that has seen the replica of n1 come in. */
function watchMember(factory: CheckerFactory): ReturnType<typeof watch> & { turn(event: string, after: string): void } {
  const watched = watch(factory);
  const [node] = watched.fake.nodes;
  const turn = (event: string, after: string): void => {
    watched.checker.transition?.(node!, { machine: 'dcdb', event, detail: { before: '', after } });
  };
  watched.checker.booted?.(node!);
  turn('OPEN', 'start');
  turn('CONFIGURATION', 'synced');
  return { ...watched, turn };
}

test('own delivery: an outcome that nobody knows, without a reason', () => {
  const { checker, found, turn } = watchMember(ownDelivery);
  const [excused, lost] = [request({ result: -EBUSY }), request({ result: -EBUSY })];
  checker.invoked?.(excused);
  turn('MESSAGE', 'leaving');
  checker.returned?.(excused);
  turn('OPEN', 'start');
  turn('CONFIGURATION', 'synced');
  assert.equal(found, []);
  checker.invoked?.(lost);
  turn('CONFIGURATION', 'startSync');
  turn('ROUND_SYNCED', 'synced');
  checker.returned?.(lost);
  assert.is(found.length, 1);
});

test('own delivery: a request that another one overtakes', () => {
  const { checker, found, fake } = watchMember(ownDelivery);
  const marked = (id: number): Request => request({ id, content: requestMark(id), result: 30 });
  const write = (id: number): TreeChange => change({ detail: `0 false 30 ${requestMark(id)}` });
  for (const id of [701, 702, 703]) checker.invoked?.(marked(id));
  checker.changed?.(fake.nodes[0]!, write(701));
  checker.changed?.(fake.nodes[1]!, write(703));
  assert.equal(found, []);
  checker.changed?.(fake.nodes[0]!, write(703));
  assert.is(found.length, 1);
  assert.match(found[0]!, /not request 702/);
});

test('writers are members, but for what an earlier quorate ring has left behind', () => {
  const { checker, found, fake } = watch(writers);
  const alone = fake.nodes[1]!;
  checker.logged?.(alone, 'dcdb', 'members: 2/7, 3/9');
  checker.changed?.(alone, change({ writer: 2 }));
  checker.logged?.(alone, 'dcdb', 'applying 1 changes of an earlier quorate ring');
  checker.changed?.(alone, change({ writer: 1 }));
  assert.equal(found, []);
  checker.changed?.(alone, change({ writer: 1 }));
  assert.is(found.length, 1);
});

test('I15: a host copy that goes back', () => {
  const { checker, found, fake } = watch(hostConfig);
  const version = (n: number): Buffer => Buffer.from(`totem {\n config_version: ${n}\n}\n`);
  checker.hostConfigWritten?.(fake.nodes[0]!, version(2), version(3));
  assert.equal(found, []);
  checker.hostConfigWritten?.(fake.nodes[0]!, version(3), version(2));
  assert.is(found.length, 1);
});

test('a ring id that is used twice', () => {
  const { checker, found, fake } = watch(ringIdentity);
  checker.logged?.(fake.nodes[0]!, 'TOTEM', 'A new membership (1.8) was formed. Members joined: 1');
  checker.logged?.(fake.nodes[0]!, 'TOTEM', 'A new membership (1.c) was formed. Members joined: 2');
  assert.equal(found, []);
  checker.logged?.(fake.nodes[0]!, 'TOTEM', 'A new membership (1.c) was formed. Members');
  assert.is(found.length, 1);
});

test('a change that is applied before a majority has received it', () => {
  const { checker, found, fake } = watch(majorityFirst);
  const frame = (id: number): Buffer => Buffer.from(`header ${requestMark(id)} rest`, 'latin1');
  const write = (id: number): TreeChange => change({ detail: `0 false 9 ${requestMark(id)}` });
  checker.frame?.(fake.nodes[0]!, frame(901));
  checker.frame?.(fake.nodes[2]!, frame(901));
  checker.changed?.(fake.nodes[0]!, write(901));
  assert.equal(found, []);
  checker.frame?.(fake.nodes[0]!, frame(902));
  checker.changed?.(fake.nodes[0]!, write(902));
  assert.is(found.length, 1);
});

test('an acknowledgement of a node that was cut off all the time', () => {
  const { checker, found, fake } = watch(minorityAnswers);
  const [lucky, lonely] = [request({}), request({})];
  fake.connected = [1];
  checker.invoked?.(lucky);
  fake.connected = [1, 2];
  checker.rewired?.();
  checker.returned?.(lucky);
  assert.equal(found, []);
  fake.connected = [1];
  checker.rewired?.();
  checker.invoked?.(lonely);
  checker.returned?.(lonely);
  assert.is(found.length, 1);
});

test('one history: a version with two meanings', () => {
  const { checker, found, fake } = watch(oneHistory);
  checker.changed?.(fake.nodes[0]!, change({ path: 'a' }));
  checker.changed?.(fake.nodes[1]!, change({ path: 'a' }));
  assert.equal(found, []);
  checker.changed?.(fake.nodes[2]!, change({ path: 'b' }));
  assert.is(found.length, 1);
});

/** What the checker says when these requests end with this content. */
function judgeContent(requests: readonly Request[], content: string | undefined): readonly string[] {
  const { checker, found, fake } = watch(durability);
  const { memdb } = fake.nodes[0]!.process!;
  for (const path of ['clients', 'clients/c', 'shared']) memdb.mkdir(path, STAMP);
  const { path } = requests[0]!;
  if (content !== undefined) {
    memdb.create(path, STAMP);
    memdb.write(path, Buffer.from(content), 0, true, STAMP);
  }
  for (const each of requests) checker.invoked?.(each);
  checker.quiet?.();
  return found;
}

test('durability of a private file: the last acknowledged content, or an unknown later one', () => {
  const create = request({ kind: 'create' });
  const first = request({ content: 'one', result: 3 });
  const unknown = request({ content: 'two', result: -16 });
  const refused = request({ content: 'three', result: -13 });
  assert.equal(judgeContent([create, first], 'one'), []);
  assert.equal(judgeContent([create, first, unknown], 'one'), []);
  assert.equal(judgeContent([create, first, unknown], 'two'), []);
  assert.is(judgeContent([create, first, refused], 'three').length, 1);
  assert.is(judgeContent([create, first], '').length, 1);
  assert.is(judgeContent([create, first], undefined).length, 1);
});

test('durability of a truncated file', () => {
  const create = request({ kind: 'create' });
  const write = request({ content: 'hello', result: 5 });
  const truncate = request({ kind: 'truncate', size: 2 });
  const grow = request({ kind: 'truncate', size: 4 });
  assert.equal(judgeContent([create, write, truncate], 'he'), []);
  assert.equal(judgeContent([create, write, truncate, grow], 'he\0\0'), []);
  assert.is(judgeContent([create, write, truncate], 'hello').length, 1);
});

test('durability of a shared file: not one that was over before an acknowledged one began', () => {
  const path = 'shared/s0';
  const early = request({ path, content: 'early', result: 5 });
  const late = request({ path, content: 'late', result: 4 });
  const together = { ...late, invoked_ms: early.returned_ms };
  assert.equal(judgeContent([early, late], 'late'), []);
  assert.is(judgeContent([early, late], 'early').length, 1);
  assert.equal(judgeContent([early, together], 'early'), []);
  assert.is(judgeContent([early, late], 'nobody').length, 1);
});

test.run();
