import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Outbox } from '../dialogue.ts';
import type { Out, Reply } from '../port.ts';
import type { ServiceStatus } from '../state-files.ts';
import { Workers } from './workers.ts';

const config = { node: 'n1', state: 'started', failback: true, max_restart: 1, max_relocate: 1 };

function newWorkers(maxWorkers: number) {
  const out = new Outbox();
  const workers = new Workers(maxWorkers, out);
  const executed: string[] = [];
  const lines: string[] = [];
  let waits = 0;
  /** Answers until nothing is asked; `exec` says how a command ends. */
  const settle = (exec: (sid: string) => Reply, onWait: () => void = () => {}) => {
    for (let outs = out.drain(); outs.length > 0; outs = out.drain()) {
      for (const one of outs) if (one.out === 'log') lines.push(`${one.level} ${one.text}`);
      const last = outs.at(-1) as Out;
      if (last.out !== 'ask') continue;
      if (last.ask.op === 'exec') {
        executed.push(last.ask.sid);
        workers.answer(exec(last.ask.sid));
      } else if (last.ask.op === 'wait') {
        waits++;
        onWait();
        workers.answer({ ok: true, value: null });
      } else {
        workers.answer({ ok: true, value: [{ a: config, b: config, c: config }] });
      }
    }
  };
  const services = (...sids: string[]): Record<string, ServiceStatus> =>
    Object.fromEntries(sids.map((sid) => [sid, { state: 'started' as const, node: 'n1', uid: `u-${sid}` }]));
  return { workers, executed, lines, settle, services, waits: () => waits };
}

const ended = (value: number) => (): Reply => ({ ok: true, value });
const runs = (): Reply => ({ ok: true, value: 'started' });

test('W3 a command is executed once per uid, stopped each time', () => {
  const { executed, services, settle, workers } = newWorkers(0);
  const wanted = services('a');
  for (const _ of [1, 2]) {
    workers.queueWanted(wanted, 'n1');
    workers.run(wanted);
    settle(ended(0));
  }
  assert.equal(executed, ['a']);
  assert.equal(workers.results, { 'u-a': { sid: 'a', state: 'started', exit_code: 0 } });
  const stopped = { b: { state: 'stopped' as const, node: 'n1', uid: 'u-b' } };
  for (const _ of [1, 2]) {
    workers.queueWanted(stopped, 'n1');
    workers.run(stopped);
    settle(ended(0));
  }
  assert.equal(executed, ['a', 'b', 'b']);
});

test('what is not of this node, or not to be touched, is not queued', () => {
  const { workers } = newWorkers(0);
  const services: Record<string, ServiceStatus> = {
    a: { state: 'started', node: 'n2', uid: 'u' },
    b: { state: 'freeze', node: 'n1', uid: 'u' },
    c: { state: 'recovery', node: 'n1', uid: 'u' },
    d: { state: 'request_start', node: 'n1', uid: 'u' },
    e: { state: 'started', node: 'n1' },
  };
  workers.queueWanted(services, 'n1');
  assert.is(workers.count, 0);
});

test('W4 W5 a failed start is tried again once, silently, then reported', () => {
  const { executed, lines, services, settle, workers } = newWorkers(0);
  const wanted = services('a');
  const round = () => {
    workers.queueWanted(wanted, 'n1');
    workers.run(wanted);
    settle(ended(1));
  };
  round();
  assert.equal([lines.splice(0), workers.results], [["warning restart policy: retry number 1 for service 'a'"], {}]);
  round();
  assert.equal(lines, ['err unable to start service a on local node after 1 retries']);
  assert.is(workers.results['u-a']?.exit_code, 1);
  round();
  assert.equal(executed, ['a', 'a']);
});

test('W1 a running command is not replaced, a queued one is', () => {
  const { executed, services, settle, workers } = newWorkers(1);
  const wanted = services('a', 'b');
  workers.queueWanted(wanted, 'n1');
  workers.run(wanted);
  settle(runs);
  assert.equal(executed, ['a']);
  workers.queue('a', { uid: 'new', state: 'request_stop', params: {} });
  workers.queue('b', { uid: 'new', state: 'request_stop', params: {} });
  workers.ended('a', 0);
  workers.run({ ...wanted, b: { state: 'request_stop', node: 'n1', uid: 'new' } });
  settle(ended(0));
  assert.equal(workers.results, {
    'u-a': { sid: 'a', state: 'started', exit_code: 0 },
    new: { sid: 'b', state: 'request_stop', exit_code: 0 },
  });
});

test('W2 no more than the slots run at once, and who waited longest goes first', () => {
  const { executed, services, settle, workers } = newWorkers(1);
  const wanted = services('b', 'c');
  workers.queueWanted(wanted, 'n1');
  workers.run(wanted);
  settle(runs);
  workers.queue('a', { uid: 'u-a', state: 'started', params: {} });
  workers.ended('b', 0);
  workers.run(services('a', 'b', 'c'));
  settle(runs);
  assert.equal(executed, ['b', 'c']);
});

test('a round waits up to eight seconds for what runs, and takes what ends meanwhile', () => {
  const long = newWorkers(4);
  long.workers.queueWanted(long.services('a'), 'n1');
  long.workers.run(long.services('a'));
  long.settle(runs);
  assert.equal([long.waits(), long.workers.count], [8, 1]);

  const short = newWorkers(4);
  short.workers.queueWanted(short.services('a'), 'n1');
  short.workers.run(short.services('a'));
  short.settle(runs, () => short.workers.ended('a', 0));
  assert.equal([short.waits(), short.workers.count], [1, 0]);
  assert.is(short.workers.results['u-a']?.exit_code, 0);
});

test('a command that could not be executed, or was killed, ends with -1', () => {
  const { lines, services, settle, workers } = newWorkers(0);
  workers.queueWanted(services('a'), 'n1');
  workers.run(services('a'));
  settle(() => ({ ok: false, error: 'no fork' }));
  assert.is(workers.results['u-a']?.exit_code, -1);
  assert.equal(lines, ['err resource agent a finished - failed to execute']);

  const killed = newWorkers(1);
  killed.workers.queueWanted(killed.services('a'), 'n1');
  killed.workers.run(killed.services('a'));
  killed.settle(runs, () => killed.workers.ended('a', 0, 9));
  assert.is(killed.workers.results['u-a']?.exit_code, -1);
});

test('results that nobody waits for are dropped, and failures on the way down are counted', () => {
  const { services, settle, workers } = newWorkers(0);
  workers.queueWanted(services('a'), 'n1');
  workers.run(services('a'));
  settle(ended(0));
  workers.queueWanted(services('b'), 'n1');
  workers.run(services('b'));
  settle(ended(0));
  assert.equal(Object.keys(workers.results), ['u-b']);
  workers.queue('b', { state: 'request_stop', params: {} });
  workers.run(services('b'));
  settle(ended(1));
  assert.is(workers.shutdownErrors, 1);
});

test.run();
