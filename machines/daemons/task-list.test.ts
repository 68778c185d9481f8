import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readActiveTasks, readArchivedTasks, refreshTasks, writeActiveTasks } from './task-list.ts';

const upid = (n: number) =>
  `UPID:n1:0000${(4096 + n).toString(16).toUpperCase()}:00000001:${(0x60000000 + n).toString(16)}:srvstart:x:root@pam:`;
const end = { endtime: 0x60000100, status: 'OK' };

test('active is written as it is read', () => {
  const text = `${upid(1)} 0\n${upid(2)} 1 60000100 OK\n${upid(3)} 1 60000100 some error: text\n`;
  assert.is(writeActiveTasks(readActiveTasks(text)), text);
  assert.is(readActiveTasks('rubbish\n').length, 0);
});

test('T1: a task comes into the archive when it is first seen to have ended, and only then', () => {
  const first = refreshTasks(
    readActiveTasks(`${upid(1)} 0\n${upid(2)} 0\n`),
    (one) => one === upid(1),
    () => end,
  );
  assert.is(first.archived, `${upid(2)} 60000100 OK\n`);
  assert.equal(readArchivedTasks(first.archived), [{ upid: upid(2), ...end }]);
  assert.equal(first.active, [
    { upid: upid(1), isSaved: false },
    { upid: upid(2), isSaved: true, ...end },
  ]);
  assert.is(
    refreshTasks(
      first.active,
      (one) => one === upid(1),
      () => end,
    ).archived,
    '',
  );
});

test('T2: all running tasks stay, finished ones up to 25 entries, the newest', () => {
  const tasks = Array.from({ length: 40 }, (_, n) => ({ upid: upid(n), isSaved: false }));
  const isRunning = (one: string) => tasks.findIndex((task) => task.upid === one) < 10;
  const { active, archived } = refreshTasks(tasks, isRunning, (one) => ({
    endtime: Number.parseInt(one.split(':')[4]!, 16),
    status: 'OK',
  }));
  assert.is(active.length, 25);
  assert.is(active.filter(({ endtime }) => endtime === undefined).length, 10);
  assert.is(active[10]?.upid, upid(39));
  assert.is(archived.split('\n').length - 1, 30);
  const many = Array.from({ length: 30 }, (_, n) => ({ upid: upid(n), isSaved: false }));
  assert.is(
    refreshTasks(
      many,
      () => true,
      () => end,
    ).active.length,
    30,
  );
});

test.run();
