/** Both checkers on a cluster of memory trees that does, or tells, what it must not. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { EEXIST, ENOENT } from '../../runtime/file-system/errno.ts';
import {
  type Checker,
  type ClusterView,
  type Request,
  type RequestKind,
  requestMark,
} from '../checkers/observation.ts';
import { linearizability } from './checker.ts';
import { nodeReads } from './reads-checker.ts';

const STAMP = { writer: 1, time: 1000, monotonic_s: 0 };

/** Two nodes, of which the second may lag behind. */
class World {
  readonly trees = [new Memdb({ mode: 'solo' }), new Memdb({ mode: 'solo' })] as const;
  readonly complaints: string[] = [];
  readonly #checkers: readonly Checker[];
  readonly #nodes: ClusterView['nodes'];
  #time_ms = 0;
  #requests = 0;

  constructor(profile: ClusterView['profile'] = 'promise') {
    for (const tree of this.trees) {
      for (const path of ['priv', 'priv/lock', 'nodes', 'nodes/n1', 'nodes/n1/qemu-server']) tree.mkdir(path, STAMP);
    }
    const nodes = this.trees.map((memdb, at) => ({
      nodeid: at + 1,
      process: {
        memdb,
        isStopped: false,
        node: { fileSystem: { read: (path: string) => memdb.lookup(path)?.data ?? -ENOENT } },
      },
    }));
    const world = this;
    const view = {
      profile,
      nodes,
      get now_ms() {
        return world.#time_ms;
      },
    };
    this.#nodes = nodes as unknown as ClusterView['nodes'];
    const fail = (message: string) => void this.complaints.push(message);
    this.#checkers = [linearizability, nodeReads].map((create) => create(view as unknown as ClusterView, fail));
  }

  /** A request of a client of node 1, from its invocation to the `answer` that it gets; `happens` is what is done meanwhile. */
  ask(
    kind: RequestKind,
    path: string,
    answer: number | undefined,
    { client = 'c1', content = '', happens = () => {} } = {},
  ): void {
    this.#requests += 1;
    this.#time_ms += 10;
    const request: Request = {
      id: this.#requests,
      client,
      nodeid: 1,
      pid: 1,
      kind,
      path,
      to: '',
      content,
      size: 0,
      invoked_ms: this.#time_ms,
      returned_ms: this.#time_ms + 5,
      result: undefined,
      isOrphaned: false,
    };
    for (const checker of this.#checkers) checker.invoked?.(request);
    happens();
    request.result = answer;
    if (answer !== undefined) for (const checker of this.#checkers) checker.returned?.(request);
  }

  get nextContent(): string {
    return requestMark(this.#requests + 1);
  }

  create(node: 0 | 1, path: string): void {
    this.#change(node, 'create', path, '', (tree) => tree.create(path, STAMP));
  }

  write(node: 0 | 1, path: string, content: string): void {
    const detail = `0 false ${content.length} ${content.slice(0, 24)}`;
    this.#change(node, 'write', path, detail, (tree) => tree.write(path, Buffer.from(content), 0, false, STAMP));
  }

  #change(node: 0 | 1, kind: 'create' | 'write', path: string, detail: string, run: (tree: Memdb) => number): void {
    const tree = this.trees[node];
    const versionBefore = tree.root.version;
    const result = run(tree);
    const change = {
      kind,
      path,
      detail,
      writer: 1,
      time_s: 1000,
      result,
      versionBefore,
      versionAfter: tree.root.version,
    };
    for (const checker of this.#checkers) checker.changed?.(this.#nodes[node]!, change);
  }

  /** Long enough for every path to be read once. */
  second(): void {
    for (let tick = 0; tick < 4; tick += 1) for (const checker of this.#checkers) checker.tick?.();
  }

  replaced(node: 0 | 1): void {
    const replacement = { cause: 'reload' as const, before: { version: 1, mtime: 0 }, isGood: true };
    for (const checker of this.#checkers) checker.replaced?.(this.#nodes[node]!, replacement);
  }

  end(): readonly string[] {
    this.#time_ms += 10;
    for (const checker of this.#checkers) checker.quiet?.();
    return this.complaints;
  }
}

test('a run that keeps its promises', () => {
  const world = new World();
  world.trees[0].create('old', STAMP);
  world.ask('create', 'old', -EEXIST);
  world.ask('create', 'a', 0, { happens: () => world.create(0, 'a') });
  const content = world.nextContent;
  world.ask('write', 'a', content.length, { content, happens: () => world.write(0, 'a', content) });
  world.ask('mkdir', 'priv/lock/l', 0);
  world.ask('rmdir', 'priv/lock/l', 0);
  const path = 'nodes/n1/qemu-server/100.conf';
  world.ask('create', path, 0, { happens: () => world.create(0, path) });
  world.ask('unlink', 'a', undefined);
  assert.equal(world.end(), []);
});

test('an acknowledged change that is not there at the end: a file, a directory, a lock, a guest', () => {
  const lost: readonly (readonly [RequestKind, string])[] = [
    ['create', 'a'],
    ['mkdir', 'd'],
    ['mkdir', 'priv/lock/l'],
    ['create', 'nodes/n1/qemu-server/100.conf'],
  ];
  for (const [kind, path] of lost) {
    const world = new World();
    world.ask(kind, path, 0);
    assert.ok(world.end().length > 0, path);
    assert.match(world.complaints[0]!, '<- not possible');
    const wild = new World('wild');
    wild.ask(kind, path, 0);
    assert.equal(wild.end(), []);
  }
});

test('two that got the same lock', () => {
  const world = new World();
  world.ask('mkdir', 'priv/lock/l', 0);
  world.ask('mkdir', 'priv/lock/l', 0, { client: 'c2' });
  world.ask('rmdir', 'priv/lock/l', 0);
  assert.is(world.end().length, 1);
});

function withContendedFile(): World {
  const world = new World();
  const happens = () => {
    world.create(0, 's');
    world.create(1, 's');
  };
  world.ask('create', 's', 0, { happens });
  world.ask('create', 's', -EEXIST, { client: 'c2' });
  return world;
}

test('a node may lag behind, but not go back', () => {
  const world = withContendedFile();
  const content = world.nextContent;
  world.ask('write', 's', content.length, { content, happens: () => world.write(0, 's', content) });
  world.second();
  world.write(1, 's', content);
  world.second();
  assert.equal(world.complaints, []);
  world.trees[1].write('s', Buffer.alloc(0), 0, true, STAMP);
  world.second();
  assert.is(world.complaints.length, 1);
  assert.match(world.complaints[0]!, /^n2, session 0 knows version \d+, where 's' was 'op#3#op#3#', and reads ''$/);
});

test('a node that took back what its full disk refused begins anew', () => {
  const world = withContendedFile();
  const content = world.nextContent;
  world.ask('write', 's', content.length, { content, happens: () => world.write(0, 's', content) });
  world.write(1, 's', content);
  world.second();
  world.replaced(1);
  world.trees[1].write('s', Buffer.alloc(0), 0, true, STAMP);
  world.second();
  assert.equal(world.complaints, []);
});

test('a client reads what it has written', () => {
  const world = withContendedFile();
  const content = world.nextContent;
  // Acknowledged by the node that has not applied it.
  world.ask('write', 's', content.length, { content, happens: () => world.write(1, 's', content) });
  assert.is(world.complaints.length, 1);
});

test('a content that nobody has written', () => {
  const world = withContendedFile();
  world.second();
  world.trees[1].write('s', Buffer.from('made up'), 0, true, STAMP);
  world.second();
  assert.is(world.complaints.length, 1);
});

test.run();
