import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utc } from '../../runtime/formats/civil-time.ts';
import { keepRules } from '../../runtime/formats/prune-backups.ts';
import { renderTimestampGmt } from '../../runtime/formats/renderers.ts';
import { type ListedBackup, type MarkedBackup, markBackups } from './retention.ts';

function backup(ctime: number, vmid = 100, isProtected = false): ListedBackup {
  const name = renderTimestampGmt(ctime).replace(/[-:]/g, '_').replace(' ', '-');
  return { volid: `st:backup/vzdump-qemu-${vmid}-${name}.vma`, ctime: 1, vmid: 'from the list', isProtected };
}

const hour = 3600;
const count = fc.integer({ min: 0, max: 4 });
const keep = fc.record(Object.fromEntries(keepRules.map((rule) => [rule, count])));
const backups = fc
  .uniqueArray(fc.integer({ min: 0, max: 3000 }), { maxLength: 40 })
  .map((hours) => hours.map((h) => backup(h * hour)));

function marks(list: readonly ListedBackup[], counts: Record<string, number>): readonly MarkedBackup[] {
  return markBackups(list, new Map(Object.entries(counts)), {}, utc);
}

const kept = (list: readonly MarkedBackup[]) => list.filter(({ mark }) => mark === 'keep');

test('I1 protected backups and such with names of their own', () => {
  const list = [backup(0, 100, true), { volid: 'st:backup/vzdump-mine.vma', ctime: 5 }, backup(hour), backup(2 * hour)];
  const marked = markBackups(list, new Map([['keep-last', 1]]), {}, utc);
  assert.equal(
    marked.map(({ mark, type, vmid, ctime }) => [mark, type, vmid, ctime]),
    [
      ['renamed', 'unknown', undefined, 5],
      ['protected', 'qemu', '100', 0],
      ['remove', 'qemu', '100', hour],
      ['keep', 'qemu', '100', 2 * hour],
    ],
  );
});

test('I2 without a rule, or with keep-all, all is kept', () => {
  fc.assert(
    fc.property(backups, keep, (list, counts) => {
      assert.is(kept(marks(list, {})).length, list.length);
      assert.is(kept(marks(list, { ...counts, 'keep-all': 1 })).length, list.length);
    }),
  );
});

test('I3 no more is kept than the rules have places, and the newest is', () => {
  fc.assert(
    fc.property(backups, keep, (list, counts) => {
      const places = Object.values(counts).reduce((sum, one) => sum + one, 0);
      if (places === 0 || list.length === 0) return;
      const marked = marks(list, counts);
      assert.ok(kept(marked).length <= places);
      const newest = marked.reduce((a, b) => (a.ctime > b.ctime ? a : b));
      assert.is(newest.mark, 'keep');
    }),
  );
});

test('guests and types do not share places; a restriction leaves the others out', () => {
  const list = [backup(0, 100), backup(hour, 100), backup(0, 101), backup(hour, 101)];
  assert.is(kept(marks(list, { 'keep-last': 1 })).length, 2);
  const only = markBackups(list, new Map([['keep-last', 1]]), { vmid: '101', type: 'qemu' }, utc);
  assert.equal(
    only.map(({ vmid, mark }) => [vmid, mark]),
    [
      ['101', 'remove'],
      ['101', 'keep'],
    ],
  );
});

test('a period that an earlier rule covers takes no place of a later one', () => {
  const day = 24 * hour;
  const list = [backup(10 * day), backup(9 * day), backup(8 * day + hour), backup(8 * day), backup(7 * day)];
  const kepts = kept(marks(list, { 'keep-last': 1, 'keep-daily': 2 })).map(({ ctime }) => ctime / day);
  assert.equal(kepts.sort(), [10, 8 + 1 / 24, 9].sort());
});

test.run();
