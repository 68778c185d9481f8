import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseResources, writeResources } from '../resources.ts';
import { createResource, listResources, readResource, removeResource, updateResource } from './resource-config.ts';
import { changesOf, refusalOf, resultOf, stateWith } from './test-state.ts';

const state = stateWith();
const BAD = 'Parameter verification failed.';

const inError = stateWith({
  managerStatus: JSON.stringify({ service_status: { 'vm:100': { state: 'error', node: 'n1', uid: 'a' } } }),
});

const withGroup = stateWith({
  groups: 'group: web\n\tnodes n1\n\n',
  resources: 'vm: 100\n\tgroup web\n\nvm: 101\n\tgroup gone\n\nvm: 999\n\n',
});

test('the list: sorted by sid, of one type, with what is wrong', () => {
  const { digest } = state.resources;
  assert.equal(resultOf(listResources(state, {})), [
    { sid: 'ct:200', type: 'ct', comment: 'two words', max_restart: 2, digest },
    { sid: 'vm:100', type: 'vm', digest },
    { sid: 'vm:101', type: 'vm', state: 'stopped', digest },
  ]);
  assert.equal(
    resultOf(listResources(state, { type: 'ct' })).map(({ sid }) => sid),
    ['ct:200'],
  );
  assert.equal(refusalOf(listResources(state, { type: 'fa' })), [
    400,
    BAD,
    { type: "value 'fa' does not have a value in the enumeration 'ct, vm'" },
  ]);
  assert.equal(
    resultOf(listResources(withGroup, {})).map(({ sid, errors }) => [sid, errors]),
    [
      ['vm:100', undefined],
      ['vm:101', { group: "HA group 'gone' does not exist" }],
      ['vm:999', { sid: "there is no guest 'vm:999'" }],
    ],
  );
});

test('one resource, also by its number alone', () => {
  assert.is(resultOf(readResource(state, { sid: '200' })).sid, 'ct:200');
  assert.equal(refusalOf(readResource(state, { sid: 'vm:102' })), [500, "no such resource 'vm:102'"]);
  assert.equal(refusalOf(readResource(state, { sid: '555' })), [500, "unable to find a guest with the ID '555'"]);
  assert.equal(refusalOf(readResource(state, { sid: 'fa:1' })), [400, BAD, { sid: "unknown resource type 'fa'" }]);
  assert.equal(refusalOf(readResource(state, { sid: 'vm:x' })), [400, BAD, { sid: "invalid guest id 'x'" }]);
  assert.equal(refusalOf(readResource(state, { sid: '?' })), [
    400,
    BAD,
    { sid: "invalid format - invalid resource id '?'" },
  ]);
});

test('a new one comes last; what is given is written', () => {
  const [files, commands] = changesOf(
    createResource(state, { sid: '102', state: 'disabled', failback: false, max_relocate: 0, comment: 'süß: 1%' }),
  );
  assert.equal(commands, []);
  assert.equal(Object.keys(files), ['ha/resources.cfg']);
  assert.ok(
    files['ha/resources.cfg']!.endsWith(
      'vm: 102\n\tcomment s%C3%BC%C3%9F%3A 1%25\n\tfailback 0\n\tmax_relocate 0\n\tstate disabled\n\n',
    ),
  );
  assert.ok(files['ha/resources.cfg']!.startsWith('vm: 100\n\nvm: 101\n\tstate stopped\n\n'));
});

test('what is refused to be added', () => {
  assert.equal(refusalOf(createResource(state, { sid: 'vm:100' })), [500, "resource ID 'vm:100' already defined"]);
  assert.equal(refusalOf(createResource(state, { sid: 'vm:555' })), [
    500,
    "cannot add resource 'vm:555': there is no such guest",
  ]);
  assert.is(createResource(state, { sid: 'ct:102' }).ok, false, 'it is a virtual machine');
  assert.equal(refusalOf(createResource(state, { sid: '102', type: 'ct' })), [
    400,
    BAD,
    { type: "resource 'vm:102' is not of this type" },
  ]);
  assert.equal(refusalOf(createResource(state, { sid: '102', group: 'web' })), [
    500,
    "invalid parameter 'group': ha groups have been migrated to rules",
  ]);
  assert.equal(refusalOf(createResource(withGroup, { sid: '102', group: 'db' })), [
    500,
    "HA group 'db' does not exist",
  ]);
  assert.ok(createResource(withGroup, { sid: '102', group: 'web' }).ok);
});

test('all complaints about parameters come at once', () => {
  assert.equal(
    refusalOf(
      createResource(state, {
        state: 'on',
        failback: 'yes',
        max_restart: -1,
        max_relocate: 'x',
        group: '1',
        colour: 'red',
      }),
    ),
    [
      400,
      BAD,
      {
        sid: 'property is missing and it is not optional',
        failback: "type check ('boolean') failed - got 'yes'",
        group: "invalid format - invalid configuration ID '1'",
        max_relocate: "type check ('integer') failed - got 'x'",
        max_restart: 'value must have a minimum value of 0',
        state: "value 'on' does not have a value in the enumeration 'started, stopped, enabled, disabled, ignored'",
        colour: 'property is not defined in schema and the schema does not allow additional properties',
      },
    ],
  );
  assert.equal(refusalOf(createResource(state, { sid: '102', comment: 'x'.repeat(4097) })), [
    400,
    BAD,
    { comment: 'value may only be 4096 characters long' },
  ]);
});

