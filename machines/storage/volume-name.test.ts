import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedZone, utc } from '../../runtime/formats/civil-time.ts';
import { archiveInfo } from './archive-name.ts';
import { parseBlockVolume } from './block-volume-name.ts';
import { contentDirectory, volumePath } from './content-directory.ts';
import { cloneVolumeName, volumesOfPath } from './path-to-volume.ts';
import { parseDirectoryVolume, parseVolumeId } from './volume-name.ts';

function parsed(volname: string): unknown {
  const result = parseDirectoryVolume(volname);
  return 'error' in result ? result.error : result.volume;
}

test('volume ids', () => {
  assert.equal(parseVolumeId('Ab-1:x:y'), { storage: 'Ab-1', volname: 'x:y' });
  for (const wrong of ['a:x', 'ab:', '/ab:x', 'ab', '1b:x', 'ab-:x']) {
    assert.equal(parseVolumeId(wrong), { error: `unable to parse volume ID '${wrong}'` });
  }
});

test('images', () => {
  assert.equal(parsed('1/any-name.vmdk'), { vtype: 'images', name: 'any-name.vmdk', vmid: '1', format: 'vmdk' });
  assert.equal(parsed('9/base-9-disk-0.raw/10/vm-10-disk-0.qcow2'), {
    vtype: 'images',
    name: 'vm-10-disk-0.qcow2',
    vmid: '10',
    basename: 'base-9-disk-0.raw',
    basevmid: '9',
    format: 'qcow2',
  });
  assert.is(parsed('1/snap-s1-vm-1-disk-0.qcow2'), "'snap-s1-vm-1-disk-0.qcow2' is a snapshot filename, not a volume!");
  assert.is(parsed('1/vm-1-disk-0.iso'), "unable to parse volume filename 'vm-1-disk-0.iso'");
  assert.is(parsed('1/a.raw/2/b.x'), "unable to parse volume filename 'b.x'");
  assert.is(parsed('1/a/b.raw'), "unable to parse volume filename 'a/b.raw'");
  assert.is(parsed('1/a b.raw'), "unable to parse directory volume name '1/a b.raw'");
});

test('files', () => {
  assert.equal(parsed('iso/A B.ISO'), { vtype: 'iso', name: 'A B.ISO', format: 'raw' });
  assert.equal(parsed('vztmpl/x.TAR.ZST'), { vtype: 'vztmpl', name: 'x.TAR.ZST', format: 'raw' });
  assert.equal(parsed('backup/vzdump-lxc-7-x.tgz'), {
    vtype: 'backup',
    name: 'vzdump-lxc-7-x.tgz',
    vmid: '7',
    format: 'raw',
  });
  assert.equal(parsed('backup/mine.vma'), { vtype: 'backup', name: 'mine.vma', format: 'raw' });
  assert.equal(parsed('snippets/a b'), { vtype: 'snippets', name: 'a b', format: 'raw' });
  assert.equal(parsed('import/a b.ova/c d.raw'), { vtype: 'import', name: 'a b.ova/c d.raw', format: 'ova+raw' });
  for (const wrong of [
    'iso/a/b.iso',
    'iso/.iso',
    'backup/x.TGZ',
    'snippets/',
    'import/a.ova/b.ovf',
    'import/ä.ova',
    'rootdir/1',
  ]) {
    assert.is(parsed(wrong), `unable to parse directory volume name '${wrong}'`);
  }
});

test('volumes that are no files', () => {
  const block = (type: string, volname: string) => {
    const result = parseBlockVolume(type, volname, 'raw');
    return 'error' in result ? result.error : result.volume;
  };
  assert.equal(block('rbd', 'base-9-disk-0/vm-10-disk-0'), {
    vtype: 'images',
    name: 'vm-10-disk-0',
    vmid: '10',
    basename: 'base-9-disk-0',
    basevmid: '9',
    format: 'raw',
  });
  assert.equal(block('zfspool', 'subvol-5-disk-1'), {
    vtype: 'images',
    name: 'subvol-5-disk-1',
    vmid: '5',
    format: 'subvol',
  });
  assert.equal(block('lvm', 'vm-5-disk-1.qcow2'), {
    vtype: 'images',
    name: 'vm-5-disk-1.qcow2',
    vmid: '5',
    format: 'qcow2',
  });
  assert.equal(block('pbs', 'backup/vm/7/2020-01-02T03:04:05Z'), {
    vtype: 'backup',
    name: 'vm/7/2020-01-02T03:04:05Z',
    vmid: '7',
    format: 'raw',
  });
  assert.is(block('esxi', 'x'), "unable to parse volume name 'x'");
});

