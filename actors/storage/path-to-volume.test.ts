import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readStorageConfig } from '../../machines/storage/storage-config.ts';
import type { StorageFiles } from '../../runtime/storage/storage-files.ts';
import { volumeOfPath } from './path-to-volume.ts';

const config = readStorageConfig(
  [
    'dir: d2\n\tpath /p\n\tcontent-dirs images=disks\n',
    'btrfs: b1\n\tpath /p\n',
    'lvm: v1\n\tvgname pve\n',
    'dir: broken\n',
  ].join('\n'),
);

/** Images by path, with what they stand on. */
const images = new Map([
  ['/p/disks/1/a.qcow2', ''],
  ['/p/disks/2/c.qcow2', '../1/a.qcow2'],
  ['/p/images/1/a.raw', ''],
]);

const files: StorageFiles = {
  resolve: async (path) => (path === '/missing' ? undefined : path.replace('/link', '/p')),
  image: async (path) => {
    const backing = images.get(path);
    return backing === undefined ? undefined : { ...(backing !== '' && { backing }) };
  },
};

async function volid(path: string): Promise<string | undefined> {
  return (await volumeOfPath(path, config, files))?.volid;
}

test('the first storage by name that has the file', async () => {
  assert.is(await volid('/p/disks/1/a.qcow2'), 'd2:1/a.qcow2');
  assert.is(await volid('/p/images/1/a.raw'), 'b1:1/a.raw');
  assert.is(await volid('/link/template/iso/x.iso'), 'b1:iso/x.iso');
});

test('a linked clone has the long form', async () => {
  assert.is(await volid('/p/disks/2/c.qcow2'), 'd2:1/a.qcow2/2/c.qcow2');
});

test('what is no volume', async () => {
  assert.is(await volid('/p/disks/1/unlisted.qcow2'), undefined);
  assert.is(await volid('/p/images/1/a.vmdk'), undefined);
  assert.is(await volid('/missing'), undefined);
  assert.is(await volid('/elsewhere/template/iso/x.iso'), undefined);
});

test('a volume id is kept where its storage has a path', async () => {
  assert.equal(await volumeOfPath('d2:iso/x.iso', config, files), { vtype: 'iso', volid: 'd2:iso/x.iso' });
  assert.is(await volid('v1:vm-1-disk-0'), undefined);
  assert.is(await volid('gone:iso/x.iso'), undefined);
});

test.run();
