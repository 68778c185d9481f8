import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundledFolder, bundledUrl } from './bundled.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundled-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('only what was bundled from the newest build is taken', () => {
  assert.is(bundledFolder(folder), undefined, 'nothing is built');
  writeFileSync(join(folder, '.tsbuildinfo'), 'record');
  assert.is(bundledFolder(folder), undefined, 'nothing is bundled');
  const bundled = join(folder, 'bundled');
  mkdirSync(bundled);
  writeFileSync(join(bundled, 'build'), createHash('sha256').update('record').digest('hex'));
  assert.is(bundledFolder(folder), bundled);
  writeFileSync(join(folder, '.tsbuildinfo'), 'another');
  assert.is(bundledFolder(folder), undefined, 'built again since');
});

test('a module has the same path there; what was not bundled, or lies elsewhere, stays', () => {
  const bundled = join(folder, 'bundled');
  mkdirSync(join(bundled, 'actors'), { recursive: true });
  writeFileSync(join(bundled, 'actors', 'a.js'), '');
  const url = (...path: readonly string[]) => pathToFileURL(join(...path)).href;
  assert.is(bundledUrl(url(folder, 'actors', 'a.js'), folder, bundled), url(bundled, 'actors', 'a.js'));
  for (const other of [url(folder, 'actors', 'b.js'), url(tmpdir(), 'actors', 'a.js'), '']) {
    assert.is(bundledUrl(other, folder, bundled), other);
  }
});

test.run();
