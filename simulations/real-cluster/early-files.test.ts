// test-exclusive
// test-timeout: 240
/**
 * Files that are open before the cluster has decided on their creation (runtime/file-system/early-files.ts), on three real nodes
 * with real mounts: what the creator is told, and what everybody else on the node sees meanwhile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import { corosyncConf, installClusterFiles, newAuthkey } from './cluster-files.ts';
import { whyNoNamespaces } from './namespaces.ts';
import type { RealNode } from './real-node.ts';
import { withFolder } from './test-folder.ts';
import { until } from './until.ts';

/** Steps of a client: a call of node:fs with its arguments; `FD` stands for what `openSync` has given. */
type Step = readonly [call: string, ...args: unknown[]];

const SCRIPT = `
const fs = require('node:fs');
let FD;
for (const [call, ...args] of JSON.parse(process.argv[1])) {
  let result = 'ok';
  try {
    const value = fs[call](...args.map((arg) => (arg === 'FD' ? FD : arg)));
    if (call === 'openSync') FD = value;
    else if (typeof value === 'number' || typeof value === 'string' || Array.isArray(value)) result = value;
    else if (call === 'statSync') result = value.size;
  } catch (error) {
    result = error.code;
  }
  fs.writeSync(1, JSON.stringify(result) + '\\n');
}`;

/** A process that runs its steps one after the other, and reports each when it is done. */
class Client {
  readonly #child: ChildProcess;
  #output = '';

  constructor(...steps: readonly Step[]) {
    this.#child = spawn(process.execPath, ['-e', SCRIPT, JSON.stringify(steps)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: '/',
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
  }

  get results(): readonly unknown[] {
    const lines = this.#output.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as unknown);
  }

  /** The results, as soon as there are so many. */
  after(count: number): Promise<readonly unknown[]> {
    return until(
      `${count} results`,
      20_000,
      () => (this.results.length >= count ? this.results : undefined),
      () => this.#output,
    );
  }
}

const CREATE = 'w';
/** Not quorate when it was to be sent, when it came back, or it isn't known what becomes of it. */
const REFUSED = ['EACCES', 'EPERM', 'EBUSY'];
/** No stall of a test makes a new membership. */
const PATIENT = ['token: 10000'];
const NAMES = ['n1', 'n2', 'n3'];

/** Three nodes that are ready, for one test. */
function clusterTest(
  name: string,
  body: (nodes: readonly [RealNode, RealNode, RealNode]) => Promise<void>,
  totem: readonly string[] = [],
): void {
  test(name, () =>
    withFolder(async (folder) => {
      const nodes = NAMES.map((node) => folder.node(node)) as [RealNode, RealNode, RealNode];
      const listed = NAMES.map((node, at) => ({ name: node, addresses: [`127.0.13.${at + 1}`] }));
      const authkey = newAuthkey();
      for (const node of nodes) installClusterFiles(node.layout, corosyncConf(listed, { totem }), authkey);
      for (const node of nodes) node.start();
      await converged(nodes);
      await body(nodes);
    }),
  );
}

async function converged(nodes: readonly RealNode[]): Promise<void> {
  await until(
    'all nodes are ready and equal',
    60_000,
    async () => {
      const states = await Promise.all(nodes.map((node) => node.describe()));
      const [first] = states;
      return states.every(
        (state) =>
          state?.ready &&
          state.quorum?.members.length === nodes.length &&
          state.database.checksum === first?.database.checksum,
      );
    },
    () => nodes.map(({ output }) => output.slice(-2000)).join('\n'),
  );
}

