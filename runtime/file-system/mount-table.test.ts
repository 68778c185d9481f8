import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMountInfo } from './mount-table.ts';

test('mountinfo: optional fields, escapes and the type are read', () => {
  const text = [
    '25 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw',
    '40 25 0:44 / /tmp/a\\040b rw,nosuid - fuse /dev/fuse rw,user_id=0',
    'nonsense',
    '',
  ].join('\n');
  assert.equal(parseMountInfo(text), [
    { mountPoint: '/', type: 'ext4', source: '/dev/vda' },
    { mountPoint: '/tmp/a b', type: 'fuse', source: '/dev/fuse' },
  ]);
});

test.run();
