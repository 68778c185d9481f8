import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lineDifference, runExpectedFiles } from './expected-files.ts';

test('the first line that differs, and which text ends early', () => {
  assert.is(lineDifference('a\nb\n', 'a\nb\n'), undefined);
  assert.is(lineDifference('a\nx\n', 'a\nb\n'), 'line 2: expected "b", got "x"');
  assert.is(lineDifference('a', 'a\nb'), 'line 2: expected "b", got the end');
});

test('each .cfg is judged by its .expect; one without is a failed case', () => {
  const directory = mkdtempSync(join(tmpdir(), 'expected-files-'));
  try {
    writeFileSync(join(directory, 'b.cfg'), '\xe4', 'latin1');
    writeFileSync(join(directory, 'b.cfg.expect'), 'b.cfg \xe4', 'latin1');
    writeFileSync(join(directory, 'a.cfg'), '');
    const cases = runExpectedFiles(directory, (text, name) => `${name} ${text}`);
    assert.equal(cases, [
      { name: 'a.cfg', outcome: 'failed', detail: 'a.cfg.expect is missing' },
      { name: 'b.cfg', outcome: 'passed' },
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
