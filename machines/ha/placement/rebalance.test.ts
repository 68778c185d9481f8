import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CompiledRules, noRules } from '../rules/compile.ts';
import { imbalanceOf } from './node-load.ts';
import { type RebalanceSettings, rebalance } from './rebalance.ts';
import { createUsage, type Figures } from './usage.ts';
import type { PlacedService } from './used-nodes.ts';

const nodes = ['n1', 'n2', 'n3'];
const settings: RebalanceSettings = { method: 'bruteforce', threshold: 0.3, hold_duration_rounds: 1, margin: 0.1 };

interface Wanted extends Partial<RebalanceSettings> {
  /** sid to node. */
  readonly places: Readonly<Record<string, string>>;
  readonly figures?: Readonly<Record<string, Figures>>;
  readonly compiled?: CompiledRules;
  readonly counter?: number;
  readonly others?: Readonly<Record<string, PlacedService>>;
  readonly mode?: string;
  /** Measured load by node. */
  readonly measured?: Readonly<Record<string, Figures>>;
}

function run(wanted: Wanted) {
  const { places, figures = {}, compiled = noRules, counter = 0, others = {}, mode = 'static', measured = {} } = wanted;
  const started = Object.entries(places).map(([sid, node]) => [sid, { state: 'started', node, running: 1 }]);
  const services: Record<string, PlacedService> = { ...Object.fromEntries(started), ...others };
  const of = (sid: string) => ({ maxcpu: 1, maxmem: 10, cpu: 1, mem: 10, ...figures[sid] });
  const statistics = {
    nodes: Object.fromEntries(nodes.map((node) => [node, { maxcpu: 10, maxmem: 100, ...measured[node] }])),
    services: Object.fromEntries(Object.keys(services).map((sid) => [sid, of(sid)])),
  };
  const { usage } = createUsage(mode, nodes, statistics);
  for (const [sid, service] of Object.entries(services)) usage.add(sid, service);
  return { ...rebalance({ usage, compiled, services, settings: { ...settings, ...wanted }, counter }), usage };
}

function motion(wanted: Wanted): string | undefined {
  const found = run(wanted).motion;
  return found && `${found.verb} ${found.sid} ${found.target}`;
}

test('I1 the counter: reset when balanced, counted up to the hold duration, then started anew', () => {
  const uneven = { places: { 'vm:1': 'n1', 'vm:2': 'n1' }, hold_duration_rounds: 3 };
  assert.is(run({ places: { 'vm:1': 'n1', 'vm:2': 'n2', 'vm:3': 'n3' }, counter: 2 }).counter, 0);
  assert.is(run({ ...uneven, counter: 0 }).counter, 1);
  assert.is(run({ ...uneven, counter: 1 }).counter, 2);
  assert.is(run({ ...uneven, counter: 1 }).motion, undefined);
  assert.is(run({ ...uneven, counter: 2 }).counter, 0);
  assert.is(run({ ...uneven, counter: 2 }).motion?.sid, 'vm:1');
  assert.is(run({ places: { 'vm:1': 'n1' }, threshold: 2 }).counter, 0);
});

test('the line, with both figures', () => {
  assert.is(
    run({ places: { 'vm:1': 'n1', 'vm:2': 'n1' } }).motion?.text,
    'auto rebalance - migrate vm:1 to n2 (expected change for imbalance from 1.41 to 0.71)',
  );
  assert.is(motion({ places: { 'ct:1': 'n1', 'ct:2': 'n1' } }), 'relocate ct:1 n2');
});

test('bruteforce takes the smallest imbalance, ties by leader and target', () => {
  const figures = { 'vm:2': { maxcpu: 3, maxmem: 30 } };
  assert.is(motion({ places: { 'vm:1': 'n1', 'vm:2': 'n1', 'vm:3': 'n1' }, figures }), 'migrate vm:2 n2');
});

test('topsis moves too; an unknown method moves nothing', () => {
  assert.is(motion({ places: { 'vm:1': 'n1', 'vm:2': 'n1' }, method: 'topsis' }), 'migrate vm:1 n2');
  assert.is(motion({ places: { 'vm:1': 'n1', 'vm:2': 'n1' }, method: 'dice' }), undefined);
});

test('a motion that saves too little is not worth it', () => {
  assert.is(motion({ places: { 'vm:1': 'n1', 'vm:2': 'n1' }, margin: 0.6 }), undefined);
  assert.is(motion({ places: { 'vm:1': 'n1' } }), undefined, 'it would only move the load');
});

