import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { criteriaOf, imbalanceOf, type NodeLoad } from './node-load.ts';
import { twoDecimals } from './two-decimals.ts';

const node = (cpu: number, mem: number, maxcpu = 10, maxmem = 100): NodeLoad => ({ cpu, mem, maxcpu, maxmem });

const loads = fc.array(
  fc.record({
    cpu: fc.integer({ min: 0, max: 64 }),
    mem: fc.integer({ min: 0, max: 2 ** 40 }),
    maxcpu: fc.integer({ min: 1, max: 64 }),
    maxmem: fc.integer({ min: 2 ** 20, max: 2 ** 40 }),
  }),
  { minLength: 1, maxLength: 6 },
);

test('imbalance: none without load or without difference; may exceed 1', () => {
  assert.is(imbalanceOf([]), 0);
  assert.is(imbalanceOf([node(0, 0), node(0, 0)]), 0);
  assert.is(imbalanceOf([node(5, 50), node(5, 50)]), 0);
  assert.is(twoDecimals(imbalanceOf([node(4, 40), node(0, 0), node(0, 0)])), '1.41');
});

test('imbalance is that of shares: the same for a cluster twice as large and twice as loaded', () => {
  fc.assert(
    fc.property(loads, (nodes) => {
      const doubled = nodes.map((one) => node(one.cpu * 2, one.mem * 2, one.maxcpu * 2, one.maxmem * 2));
      assert.is(imbalanceOf(doubled), imbalanceOf(nodes));
      const halfUsed = nodes.map((one) => ({ ...one, cpu: one.cpu / 2, mem: one.mem / 2 }));
      assert.is(imbalanceOf(halfUsed), imbalanceOf(nodes));
      assert.ok(imbalanceOf(nodes) >= 0 && imbalanceOf(nodes) <= Math.sqrt(nodes.length) + 1e-9);
    }),
  );
});

test('criteria: 1 plus the root of the mean square, 1 plus the highest, of CPU and memory', () => {
  assert.equal(criteriaOf([node(3, 30), node(4, 0)]), [
    1 + Math.sqrt((0.09 + 0.4 * 0.4) / 2),
    1.4,
    1 + Math.sqrt(0.09 / 2),
    1.3,
  ]);
});

test('criteria: the average never exceeds the highest', () => {
  fc.assert(
    fc.property(loads, (nodes) => {
      const [averageCpu, highestCpu, averageMem, highestMem] = criteriaOf(nodes);
      assert.ok(averageCpu! <= highestCpu! + 1e-9);
      assert.ok(averageMem! <= highestMem! + 1e-9);
    }),
  );
});

test('two decimals: ties to the even digit, everything else by the exact binary value', () => {
  const written = [0, 0.125, 0.375, 0.625, 0.875, 1.125, 1.005, 0.005, 0.015, 2.5, 0.995, 1e-9].map(twoDecimals);
  assert.equal(written, [
    '0.00',
    '0.12',
    '0.38',
    '0.62',
    '0.88',
    '1.12',
    '1.00',
    '0.01',
    '0.01',
    '2.50',
    '0.99',
    '0.00',
  ]);
  assert.is(twoDecimals(-0.125), '-0.12');
});

test.run();
