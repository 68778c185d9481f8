import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isKnownAclPath, normalizeAclPath } from './acl-path.ts';
import { isPoolName, isRealmName, splitTokenId, splitUserId, userIdComplaint } from './identity.ts';
import { builtinRoles, privileges } from './privileges.ts';

test('user ids: length first, then form', () => {
  assert.is(userIdComplaint('a@'), "user name 'a@' is too short");
  const long = `${'x'.repeat(61)}@pve`;
  assert.is(userIdComplaint(long), `user name '${long}' is too long (65 > 64)`);
  for (const bad of ['abc', 'a b@pve', 'a:b@pve', 'a/b@pve', 'a@1pve', '@pve', 'a@p', 'a@pve!tok', 'a@pve\n']) {
    assert.is(userIdComplaint(bad), `value '${bad}' does not look like a valid user name`);
  }
  assert.equal(splitUserId('mail@host@corp.de'), { name: 'mail@host', realm: 'corp.de' });
});

test('token ids', () => {
  assert.equal(splitTokenId('a@pve!tok'), { userid: 'a@pve', tokenName: 'tok' });
  for (const bad of ['a@pve', 'a@pve!', 'a@pve!1', 'a@pve!t:x', 'tok', 'a!tok'])
    assert.is(splitTokenId(bad), undefined, bad);
});

test('realms and pools', () => {
  assert.ok(isRealmName('corp.de'));
  assert.not(isRealmName('x'.repeat(33)));
  assert.not(isRealmName('x'));
  assert.ok(isPoolName('a/b/c'));
  for (const bad of ['', 'a/', '/a', 'a//b', 'a/b/c/d', 'a b']) assert.not(isPoolName(bad), bad);
});

test('ACL paths are normalised', () => {
  assert.is(normalizeAclPath('/'), '/');
  assert.is(normalizeAclPath('//vms///100/'), '/vms/100');
  assert.is(normalizeAclPath('vms/100'), '/vms/100');
  for (const bad of ['', '/a b', '/vms/100\n', '/ü', '/a:b']) assert.is(normalizeAclPath(bad), undefined, bad);
});

test('shapes on which entries may be made', () => {
  const known =
    '/ /access /access/groups /access/groups/g /access/realm/pve /nodes /nodes/n1 /vms /vms/100 /storage/local /pool /pool/a/b/c ' +
    '/mapping /mapping/pci /mapping/pci/x /sdn /sdn/zones /sdn/zones/z/v/12 /sdn/fabrics/f /sdn/prefix-lists /sdn/route-maps/r';
  for (const path of known.split(' ')) assert.ok(isKnownAclPath(path), path);
  const unknown =
    '/users /vms/99 /vms/100/x /nodes/n/x /pool/a/b/c/d /sdn/zones/z/v/12345 /sdn/other /access/x /mapping/a/b/c';
  for (const path of unknown.split(' ')) assert.not(isKnownAclPath(path), path);
});

test('there are 47 privileges, and no role gives what only Administrator may', () => {
  assert.is(privileges.size, 47);
  assert.is(builtinRoles.size, 17);
  const rootOnly = [
    'Permissions.Modify',
    'Sys.PowerMgmt',
    'Sys.Modify',
    'Sys.Incoming',
    'Sys.AccessNetwork',
    'Realm.Allocate',
  ];
  for (const [id, role] of builtinRoles) {
    if (id !== 'Administrator') for (const privilege of rootOnly) assert.not(role.has(privilege), `${id} ${privilege}`);
  }
  assert.not(builtinRoles.get('PVEAdmin')!.has('Mapping.Modify'));
});

test.run();
