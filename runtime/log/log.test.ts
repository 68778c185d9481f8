import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../clock/virtual.ts';
import { createConsoleLog } from './console.ts';
import { createFileLog, type FileLogOptions } from './file.ts';
import { type LogEntry, MemoryLog } from './memory.ts';
import { teeLog } from './tee.ts';

const clock = new VirtualClock({ wallOrigin_ms: Date.UTC(2025, 0, 2, 3, 4, 5, 678) });

function inFolder(body: (folder: string) => void): () => void {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'pve-actors-log-'));
    try {
      body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

const fileOptions = (folder: string, format: 'json' | 'text'): FileLogOptions => ({
  path: join(folder, 'node.log'),
  format,
  level: 'info',
  max_bytes: 1_000_000,
  keep: 2,
  clock,
  node: 'n1',
});

test('a console line is bare, or has time and node before it', () => {
  const lines: string[] = [];
  const output = (line: string): void => void lines.push(line);
  createConsoleLog({ level: 'notice', output }).write('dcdb', 'notice', 'starting data syncronisation');
  createConsoleLog({ level: 'notice', output, node: 'n1', stampedBy: clock }).write('TOTEM', 'crit', 'é 日本');
  createConsoleLog({ level: 'notice', output }).write('main', 'info', 'not shown');
  assert.equal(lines, [
    '[dcdb] notice: starting data syncronisation\n',
    '2025-01-02T03:04:05.678Z n1 [TOTEM] crit: é 日本\n',
  ]);
});

test('a line stays one line, and terminals are not commanded by it', () => {
  const lines: string[] = [];
  const log = createConsoleLog({ level: 'debug', output: (line) => void lines.push(line) });
  log.write('main', 'error', 'a\nb\tc\u001b[31md\u009be');
  assert.equal(lines, ['[main] error: a\\nb c\\u001b[31md\\u009be\n']);
});

test(
  'a JSON file has one object per line',
  inFolder((folder) => {
    const log = createFileLog(fileOptions(folder, 'json'));
    log.write('main', 'notice', 'é "quoted"\n');
    log.write('main', 'debug', 'below the level');
    log.write('QUORUM', 'crit', 'lost');
    log.close();
    const lines = readFileSync(join(folder, 'node.log'), 'utf8').trimEnd().split('\n');
    const time = clock.wall_ms();
    assert.equal(
      lines.map((line) => JSON.parse(line)),
      [
        { level: 'notice', time, node: 'n1', domain: 'main', msg: 'é "quoted"\n' },
        { level: 'crit', time, node: 'n1', domain: 'QUORUM', msg: 'lost' },
      ],
    );
  }),
);

test(
  'files rotate within their bound, and nothing is lost between them',
  inFolder((folder) => {
    const log = createFileLog({ ...fileOptions(folder, 'text'), max_bytes: 1000 });
    for (let n = 0; n < 100; n += 1) log.write('main', 'info', `line ${n}`);
    log.close();
    assert.equal(readdirSync(folder).sort(), ['node.log', 'node.log.1', 'node.log.2']);
    const names = ['node.log.2', 'node.log.1', 'node.log'];
    for (const name of names) assert.ok(statSync(join(folder, name)).size <= 1000, name);
    const kept = names.flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
    const expected = Array.from({ length: kept.length }, (_, at) => `line ${100 - kept.length + at}`);
    assert.equal(
      kept.map((line) => line.slice(line.indexOf('line'))),
      expected,
    );
    assert.is(log.lost, 0);
  }),
);

test(
  'a file that was moved away is opened anew, one that cannot be opened counts what it loses',
  inFolder((folder) => {
    const log = createFileLog(fileOptions(folder, 'text'));
    log.write('main', 'info', 'one');
    renameSync(join(folder, 'node.log'), join(folder, 'moved'));
    log.reopen();
    log.write('main', 'info', 'two');
    assert.match(readFileSync(join(folder, 'node.log'), 'utf8'), /two/);
    log.close();
    const nowhere = createFileLog({ ...fileOptions(folder, 'text'), path: join(folder, 'no', 'such', 'folder') });
    nowhere.write('main', 'info', 'lost');
    assert.is(nowhere.lost, 1);
  }),
);

test('memory keeps the last lines, and tells who follows', () => {
  const log = new MemoryLog(clock, 3);
  assert.equal(log.entries(), []);
  const heard: LogEntry[] = [];
  log.write('main', 'info', '1');
  const stop = log.follow((entry) => void heard.push(entry));
  for (const n of [2, 3, 4]) log.write('main', 'info', String(n));
  stop();
  log.write('main', 'info', '5');
  assert.equal(
    log.entries().map(({ sequence, message }) => [sequence, message]),
    [
      [3, '3'],
      [4, '4'],
      [5, '5'],
    ],
  );
  assert.equal(
    log.entries(4).map(({ message }) => message),
    ['5'],
  );
  assert.equal(
    heard.map(({ message }) => message),
    ['2', '3', '4'],
  );
});

test('a tee writes to all', () => {
  const logs = [new MemoryLog(clock, 1), new MemoryLog(clock, 1)];
  teeLog(...logs).write('main', 'info', 'both');
  for (const log of logs) assert.is(log.entries()[0]?.message, 'both');
});

test.run();