test('updates: new values, deleted ones, and the digest', () => {
  const [files] = changesOf(
    updateResource(state, {
      sid: '200',
      state: 'enabled',
      delete: 'comment;max_relocate',
      digest: state.resources.digest,
    }),
  );
  assert.is(
    files['ha/resources.cfg'],
    'vm: 100\n\nvm: 101\n\tstate stopped\n\nct: 200\n\tmax_restart 2\n\tstate enabled\n\n',
  );
  assert.equal(refusalOf(updateResource(state, { sid: '200', digest: 'abc' })), [
    500,
    'detected modified configuration - file changed by other user? Try again.',
  ]);
  assert.equal(refusalOf(updateResource(state, { sid: '200', delete: 'sid' })), [500, "no such option 'sid'"]);
  assert.equal(refusalOf(updateResource(state, { sid: '200', delete: 'constructor' })), [
    500,
    "no such option 'constructor'",
  ]);
  assert.equal(refusalOf(updateResource(state, { sid: '200', delete: 'comment', comment: 'x' })), [
    500,
    "cannot set and delete property 'comment' at the same time!",
  ]);
  assert.equal(refusalOf(updateResource(state, { sid: 'vm:102' })), [500, "no such resource 'vm:102'"]);
});

test('in error state a resource can only be disabled, or removed', () => {
  assert.equal(refusalOf(updateResource(inError, { sid: '100', comment: 'x' })), [
    500,
    "service 'vm:100' in error state, must be disabled and fixed first",
  ]);
  assert.equal(refusalOf(updateResource(inError, { sid: '100', state: 'started' })).length, 2);
  assert.ok(updateResource(inError, { sid: '100', state: 'disabled' }).ok);
  assert.ok(updateResource(inError, { sid: '101', state: 'started' }).ok);
  assert.ok(removeResource(inError, { sid: '100' }).ok);
});

test('removal purges rules, and deletes those that are left empty', () => {
  const rules =
    'node-affinity: alone\n\tnodes n1\n\tresources vm:100\n\n' +
    'resource-affinity: pair\n\taffinity positive\n\tresources ct:200,vm:100\n\n' +
    'node-affinity: other\n\tnodes n2\n\tresources vm:101\n\n';
  const used = stateWith({ rules });
  const [files] = changesOf(removeResource(used, { sid: 'vm:100' }));
  assert.equal(Object.keys(files), ['ha/rules.cfg', 'ha/resources.cfg'], 'rules first');
  assert.is(
    files['ha/rules.cfg'],
    'resource-affinity: pair\n\taffinity positive\n\tresources ct:200\n\nnode-affinity: other\n\tnodes n2\n\tresources vm:101\n\n',
  );
  assert.equal(Object.keys(changesOf(removeResource(used, { sid: 'vm:100', purge: 0 }))[0]), ['ha/resources.cfg']);
  assert.equal(Object.keys(changesOf(removeResource(state, { sid: 'vm:100' }))[0]), ['ha/resources.cfg']);
  assert.equal(refusalOf(removeResource(used, { sid: 'vm:102' })), [
    500,
    "cannot delete service 'vm:102', not HA managed!",
  ]);
});

const options = fc.record(
  {
    state: fc.constantFrom('started', 'stopped', 'enabled', 'disabled', 'ignored'),
    failback: fc.constantFrom(0, 1),
    max_restart: fc.nat(9),
    max_relocate: fc.nat(9),
    comment: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => text.trim() === text),
  },
  { requiredKeys: [] },
);
const files = fc.uniqueArray(fc.tuple(fc.constantFrom('vm:100', 'vm:101', 'ct:200', 'vm:103'), options), {
  selector: ([sid]) => sid,
});

function textOf(list: readonly (readonly [string, object])[]): string {
  const ids = new Map(list.map(([sid, values]) => [sid, { type: sid.slice(0, 2) as 'vm' | 'ct', ...values }]));
  return writeResources({ ids, order: new Map([...ids.keys()].map((sid, i) => [sid, i + 1])) });
}

test('adding and removing gives the text back; what is added is what is read', () => {
  fc.assert(
    fc.property(files, options, (list, added) => {
      const text = textOf(list);
      const [after] = changesOf(createResource(stateWith({ resources: text }), { sid: '102', ...added }));
      const changed = after['ha/resources.cfg']!;
      assert.ok(changed.startsWith(text));
      assert.equal(parseResources(changed).resources.ids.get('vm:102'), { type: 'vm', ...added });
      const [again] = changesOf(removeResource(stateWith({ resources: changed }), { sid: '102' }));
      assert.is(again['ha/resources.cfg'], text);
    }),
  );
});

test('setting and deleting options gives the text back', () => {
  fc.assert(
    fc.property(files, options, (list, set) => {
      const text = textOf([...list, ['vm:102', {}]]);
      const [after] = changesOf(updateResource(stateWith({ resources: text }), { sid: '102', ...set }));
      const [again] = changesOf(
        updateResource(stateWith({ resources: after['ha/resources.cfg']! }), {
          sid: '102',
          delete: Object.keys(set).join(','),
        }),
      );
      assert.is(again['ha/resources.cfg'], text);
    }),
  );
});

test('as the original, an edit drops comments and what it can not read', () => {
  const resources = '# words\nvm: 100\n\tcolour red\n\tstate stopped\n\nlxd: 3\n\tstate started\n\n';
  const [after] = changesOf(createResource(stateWith({ resources }), { sid: '102' }));
  assert.is(after['ha/resources.cfg'], 'vm: 100\n\tstate stopped\n\nvm: 102\n\n');
});

test.run();
