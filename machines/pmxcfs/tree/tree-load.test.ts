import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Memdb } from './memdb.ts';
import type { TreeRow } from './tree-load.ts';

const VERSION_ROW = row({ inode: 0, version: 9, name: '__version__', type: 8 });

function row(fields: Partial<TreeRow>): TreeRow {
  return { inode: 2, parent: 0, version: 2, writer: 1, mtime: 7, type: 8, name: 'x', data: null, ...fields };
}

function failureOf(...rows: readonly Partial<TreeRow>[]): string {
  const tree = new Memdb({ mode: 'solo' });
  const opened = tree.open([VERSION_ROW, ...rows.map(row)], { wall_s: 0, monotonic_s: 0 });
  if (!('failure' in opened)) return '';
  assert.equal(opened.logs, [
    { domain: 'database', level: 'crit', message: opened.failure },
    { domain: 'database', level: 'crit', message: 'DB load failed' },
  ]);
  return opened.failure;
}

/** The rows of the table of §3.5. */
const refusals: readonly [message: string, ...rows: Partial<TreeRow>[]][] = [
  ['inode has no name (inode = 000000000000000B)', { inode: 11, name: '' }],
  ['directory inode contains data (inode = 0000000000000002)', { type: 4, data: Buffer.from('x') }],
  ['inode has unknown type (inode = 0000000000000002, type = 10)', { type: 10 }],
  [
    "parent is not a directory (inode = 0000000000000003, parent = 0000000000000002, name = 'y')",
    { inode: 3, parent: 2, name: 'y' },
    { inode: 2 },
  ],
  [
    "found strange placeholder for (inode = 0000000000000002, parent = 0000000000000000, name = 'y', type = '4')",
    { type: 4 },
    { type: 4, name: 'y' },
  ],
  [
    "found entry with duplicate name 'x' - A:(inode = 0x0000000000000002, parent = 0x0000000000000000, " +
      'v./mtime = 0x1F/0x1700000000) vs. B:(inode = 0x0000000000000003, parent = 0x0000000000000000, v./mtime = 0x2/0x7)',
    { inode: 3 },
    { inode: 2, version: 31, mtime: 1_700_000_000 },
  ],
  ['missing directory inode (inode = 00000000000000FF)', { parent: 255 }],
  [
    'directory inode is its own ancestor (inode = 0000000000000002)',
    { inode: 2, parent: 3, type: 4, name: 'a' },
    { inode: 3, parent: 2, type: 4, name: 'b' },
  ],
];

for (const [message, ...rows] of refusals) {
  test(`a load is refused: ${message}`, () => assert.is(failureOf(...rows), message));
}

test('a load is refused when the root has another name (§3.3)', () => {
  const tree = new Memdb({ mode: 'solo' });
  const opened = tree.open([row({ inode: 0, name: 'root' })], { wall_s: 0, monotonic_s: 0 });
  assert.is('failure' in opened && opened.failure, "root inode has unexpected name 'root'");
});

test('children may come before their parents, and the version row may have type 4 or 8', () => {
  for (const type of [4, 8]) {
    const tree = new Memdb({ mode: 'solo' });
    const rows = [
      row({ inode: 4, parent: 3, name: 'file', data: Buffer.from('abc') }),
      row({ inode: 3, parent: 2, type: 4, name: 'inner' }),
      row({ inode: 2, type: 4, name: 'outer' }),
      { ...VERSION_ROW, type },
    ];
    assert.equal(tree.open(rows, { wall_s: 0, monotonic_s: 0 }), { changes: [] });
    assert.is(tree.lookup('outer/inner/file')?.size, 3);
    assert.equal([tree.root.type, tree.root.version, tree.root.mtime], [4, 9, 7]);
    assert.equal(
      [...tree.entries()].map((entry) => entry.inode),
      [0, 2, 3, 4],
    );
  }
});

test('I6: what loads has reachable entries with unique names only', () => {
  assert.is(failureOf({ inode: 2, type: 4 }, { inode: 3, parent: 2 }, { inode: 4, name: 'y' }), '');
});

test.run();
