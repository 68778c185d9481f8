// test-timeout: 240
/** Explanations: of traces made by hand, and of rules that mutants break in simulated clusters. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import type { UnstampedRecord } from '../../runtime/trace/trace.ts';
import { TraceWriter } from '../../runtime/trace/writer.ts';
import { HARMLESS_ACTS } from '../cluster/act.ts';
import { MUTANTS } from '../mutants/all.ts';
import { makeBuild, removeBuild } from '../mutants/build.ts';
import type { RunOutcome } from '../trace/traced-run.ts';
import type { ChainStep } from './chain.ts';
import { explainRun, explainTrace, formatChain, runExplain } from './explain.ts';

const folder = mkdtempSync(join(tmpdir(), 'pve-actors-explain-test-'));
const header = { trace: 1, source: 'simulator', nodes: ['n1', 'n2', 'n3'] } as const;

type Put = (record: UnstampedRecord, cause?: number) => number;

/** Explains what `write` writes; each record comes a second after the one before. */
function explained(write: (put: Put) => void): Promise<readonly ChainStep[] | undefined> {
  return explainRun((sink) => {
    const clock = new VirtualClock();
    const take = (line: string): boolean => {
      sink(line);
      return true;
    };
    const writer = new TraceWriter({ clock, capacity: 0, header, sink: take });
    write((record, cause) => {
      clock.advance(1000);
      return writer.put(record, cause);
    });
  });
}

function machine(node: string, actor: string, type: string, before: string, after: string): UnstampedRecord {
  return { kind: 'machine', node, actor, machine: actor, event: { type }, before, after, changed: {}, effects: [] };
}

const fault = (name: string, detail: object): UnstampedRecord => ({
  kind: 'fault',
  node: '',
  actor: 'world',
  fault: name,
  detail,
});
const note = (node: string, event: string): UnstampedRecord => ({
  kind: 'note',
  node,
  actor: 'machine',
  event,
  detail: undefined,
});
const send = (node: string, to: string, message = 'token'): UnstampedRecord => ({
  kind: 'send',
  node,
  actor: 'ring',
  message,
  to: [to],
  bytes: undefined,
});
const receive = (node: string, from: string, message = 'token'): UnstampedRecord => ({
  kind: 'receive',
  node,
  actor: 'ring',
  message,
  from,
  bytes: undefined,
});
const drop = (node: string, to: string): UnstampedRecord => ({
  kind: 'drop',
  node,
  actor: 'network',
  message: 'token',
  to,
  reason: 'blocked',
});
const violation = (message: string): UnstampedRecord => ({
  kind: 'violation',
  node: '',
  actor: 'checker',
  rule: 'I3',
  message,
});

const kindsOf = (chain: readonly ChainStep[] | undefined): readonly string[] | undefined =>
  chain?.map(({ record, by }) => `${record.kind} ${record.sequence}${by === undefined ? '' : ` by ${by}`}`);

test('a trace without a violation has nothing to explain', async () => {
  assert.is(await explained((put) => void put(note('n1', 'boot'))), undefined);
});

test('causes are followed over messages, and messages that are passed on are drawn together', async () => {
  const chain = await explained((put) => {
    let last = put(note('n1', 'crash'), put(fault('crash', { node: 1 }), 0));
    for (const [from, to] of [
      ['n1', 'n2'],
      ['n2', 'n3'],
      ['n3', 'n1'],
    ] as const) {
      last = put(receive(to, from), put(send(from, to), last));
    }
    put(violation('x'), put(receive('n1', 'n3'), last));
  });
  assert.is(chain?.length, 10);
  const lines = formatChain(chain ?? []).split('\n');
  assert.is(lines.length, 4);
  assert.match(lines[2]!, /token: n1 → n2 → n3 → n1/);
});

test('a timeout is explained by the node that fell silent', async () => {
  const chain = await explained((put) => {
    put(fault('boot', { node: 1 }), 0);
    put(note('n1', 'crash'), put(fault('crash', { node: 1 }), 0));
    const lost = put(machine('n2', 'membership', 'TOKEN_LOSS', 'operational', 'gather'), 0);
    put(violation('n2 has done it'), lost);
  });
  assert.equal(kindsOf(chain), ['fault 2', 'note 3 by cause', 'machine 4 by silence', 'violation 5 by cause']);
});

test('a timeout is explained by the token that was lost, and that by what was done to its way', async () => {
  const chain = await explained((put) => {
    put(fault('cut', { ways: [[3, 2]] }), 0);
    put(fault('cut', { ways: [[1, 2]] }), 0);
    put(fault('pause', { node: 3 }), 0);
    put(drop('n1', 'n2'), put(send('n1', 'n2'), 0));
    put(violation('x'), put(machine('n2', 'membership', 'TOKEN_LOSS', 'operational', 'gather'), 0));
  });
  assert.equal(kindsOf(chain), ['fault 2', 'drop 5 by fault', 'machine 6 by silence', 'violation 7 by cause']);
});

