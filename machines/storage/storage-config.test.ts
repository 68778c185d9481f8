import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSchema, updateSchema } from '../../runtime/formats/section-schema.ts';
import { storageSections, storageTraits } from './storage-config.schema.ts';
import { readStorageConfig, writeStorageConfig } from './storage-config.ts';
import { contentTypes } from './storage-formats.ts';

const place = 'file storage.cfg line';

function warnings(text: string): readonly string[] {
  return readStorageConfig(text).warnings;
}

function values(text: string, id: string): Record<string, unknown> {
  return Object.fromEntries(readStorageConfig(text).ids.get(id)?.values ?? []);
}

function written(config: Parameters<typeof writeStorageConfig>[0]): string {
  const result = writeStorageConfig(config);
  if ('error' in result) throw new Error(result.error);
  return result.text;
}

test('local is there in any case, in its place', () => {
  assert.equal([...readStorageConfig('').ids.keys()], ['local']);
  const moved = readStorageConfig('dir: local\n\tpath /other\n\ndir: b2\n\tpath /b\n');
  assert.equal(moved.warnings, []);
  assert.is(moved.ids.get('local')?.values.get('path'), '/var/lib/vz');
  assert.equal(
    [...moved.order],
    [
      ['local', 1],
      ['b2', 2],
    ],
  );
  const added = readStorageConfig('dir: b2\n\tpath /b\n');
  assert.is(added.order.get('local'), 2);
  const broken = readStorageConfig('dir: local\n\tcontent iso\n');
  assert.equal(broken.warnings, [`${place} 2 (skip section 'local'): missing value for required option 'path'`]);
  assert.is(broken.ids.get('local')?.values.get('prune-backups'), 'keep-all=1');
  assert.is('nodes' in values('dir: local\n\tpath /var/lib/vz\n\tnodes n1\n', 'local'), false);
});

test('content: what the type lacks is dropped, what nobody knows is no value', () => {
  assert.equal(warnings('lvm: v1\n\tvgname pve\n\tcontent iso,images,backup\n'), [
    "storage does not support content type 'iso'",
    "storage does not support content type 'backup'",
  ]);
  assert.equal(warnings('lvm: v1\n\tvgname pve\n\tcontent none\n'), [
    "storage does not support content type 'none'",
    `${place} 3 (skip section 'v1'): storage does not support content type 'none'`,
  ]);
  const bad = 'dir: d1\n\tpath /x\n\tcontent iso,films\n';
  assert.equal(warnings(bad), [
    `${place} 3 (section 'd1') - unable to parse value of 'content': invalid format - invalid content type 'films'`,
  ]);
  assert.equal(values(bad, 'd1').content, new Set(['images', 'rootdir']));
  const empty = 'pbs: p1\n\tserver a\n\tdatastore b\n\tcontent ,\n';
  assert.equal(values(empty, 'p1').content, new Set());
  assert.ok(written(readStorageConfig(empty)).includes('\n\tcontent none\n'));
});

test('a format that the type lacks is dropped', () => {
  const text = 'btrfs: b1\n\tpath /x\n\tformat vmdk\n';
  assert.equal(warnings(text), ["storage does not support format 'vmdk'"]);
  assert.is('format' in values(text, 'b1'), false);
});

test('values of the formats of storages', () => {
  const complaint = (type: string, line: string) =>
    warnings(`${type}: s1\n\t${line}\n`).map((one) =>
      one.replace(/^.*?'s1'\)(?: - unable to parse value of '\S+')?: /, ''),
    )[0];
  const portal = 'invalid format - value does not look like a valid portal address';
  for (const value of ['h', 'h:1', '[fd00::1]:3260', 'fd00::1', '[fd00::1]', '1.2.3.4:80']) {
    assert.not.equal(complaint('iscsi', `portal ${value}`), portal, value);
  }
  for (const value of ['h_', 'h:x', '[h]:1', ':1']) assert.is(complaint('iscsi', `portal ${value}`), portal, value);
  assert.is(complaint('lvm', 'vgname a'), "invalid format - lvm name 'a' contains illegal characters");
  assert.is(complaint('nfs', 'options a b'), "invalid format - invalid options 'a b'");
  assert.is(complaint('lvm', 'base x'), "invalid format - unable to parse volume ID 'x'");
  for (const value of ['films=a', 'iso=/a', 'iso=../a', 'iso=', 'iso']) {
    assert.is(complaint('dir', `content-dirs ${value}`), `invalid format - invalid override '${value}'`);
  }
  assert.is(
    complaint('lvm', 'saferemove-stepsize 3'),
    "value '3' does not have a value in the enumeration '1, 2, 4, 8, 16, 32'",
  );
  assert.is(complaint('pbs', 'bwlimit move=1'), "unexpected property 'bwlimit'");
  assert.is(complaint('rbd', 'authsupported x'), "unexpected property 'authsupported'");
  assert.is(complaint('nfs', 'shared 1'), "unexpected property 'shared'");
});

test('every type has traits, and can be created with what it requires', () => {
  assert.equal([...storageSections.types.keys()].sort(), [...storageTraits.keys()].sort());
  const { properties, required } = requiredOf(createSchema(storageSections));
  assert.equal(required, ['storage', 'type']);
  assert.ok(properties.includes('authsupported'));
  const update = requiredOf(updateSchema(storageSections));
  assert.equal(update.required, ['storage']);
  for (const fixed of ['path', 'export', 'vgname', 'share', 'datastore'])
    assert.not.ok(update.properties.includes(fixed));
  for (const free of ['server', 'pool', 'delete', 'digest']) assert.ok(update.properties.includes(free), free);
});

function requiredOf(schema: object): { readonly properties: readonly string[]; readonly required: readonly string[] } {
  const { properties } = schema as { readonly properties: Record<string, { readonly optional?: unknown }> };
  const required = Object.keys(properties).filter((key) => !properties[key]!.optional);
  return { properties: Object.keys(properties), required: required.sort() };
}

test('what is written is read as the same, in the same order', () => {
  const definition = fc.record({
    id: fc.stringMatching(/^[a-z][a-z0-9]{1,5}$/),
    content: fc.subarray(
      contentTypes.filter((one) => one !== 'none'),
      { minLength: 1 },
    ),
    nodes: fc.uniqueArray(fc.constantFrom('n1', 'n2', 'n3'), { minLength: 1 }),
    isDisabled: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.uniqueArray(definition, { selector: ({ id }) => id, maxLength: 5 }), (definitions) => {
      const text = definitions
        .map(({ id, content, nodes, isDisabled }) =>
          [
            `dir: ${id}`,
            '\tpath /x',
            `\tcontent ${content.join(' ')}`,
            `\tnodes ${nodes.join(';')}`,
            ...(isDisabled ? ['\tdisable'] : []),
            '',
          ].join('\n'),
        )
        .join('\n');
      const first = readStorageConfig(text);
      const second = readStorageConfig(written(first));
      assert.equal([...second.warnings, ...first.warnings], []);
      assert.equal([...second.order.keys()], [...first.order.keys()]);
      const but = (config: typeof first) => [...config.ids].filter(([id]) => id !== 'local');
      assert.equal(new Map(but(second)), new Map(but(first)));
      assert.is(written(second), written(first));
    }),
  );
});

test.run();