/** Runs `body` while the cluster processes of these nodes stand still, for less than makes a new membership. */
async function whileStopped(nodes: readonly RealNode[], body: () => Promise<unknown>): Promise<void> {
  const pids = await Promise.all(nodes.map((node) => node.clusterPid()));
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await body();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

const test = suite('early files');

clusterTest(
  'while the cluster stands still, an open is answered, and nobody sees more than that',
  async (nodes) => {
    const [n1, n2, n3] = nodes;
    assert.is(await n1.write('before', 'x'), undefined);
    let creator: Client | undefined;
    const others: Client[] = [];
    await whileStopped([n2, n3], async () => {
      creator = new Client(['openSync', n1.at('f'), CREATE], ['closeSync', 'FD']);
      assert.equal(await creator.after(1), ['ok']);
      others.push(
        new Client(['statSync', n1.at('f')]),
        new Client(['readFileSync', n1.at('f'), 'utf8']),
        new Client(['readdirSync', n1.at('')]),
        new Client(['mkdirSync', n1.at('f')]),
      );
      await new Promise((resolve) => setTimeout(resolve, 250));
    });
    const [size, text, names, made] = await Promise.all(others.map((client) => client.after(1)));
    assert.equal([size, text, made], [[0], [''], ['EEXIST']]);
    assert.ok((names as readonly string[][])[0]?.includes('f'), 'the listing');
    assert.equal(await creator?.after(2), ['ok', 'ok']);
    await converged(nodes);
    assert.is(await n3.read('f'), '');
  },
  PATIENT,
);

clusterTest(
  'a file that is removed while its creation is under way lives on for its creator only',
  async (nodes) => {
    const [n1, n2, n3] = nodes;
    let creator: Client | undefined;
    let remover: Client | undefined;
    await whileStopped([n2, n3], async () => {
      creator = new Client(
        ['openSync', n1.at('u'), CREATE],
        ['fsyncSync', 'FD'],
        ['writeSync', 'FD', 'abc'],
        ['closeSync', 'FD'],
      );
      await creator.after(1);
      remover = new Client(['unlinkSync', n1.at('u')], ['statSync', n1.at('u')]);
      await new Promise((resolve) => setTimeout(resolve, 250));
    });
    assert.equal(await remover?.after(2), ['ok', 'ENOENT']);
    assert.equal(await creator?.after(4), ['ok', 'ok', 3, 'ok']);
    await converged(nodes);
  },
  PATIENT,
);

clusterTest(
  'quorum is lost before the creation is decided: write and close tell it, and nothing is there',
  async (nodes) => {
    const [n1, n2, n3] = nodes;
    for (const node of [n2, n3]) await node.powerFailure();
    const writer = new Client(
      ['openSync', n1.at('w'), CREATE],
      ['writeSync', 'FD', 'abc'],
      ['closeSync', 'FD'],
      ['statSync', n1.at('w')],
      ['openSync', n1.at('w'), CREATE],
    );
    const closer = new Client(['openSync', n1.at('c'), CREATE], ['closeSync', 'FD'], ['statSync', n1.at('c')]);
    const [opened, written, closed, ...rest] = await writer.after(5);
    assert.equal([opened, rest], ['ok', ['ENOENT', 'EACCES']]);
    assert.ok(REFUSED.includes(String(written)), String(written));
    assert.is(closed, written);
    const [open, close, stat] = await closer.after(3);
    assert.equal([open, stat], ['ok', 'ENOENT']);
    assert.ok(REFUSED.includes(String(close)), String(close));
    for (const node of [n2, n3]) node.start();
    await converged(nodes);
  },
);

clusterTest('two nodes make the same files at once: both succeed, and one whole content stays', async (nodes) => {
  const [n1, n2, n3] = nodes;
  const count = 100;
  const texts = ['a'.repeat(300), 'b'.repeat(20)];
  const makers = [n1, n2].map(
    (node, at) =>
      new Client(...Array.from({ length: count }, (_, n): Step => ['writeFileSync', node.at(`both-${n}`), texts[at]])),
  );
  const results = (await Promise.all(makers.map((maker) => maker.after(count)))).flat();
  await converged(nodes);
  assert.equal(new Set(results), new Set(['ok']));
  const reader = new Client(
    ...Array.from({ length: count }, (_, n): Step => ['readFileSync', n3.at(`both-${n}`), 'utf8']),
  );
  for (const text of await reader.after(count)) assert.ok(texts.includes(String(text)), String(text));
});

clusterTest('four writers in one directory: every file is there, whole, on every node', async (nodes) => {
  const [n1, , n3] = nodes;
  const count = 60;
  const textOf = (writer: number, n: number) => `${writer}.${n} `.repeat(200);
  const names = Array.from({ length: 4 * count }, (_, at) => [at % 4, Math.floor(at / 4)] as const);
  const writers = [0, 1, 2, 3].map(
    (writer) =>
      new Client(
        ...Array.from(
          { length: count },
          (_, n): Step => ['writeFileSync', n1.at(`w${writer}-${n}`), textOf(writer, n)],
        ),
      ),
  );
  for (const writer of writers) assert.equal(new Set(await writer.after(count)), new Set(['ok']));
  await converged(nodes);
  const reader = new Client(...names.map(([writer, n]): Step => ['readFileSync', n3.at(`w${writer}-${n}`), 'utf8']));
  assert.equal(
    await reader.after(names.length),
    names.map(([writer, n]) => textOf(writer, n)),
  );
});

const lacking = whyNoNamespaces();
if (lacking === undefined) test.run();
else {
  reportSkip('early files on three real nodes', lacking);
  const skipped = suite('early files');
  skipped.skip('needs root and mounts', () => undefined);
  skipped.run();
}
