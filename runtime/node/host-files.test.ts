import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  hasHostEntry,
  isHostDirectory,
  linkTarget,
  reachesHostFile,
  readHostFile,
  replaceByLink,
  replaceHostFile,
} from './host-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'host-files-'));
const at = (name: string) => join(folder, name);

test('a missing file is undefined, anything else that fails is a sentence', () => {
  assert.is(readHostFile(at('none/at/all')), undefined);
  mkdirSync(at('directory'));
  assert.throws(() => readHostFile(at('directory')), /^Error: unable to read '|unable to read '/);
});

test('replacing makes the folders, and sets the mode', () => {
  replaceHostFile(at('new/key'), Buffer.from('1'), 0o400);
  replaceHostFile(at('new/key'), Buffer.from('2'), 0o400);
  assert.is(readFileSync(at('new/key'), 'utf8'), '2');
  assert.is(statSync(at('new/key')).mode & 0o777, 0o400);
});

test('links', () => {
  writeFileSync(at('target'), 'x');
  writeFileSync(at('place'), 'old');
  replaceByLink(at('place'), at('target'));
  assert.is(readFileSync(at('place'), 'utf8'), 'x');
  assert.is(linkTarget(at('place')), at('target'));
  assert.is(linkTarget(at('target')), undefined);
  assert.is(linkTarget(at('none')), undefined);
  symlinkSync(at('nowhere'), at('dangling'));
  assert.ok(hasHostEntry(at('dangling')));
  assert.not.ok(reachesHostFile(at('dangling')));
  assert.ok(reachesHostFile(at('place')));
  assert.not.ok(reachesHostFile(at('directory')));
  assert.ok(isHostDirectory(at('directory')));
  assert.not.ok(isHostDirectory(at('target')));
});

test.after(() => rmSync(folder, { recursive: true }));

test.run();
