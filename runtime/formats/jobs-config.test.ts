import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readJobsConfig, writeJobsConfig } from './jobs-config.ts';
import { readReplicationConfig, writeReplicationConfig } from './replication-config.ts';
import type { WritableConfig } from './section-config.ts';

function written(result: ReturnType<typeof writeJobsConfig>): string {
  if ('error' in result) throw new Error(result.error);
  return result.text;
}

const valuesOf = ({ ids }: WritableConfig, id: string) => Object.fromEntries(ids.get(id)?.values ?? []);

test('jobs: enabled is filled in, comments and property strings are decoded, lists collect', () => {
  const text = [
    'vzdump: b1',
    '\tschedule daily',
    '\tcomment 50%25 %C3%A0',
    '\texclude-path /a',
    '\texclude-path /b',
    '\tfleecing 1,storage=local',
    '\tprune-backups keep-last=0',
    '',
    'realm-sync: r1',
    '\trealm example',
    '\tschedule 2:30',
    '\tenabled 0',
    '\tscope both',
    '',
    '',
  ].join('\n');
  const config = readJobsConfig(text);
  assert.equal(config.warnings, []);
  assert.equal(valuesOf(config, 'b1'), {
    schedule: 'daily',
    comment: '50% à',
    'exclude-path': ['/a', '/b'],
    fleecing: new Map([
      ['enabled', '1'],
      ['storage', 'local'],
    ]),
    'prune-backups': new Map([['keep-all', '1']]),
    enabled: 1,
  });
  assert.equal(valuesOf(config, 'r1'), { realm: 'example', schedule: '2:30', enabled: 0, scope: 'both' });
  const rewritten = written(writeJobsConfig(config));
  assert.ok(rewritten.includes('\n\tfleecing 1,storage=local\n\tprune-backups keep-all=1\n'));
  assert.ok(rewritten.includes('\tcomment 50%25 %C3%A0\n'));
  assert.equal([...readJobsConfig(rewritten).ids], [...config.ids]);
});

test('jobs: what a type does not take', () => {
  const { warnings } = readJobsConfig('realm-sync: r1\n\trepeat-missed 1\n\tschedule daily\n\tscope x\n\trealm r1\n');
  assert.equal(warnings, [
    "file jobs.cfg line 2 (section 'r1') - unable to parse value of 'repeat-missed': unexpected property 'repeat-missed'",
    "file jobs.cfg line 4 (section 'r1') - unable to parse value of 'scope': value 'x' does not have a value in the enumeration 'users, groups, both'",
    "file jobs.cfg line 5 (skip section 'r1'): missing value for required option 'scope'",
  ]);
});

test('replication: numbers are normalised, small guests are refused, the first by id keeps a target', () => {
  const text = [
    'local: 0100-01\n\ttarget n2\n\tcomment a%3Ab\n',
    'local: 99-0\n\ttarget n2\n',
    'local: 100-0\n\ttarget n2\n',
    'local: 101-0\n\ttarget n2\n',
  ].join('\n');
  const config = readReplicationConfig(text);
  assert.equal(config.warnings, [
    "file replication.cfg line 5 (skip section '99-0'): invalid replication job id '99-0' (guest IDs < 100 are reserved)",
    "delete job 100-1: replication job for guest '100' to target 'local/n2' already exists",
  ]);
  assert.equal([...config.ids.keys()], ['100-0', '101-0']);
  assert.equal(valuesOf(config, '100-0'), { target: 'n2', guest: 100, jobnum: 0, id: '100-0' });
  assert.is(written(writeReplicationConfig(config)), 'local: 100-0\n\ttarget n2\n\nlocal: 101-0\n\ttarget n2\n\n');
});

test('replication: what is written is read as the same', () => {
  const job = fc.record(
    {
      id: fc.tuple(fc.integer({ min: 100, max: 103 }), fc.integer({ min: 0, max: 3 })),
      target: fc.constantFrom('n1', 'n2', 'n3'),
      rate: fc.double({ min: 1, max: 1e4, noNaN: true }),
      comment: fc.string({ minLength: 1 }),
    },
    { requiredKeys: ['id', 'target'], noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(job, { maxLength: 6 }), (jobs) => {
      const ids = new Map(
        jobs.map(({ id, ...values }) => [id.join('-'), { type: 'local', values: new Map(Object.entries(values)) }]),
      );
      const first = readReplicationConfig(written(writeReplicationConfig({ ids, order: new Map() })));
      const second = readReplicationConfig(written(writeReplicationConfig(first)));
      assert.equal([...second.ids], [...first.ids]);
      assert.ok(
        [...first.ids].every(([id, section]) => section?.values.get('target') === ids.get(id)?.values.get('target')),
      );
    }),
  );
});

test.run();