test('imbalance at the threshold is none; a saving at the margin is enough', () => {
  const places = { 'vm:1': 'n1', 'vm:2': 'n1' };
  const { motion: found, usage } = run({ places });
  assert.is(run({ places, threshold: usage.imbalance(), hold_duration_rounds: 3 }).counter, 0);
  assert.ok(found);
  assert.is(motion({ places, margin: (found.before - found.after) / found.before }), 'migrate vm:1 n2');
});

test('dynamic: measured loads are moved, and a node never falls below none', () => {
  const { motion: found } = run({
    places: { 'vm:1': 'n1' },
    mode: 'dynamic',
    measured: { n1: { cpu: 4, mem: 40 } },
    figures: { 'vm:1': { cpu: 5, mem: 1 } },
  });
  const load = (cpu: number, mem: number) => ({ cpu, mem, maxcpu: 10, maxmem: 100 });
  const after = imbalanceOf([load(0, 39), load(5, 1), load(0, 0)]);
  assert.ok(found && Math.abs(found.after - after) < 1e-12);
});

test('basic mode has no imbalance', () => {
  assert.equal(run({ places: { 'vm:1': 'n1', 'vm:2': 'n1' }, mode: 'basic', counter: 1 }).counter, 0);
});

const together = (...sids: readonly string[]): CompiledRules => ({
  ...noRules,
  positive: new Map(sids.map((sid) => [sid, new Set(sids.filter((other) => other !== sid).sort())])),
});

test('I2 what is kept together moves together, or not at all', () => {
  const places = { 'vm:1': 'n1', 'vm:2': 'n1', 'vm:3': 'n1', 'vm:4': 'n1' };
  const found = run({ places, compiled: together('vm:2', 'vm:1') });
  assert.is(found.motion?.sid, 'vm:1');
  assert.is(found.motion?.after.toFixed(6), Math.SQRT1_2.toFixed(6), 'both loads have moved');
  const others = { 'vm:2': { state: 'migrate', node: 'n1', target: 'n3' } };
  assert.is(motion({ places: { 'vm:1': 'n1' }, others, compiled: together('vm:1', 'vm:2') }), undefined);
  const scattered = { 'vm:1': 'n1', 'vm:2': 'n2', 'vm:3': 'n1', 'vm:4': 'n1' };
  assert.is(motion({ places: scattered, compiled: together('vm:1', 'vm:2') }), 'migrate vm:3 n3');
});

test('I3 only where the rules allow', () => {
  const places = { 'vm:1': 'n1', 'vm:2': 'n1', 'vm:3': 'n3' };
  const nodeAffinity = new Map(['vm:1', 'vm:2'].map((sid) => [sid, new Map([['n1', 0]])]));
  assert.is(motion({ places, compiled: { ...noRules, nodeAffinity } }), undefined);
  const negative = new Map(['vm:1', 'vm:2'].map((sid) => [sid, new Set(['vm:8'])]));
  const others = { 'vm:8': { state: 'started', node: 'n2', running: 1 } };
  const figures = { 'vm:8': { maxcpu: 0.001, maxmem: 0.01 }, 'vm:3': { maxcpu: 0.5, maxmem: 5 } };
  assert.is(motion({ places, others, figures, compiled: { ...noRules, negative } }), 'migrate vm:1 n3');
});

test('a started service on a node that is gone stops the scoring', () => {
  const { messages, motion: found, counter } = run({ places: { 'vm:1': 'n9', 'vm:2': 'n1', 'vm:3': 'n1' } });
  assert.equal(messages, [
    {
      level: 'warning',
      text: "unable to score best balancing migration - leader 'vm:1' is not present in the cluster usage",
    },
  ]);
  assert.is(found, undefined);
  assert.is(counter, 0);
});

test('a motion that is chosen makes the cluster better by its margin, in both methods and modes', () => {
  const places = fc.dictionary(
    fc.nat(9).map((n) => `vm:${n}`),
    fc.constantFrom(...nodes),
    { minKeys: 1 },
  );
  const method = fc.constantFrom('bruteforce', 'topsis');
  fc.assert(
    fc.property(places, method, fc.array(fc.integer({ min: 1, max: 5 })), (where, how, sizes) => {
      const figures = Object.fromEntries(
        Object.keys(where).map((sid, i) => [sid, { maxcpu: sizes[i] ?? 1, maxmem: 10 * (sizes[i + 1] ?? 1) }]),
      );
      const { motion: found, usage } = run({ places: where, figures, method: how });
      if (found === undefined) return;
      assert.is(found.before, usage.imbalance());
      assert.ok(found.before > settings.threshold);
      assert.ok((found.before - found.after) / found.before >= settings.margin);
      const moved = run({ places: { ...where, [found.sid]: found.target }, figures }).usage.imbalance();
      assert.ok(Math.abs(moved - found.after) < 1e-9, `${moved} is not ${found.after}`);
    }),
  );
});

test.run();
