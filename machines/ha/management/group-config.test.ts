import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGroup, listGroups, readGroup, removeGroup, updateGroup } from './group-config.ts';
import { changesOf, refusalOf, resultOf, stateWith } from './test-state.ts';

const groups = 'group: web\n\tcomment for%3A web\n\tnodes n1:2,n2\n\trestricted 1\n\n';
const state = stateWith({ groups, resources: 'vm: 100\n\tgroup web\n\n' });

test('list and read', () => {
  const { digest } = state.groups;
  const web = { group: 'web', type: 'group', nodes: 'n1:2,n2', restricted: 1, comment: 'for: web', digest };
  assert.equal(resultOf(listGroups(state, {})), [web]);
  assert.equal(resultOf(readGroup(state, { group: 'web' })), web);
  assert.equal(refusalOf(readGroup(state, { group: 'db' })), [500, "HA group 'db' does not exist"]);
});

test('create, update, remove', () => {
  const [created] = changesOf(createGroup(state, { group: 'db', type: 'group', nodes: 'n3:1 n2', nofailback: true }));
  const text = `${groups}group: db\n\tnodes n2,n3:1\n\tnofailback 1\n\n`;
  assert.equal(created, { 'ha/groups.cfg': text });
  const both = stateWith({ groups: text, resources: 'vm: 100\n\tgroup web\n\n' });
  assert.equal(changesOf(removeGroup(both, { group: 'db' }))[0], { 'ha/groups.cfg': groups });
  assert.equal(changesOf(updateGroup(state, { group: 'web', nodes: 'n3', delete: 'comment,restricted' }))[0], {
    'ha/groups.cfg': 'group: web\n\tnodes n3\n\n',
  });
});

test('what is refused', () => {
  assert.equal(refusalOf(createGroup(state, { group: 'web', nodes: 'n1' })), [500, "HA group 'web' already defined"]);
  assert.equal(refusalOf(createGroup(state, { group: 'db' })), [
    400,
    'Parameter verification failed.',
    { nodes: 'property is missing and it is not optional' },
  ]);
  assert.equal(refusalOf(createGroup(state, { group: 'db', nodes: 'n1:x' })), [
    400,
    'Parameter verification failed.',
    { nodes: "invalid format - invalid node with priority 'n1:x'" },
  ]);
  assert.equal(refusalOf(updateGroup(state, { group: 'web', delete: 'nodes' })), [
    500,
    "unable to delete required option 'nodes'",
  ]);
  assert.equal(refusalOf(updateGroup(state, { group: 'web', digest: '1' })), [
    500,
    'detected modified configuration - file changed by other user? Try again.',
  ]);
  assert.equal(refusalOf(removeGroup(state, { group: 'web' })), [500, "HA group 'web' is used by resource 'vm:100'"]);
});

test('nothing of it once groups have become rules', () => {
  const migrated = stateWith();
  const sentences = [
    listGroups(migrated, {}),
    readGroup(migrated, { group: 'web' }),
    createGroup(migrated, { group: 'web', nodes: 'n1' }),
    updateGroup(migrated, { group: 'web' }),
    removeGroup(migrated, { group: 'web' }),
  ].map(refusalOf);
  assert.equal(sentences, [
    [500, 'cannot index groups: ha groups have been migrated to rules'],
    [500, 'cannot read group: ha groups have been migrated to rules'],
    [500, 'cannot create group: ha groups have been migrated to rules'],
    [500, 'cannot update group: ha groups have been migrated to rules'],
    [500, 'cannot delete group: ha groups have been migrated to rules'],
  ]);
});

test.run();