test('archive names', () => {
  const info = (archive: string) => archiveInfo(archive, utc);
  const standard = info('x:backup/vzdump-qemu-100-2020_02_29-00_00_01.vma');
  assert.equal('info' in standard && standard.info, {
    filename: 'vzdump-qemu-100-2020_02_29-00_00_01.vma',
    type: 'qemu',
    format: 'vma',
    standard: {
      vmid: '100',
      ctime: 1582934401,
      logfilename: 'vzdump-qemu-100-2020_02_29-00_00_01.log',
      notesfilename: 'vzdump-qemu-100-2020_02_29-00_00_01.vma.notes',
    },
  });
  for (const own of ['99-2020_02_29-00_00_01', '100-2021_02_29-00_00_01', '100-2020_02_29-00_00_01-x', 'a']) {
    const read = info(`vzdump-lxc-${own}.tar.zst`);
    assert.ok('info' in read && read.info.standard === undefined, own);
  }
  for (const wrong of ['vzdump-lxc-.tgz', 'vzdump-lxc-1.TGZ', 'x-vzdump-lxc-1.tgz', 'vzdump-lxc-1.tgz.zst']) {
    assert.equal(info(wrong), { error: `ERROR: couldn't determine archive info from '${wrong}'` });
  }
  const east = archiveInfo('vzdump-lxc-100-2020_01_01-01_00_00.tgz', fixedZone(3600));
  assert.is('info' in east && east.info.standard?.ctime, Date.UTC(2020, 0, 1) / 1000);
});

test('snapshots have a path only where the format keeps them', () => {
  const at = (volname: string, snapshot?: string, hasVolumeChain = false) => {
    const found = volumePath({ path: '/p', hasVolumeChain }, volname, snapshot);
    return 'error' in found ? found.error : found.path;
  };
  assert.is(at('1/a.qcow2', 's'), '/p/images/1/a.qcow2');
  assert.is(at('1/a.qcow2', 's', true), '/p/images/1/snap-s-a.qcow2');
  assert.is(at('1/a.qcow2', 'current', true), '/p/images/1/a.qcow2');
  assert.is(at('1/a.raw', 's', true), "can't snapshot this image format");
  assert.is(at('2/b.qcow2/1/a.qcow2'), '/p/images/1/a.qcow2');
  assert.is(at('import/a.ova/b.raw'), '/p/import/a.ova/b.raw');
  assert.is(at('nothing'), "unable to parse directory volume name 'nothing'");
  assert.equal(contentDirectory({ path: '/p' }, 'constructor'), { error: "unknown vtype 'constructor'" });
});

test('a path is the volume whose path it is', () => {
  const layout = { path: '/p', contentDirs: new Map([['iso', 'images/iso']]) };
  const storages = [{ id: 'st', layout, formats: ['raw', 'qcow2'] }];
  const file = fc.stringMatching(/^[a-zA-Z0-9.+=_-]{1,8}$/);
  const volname = fc.oneof(
    fc.tuple(fc.nat(), file, fc.constantFrom('raw', 'qcow2')).map(([vmid, name, ext]) => `${vmid}/vm-${name}.${ext}`),
    file.map((name) => `iso/x${name}.iso`),
    file.map((name) => `backup/x${name}.vma.zst`),
    file.map((name) => `import/x${name}.ova`),
    file.map((name) => `snippets/x${name}`),
  );
  fc.assert(
    fc.property(volname, (name) => {
      const found = volumePath(layout, name);
      assert.ok('path' in found);
      const [volume] = volumesOfPath(found.path, storages);
      assert.is(volume?.volname, name);
    }),
  );
  assert.equal(volumesOfPath('/p/images/1/a.vmdk', storages), []);
  assert.equal(volumesOfPath('/p/import/a b.ova', storages), []);
  assert.equal(volumesOfPath('/p', storages), []);
  assert.is(cloneVolumeName('2/b.qcow2', '../1/base-1.raw'), '1/base-1.raw/2/b.qcow2');
  assert.is(cloneVolumeName('2/b.qcow2', '/elsewhere/a.raw'), '2/b.qcow2');
});

test.run();
