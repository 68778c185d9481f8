import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runProgram, runShellLine } from './run-command.ts';

test('output, exit code and input', async () => {
  assert.equal(await runShellLine('cat; echo e >&2; exit 3', { input: 'in' }), {
    code: 3,
    stdout: 'in',
    stderr: 'e\n',
  });
  assert.equal(await runProgram('echo', ['a b', '$HOME']), { code: 0, stdout: 'a b $HOME\n', stderr: '' });
});

test('standard error can be passed on as it comes', async () => {
  const passed: string[] = [];
  const result = await runShellLine('echo x >&2', { onStderr: (text) => passed.push(text) });
  assert.is(result.stderr, '');
  assert.is(passed.join(''), 'x\n');
});

test('what cannot be started, and what does not end', async () => {
  const missing = await runProgram('/nonexistent/program', []);
  assert.is(missing.code, undefined);
  assert.match(missing.reason!, 'ENOENT');
  const endless = await runProgram('sleep', ['600'], { limit_ms: 50 });
  assert.equal(endless, { code: undefined, stdout: '', stderr: '', reason: 'it did not end within 0.05 s' });
  const withChild = await runShellLine('sleep 5; true', { limit_ms: 50 });
  assert.is(withChild.reason, 'it did not end within 0.05 s');
  const killed = await runShellLine('kill -9 $$');
  assert.is(killed.reason, 'it was ended by a signal');
});

test.run();
