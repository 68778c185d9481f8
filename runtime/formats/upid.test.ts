import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeUpid, encodeUpid, taskClass, taskLogName, taskStatus, unreadableTaskStatus } from './upid.ts';

const word = fc.stringMatching(/^[^:\s/]{1,20}$/);
const anyUpid = fc.record({
  node: fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?$/),
  pid: fc.nat({ max: 0xffffffff }),
  pstart: fc.nat({ max: 0xfffffffff }),
  starttime: fc.nat({ max: 0xffffffff }),
  type: word,
  id: fc.oneof(word, fc.constant('')),
  user: word,
});

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(anyUpid, (upid) => {
      assert.equal(decodeUpid(encodeUpid(upid)), { upid: { ...upid } });
    }),
  );
});

const upid = 'UPID:n1:0000C346:165A0CE4:68D7279C:aptupdate::root@pam:';

test('what is no task identifier', () => {
  for (const wrong of [
    upid.slice(0, -1),
    upid.replace('n1', '-n'),
    upid.replace('apt', 'a b'),
    ` ${upid}`,
    `${upid}\n`,
  ]) {
    assert.equal(decodeUpid(wrong), { error: `unable to parse worker upid '${wrong}'` });
  }
});

test('the log lies by the last digit of the start, as it is written', () => {
  assert.is(taskLogName(upid), `C/${upid}`);
  assert.is(taskLogName(upid.replace('68D7279C', '68d7279c')), `c/${upid.replace('68D7279C', '68d7279c')}`);
});

test('the last line tells the end', () => {
  const ends = ['a\nTASK OK\n', 'TASK OK', 'TASK ERROR: no: such\n', 'TASK WARNINGS: 2\n'].map(taskStatus);
  assert.equal(ends, ['OK', 'OK', 'no: such', 'WARNINGS: 2']);
  for (const log of [undefined, '', 'TASK OK\n\n', 'TASK OK \n', 'TASK WARNINGS: x\n', 'TASK ERROR: \n']) {
    assert.is(taskStatus(log), 'unexpected status');
  }
});

test('classes', () => {
  const classes = ['OK', 'WARNINGS: 1', 'WARNINGS: x', 'unexpected status', undefined, unreadableTaskStatus('EIO')];
  assert.equal(classes.map(taskClass), ['ok', 'warning', 'error', 'unknown', 'unknown', 'error']);
});

test.run();
