import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bandwidthLimit, type KnownLimits } from './bandwidth-limit.ts';
import { volumeAccessRefusal } from './volume-access.ts';
import { parseDirectoryVolume } from './volume-name.ts';

function known(granted: readonly string[] = []): KnownLimits {
  const limits = new Map([
    ['s1', new Map([['default', '50']])],
    ['s2', new Map([['move', '20']])],
  ]);
  return {
    ofStorage: (storage) => limits.get(storage),
    ofDatacenter: new Map([['default', '100']]),
    privileges: (_user, path) =>
      new Set(granted.filter((one) => one.startsWith(`${path} `)).map((one) => one.split(' ')[1]!)),
  };
}

const ask = (
  storages: readonly string[],
  override: number | undefined,
  granted?: readonly string[],
  operation = 'move',
) => bandwidthLimit({ user: 'u@pam', operation, storages, override }, known(granted));

test('storages before the datacenter, which counts only where a storage has no limit', () => {
  assert.is(ask(['s1'], undefined), 50);
  assert.is(ask(['s1', 's2'], undefined), 20);
  assert.is(ask(['s1', 's2'], undefined, [], 'clone'), 50);
  assert.is(ask(['s2'], undefined, [], 'clone'), 100);
  assert.is(ask([], undefined), 100);
  assert.is(ask(['s1'], 70), 50);
  assert.is(ask(['s1'], 0), 50);
  assert.is(ask(['s1'], 30), 30);
});

test('privileges lift limits only for who asks for a value', () => {
  const all = ['/storage Datastore.Allocate', '/ Sys.Modify'];
  assert.is(ask(['s1'], 0, all), 0);
  assert.is(ask(['s1'], undefined, all), 50);
  assert.is(ask(['s1', 's2'], 0, ['/storage/s2 Datastore.Allocate']), 50);
  assert.is(ask(['s1'], 0, ['/storage/s1 Datastore.Allocate']), 0);
  assert.is(ask([], 0, ['/ Sys.Modify']), 0);
  assert.is(ask([], 0, ['/storage Datastore.Allocate']), 100);
});

test('without privileges a wish never raises the limit', () => {
  const storages = fc.subarray(['s1', 's2', 's3']);
  fc.assert(
    fc.property(storages, fc.nat({ max: 300 }), (wanted, override) => {
      const limit = ask(wanted, override)!;
      assert.ok(limit <= ask(wanted, undefined)!);
      assert.ok(override === 0 || limit <= override);
    }),
  );
});

test('who may use a volume', () => {
  const refusal = (volid: string, granted: readonly string[], more: { vmid?: string; wantedType?: string } = {}) =>
    volumeAccessRefusal(
      { user: 'u@pam', volid, ...more },
      { parseVolume: (_storage, volname) => parseDirectoryVolume(volname), privileges: known(granted).privileges },
    );
  const disk = 'st:100/vm-100-disk-0.raw';
  assert.is(refusal('/dev/sda', []), 'Only root can pass arbitrary filesystem paths.');
  assert.is(refusal(disk, []), `missing privileges to access ${disk}`);
  assert.is(refusal(disk, [], { vmid: '100' }), undefined);
  assert.is(refusal(disk, [], { vmid: '100', wantedType: 'rootdir' }), undefined);
  assert.is(
    refusal(disk, [], { vmid: '100', wantedType: 'iso' }),
    `unable to use volume ${disk} - content type needs to be 'iso'`,
  );
  assert.is(refusal(disk, ['/storage/st Datastore.Audit', '/vms/100 VM.Config.Disk']), undefined);
  assert.type(refusal(disk, ['/storage/st Datastore.AllocateSpace', '/vms/100 VM.Config.Disk']), 'string');
  assert.is(refusal('st:snippets/x', ['/storage/st Datastore.Allocate']), undefined);
  assert.type(refusal('st:snippets/x', ['/storage/st Datastore.AllocateSpace']), 'string');
  assert.is(refusal('st:iso/x.iso', ['/storage/st Datastore.Audit']), undefined);
  const backup = 'st:backup/vzdump-lxc-100-x.tgz';
  assert.is(refusal(backup, ['/storage/st Datastore.AllocateSpace', '/vms/100 VM.Backup']), undefined);
  assert.type(refusal(backup, ['/storage/st Datastore.AllocateSpace', '/vms/101 VM.Backup']), 'string');
  assert.is(refusal('st:nothing', []), "unable to parse directory volume name 'nothing'");
});

test.run();
