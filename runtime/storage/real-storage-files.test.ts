import { Buffer } from 'node:buffer';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { realStorageFiles } from './real-storage-files.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'storage-files-')));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function qcow2(backing: string, length = backing.length): Buffer {
  const header = Buffer.alloc(104);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4);
  if (backing !== '') header.writeBigUInt64BE(104n, 8);
  header.writeUInt32BE(length, 16);
  return Buffer.concat([header, Buffer.from(backing)]);
}

function made(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const image = (path: string, format: string) => realStorageFiles.image(path, format);

test('an image is what its header says', async () => {
  assert.equal(await image(made('plain.qcow2', qcow2('')), 'qcow2'), {});
  assert.equal(await image(made('clone.qcow2', qcow2('../1/base.raw')), 'qcow2'), { backing: '../1/base.raw' });
  assert.equal(await image(made('sparse.vmdk', 'KDMV'), 'vmdk'), {});
  assert.equal(await image(made('disk.raw', ''), 'raw'), {});
  for (const [content, format] of [
    ['QFI', 'qcow2'],
    ['', 'qcow2'],
    ['nothing', 'vmdk'],
  ] as const) {
    assert.is(await image(made('wrong', content), format), undefined);
  }
  assert.is(await image(made('cut.qcow2', qcow2('abc', 9)), 'qcow2'), undefined);
  assert.is(await image(made('long.qcow2', qcow2('abc', 0xffffffff)), 'qcow2'), undefined);
});

test('a container is a directory, an image is none', async () => {
  const directory = join(folder, 'c.subvol');
  mkdirSync(directory);
  assert.equal(await image(directory, 'subvol'), {});
  assert.is(await image(directory, 'raw'), undefined);
  assert.is(await image(made('d.subvol', ''), 'subvol'), undefined);
  assert.is(await image(join(folder, 'missing'), 'raw'), undefined);
});

test('paths are resolved', async () => {
  const path = made('target', '');
  symlinkSync('target', join(folder, 'link'));
  assert.is(await realStorageFiles.resolve(join(folder, 'link')), path);
  assert.is(await realStorageFiles.resolve(join(folder, 'missing')), undefined);
});

test.run();