test('what a node does is explained by the state that it is in', async () => {
  const chain = await explained((put) => {
    put(fault('boot', { node: 2 }), 0);
    put(machine('n2', 'quorum', 'NOTIFY', 'tracking', 'disconnected'), put(fault('cut', { ways: [] }), 0));
    put(machine('n3', 'quorum', 'NOTIFY', 'tracking', 'disconnected'), 0);
    put(violation('x'), put({ kind: 'request', node: 'n2', actor: 'client', request: 'write', detail: {} }, 0));
  });
  assert.equal(kindsOf(chain), ['fault 2', 'machine 3 by cause', 'request 5 by state', 'violation 6 by cause']);
});

test('a violation that is found between events is explained by the nodes that it names', async () => {
  const chain = await explained((put) => {
    put(machine('n1', 'dcdb', 'SERIOUS_ERROR', 'synced', 'error'), put(fault('crash', { node: 1 }), 0));
    put(fault('disk-full', { node: 2 }), 0);
    put(machine('n2', 'dcdb', 'SERIOUS_ERROR', 'synced', 'error'), 0);
    put(violation('n2: 72 rows, but 71 entries'), put(fault('crash', { node: 3 }), 0));
  });
  assert.equal(kindsOf(chain), ['fault 3', 'machine 4 by fault', 'violation 6 by state']);
});

test('that a node was started again is told only where nothing else explains it', async () => {
  const born: UnstampedRecord = { ...machine('n2', 'quorum', 'xstate.init', '', 'tracking'), before: null } as never;
  const write = (put: Put, isElse: boolean): void => {
    put(fault('crash', { node: 2, by: 'crash 1' }), 0);
    put(born, put(fault('boot', { node: 2, by: 'crash 1' }), 0));
    if (isElse) {
      const full = put(fault('disk-full', { node: 2 }), 0);
      const others = ['a', 'b', 'c'].reduce((cause, event) => put(note('n2', event), cause), full);
      put(machine('n2', 'dcdb', 'RECOVERED', 'error', 'start'), others);
    }
    put(violation('n2 lacks a row'), 0);
  };
  const alone = await explained((put) => write(put, false));
  assert.equal(kindsOf(alone), ['fault 1', 'fault 2 by fault', 'machine 3 by cause', 'violation 4 by state']);
  const chosen = await explained((put) => write(put, true));
  assert.is(chosen?.[0]?.record.kind === 'fault' && chosen[0].record.fault, 'disk-full');
});

test('a second violation and what follows it are not looked at', async () => {
  const chain = await explained((put) => {
    put(violation('first'), put(fault('cut', { ways: [] }), put(machine('n1', 'dcdb', 'X', 'a', 'b'), 0)));
    put(violation('second'), 0);
  });
  assert.is(chain?.at(-1)?.record.sequence, 3);
});

test('what is no trace ends in one sentence', async () => {
  const path = join(folder, 'text');
  writeFileSync(path, 'hello\n');
  for (const trace of [path, join(folder, 'nothing')]) {
    const said: string[] = [];
    assert.is(
      await runExplain({ source: { trace }, print: () => assert.unreachable(), complain: (s) => said.push(s) }),
      5,
    );
    assert.is(said.join('').split('\n').length, 1);
  }
});

/** A mutant, and what its explanation has to show as the wrong decision. */
const DECISIONS: readonly (readonly [mutant: string, decision: RegExp])[] = [
  ['lowest-node-leads', /tree: adopt a plan over version/],
  ['stable-one-vote-short', /tree: \w+ .*version \d+/],
];

for (const [name, decision] of DECISIONS) {
  test(`what the mutant ${name} breaks is explained by a fault and the wrong decision`, async () => {
    const mutant = MUTANTS.find((one) => one.name === name);
    assert.ok(mutant !== undefined, 'the mutant is there');
    const build = makeBuild(mutant.patches);
    if ('problem' in build) throw new Error(build.problem);
    try {
      const trace = join(folder, `${name}.jsonl`);
      const isFound = mutant.seeds.some((seed) => {
        const orders = JSON.stringify([{ seed, options: mutant.options ?? {}, trace }]);
        const program = join(build.path, 'simulations/trace/traced-run.ts');
        const printed = execFileSync(process.execPath, ['--import', 'tsx', program, orders], { cwd: build.path });
        const [outcome] = JSON.parse(printed.toString()) as readonly RunOutcome[];
        return outcome !== undefined && mutant.checkers.includes(outcome.rules[0] ?? '');
      });
      assert.ok(isFound, 'a seed in which a named checker is the first to notice');
      const chain = (await explainTrace(trace)) ?? [];
      const [first] = chain;
      assert.ok(first?.record.kind === 'fault' && !(HARMLESS_ACTS as ReadonlySet<string>).has(first.record.fault));
      assert.is(chain.at(-1)?.record.kind, 'violation');
      for (const [at, { record }] of chain.entries()) {
        assert.ok(at === 0 || record.sequence > chain[at - 1]!.record.sequence, 'causes come first');
      }
      assert.match(formatChain(chain), decision);
      assert.ok(chain.length <= 40, `${chain.length} steps`);
    } finally {
      removeBuild(build.path);
    }
  });
}

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
