import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { groupId } from './owner.ts';

test('the number of a group is found by its whole name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pve-actors-owner-'));
  const file = join(folder, 'group');
  writeFileSync(file, 'root:x:0:\nwww-data-x:x:5:\nwww-data:x:33:a,b\nbroken:x\n');
  assert.is(groupId('www-data', file), 33);
  assert.is(groupId('root', file), 0);
  assert.is(groupId('broken', file), undefined);
  assert.is(groupId('nobody', file), undefined);
  assert.is(groupId('root', join(folder, 'missing')), undefined);
  rmSync(folder, { recursive: true });
});

test.run();
