import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import { skipWithout } from '../../runtime/test-support/shared-corpus.ts';
import {
  bridgeRefusal,
  checkRefusal,
  guestRefusal,
  type MethodPermission,
  methodRefusal,
  type PermissionExpression,
} from './permission-check.ts';
import { permissionOverview } from './permission-overview.ts';

const { config } = readUserConfig(
  [
    'user:adm@pve:1:',
    'user:aud@pve:1:',
    'user:lead@pve:1:',
    'user:plain@pve:1:',
    'user:member@pve:1:',
    'token:lead@pve!tok:0:0::',
    'token:root@pam!all:0:0::',
    'group:team:member@pve,lead@pve:',
    'group:other:plain@pve:',
    'acl:1:/:adm@pve:Administrator:',
    'acl:1:/:aud@pve:PVEAuditor:',
    'acl:1:/access/groups/team:lead@pve:PVEUserAdmin:',
    'acl:1:/access/realm/pve:lead@pve:PVEUserAdmin:',
    'acl:1:/vms:lead@pve:PVEVMAdmin:',
    'acl:1:/sdn/zones/z/br/12:lead@pve:PVESDNUser:',
  ].join('\n'),
);

const ask = (check: PermissionExpression, caller: string, params: Record<string, unknown> = {}) =>
  checkRefusal(check, { config, caller, params })?.message;
const bare = 'Permission check failed';

test('I1, I2: who passes without an expression', () => {
  const refusal = (permission: MethodPermission | undefined, caller: string | undefined) =>
    methodRefusal(permission, caller, { config, params: {} })?.message;
  assert.is(refusal(undefined, 'root@pam'), undefined);
  assert.is(refusal(undefined, 'adm@pve'), `${bare} (user != root@pam)`);
  assert.is(refusal(undefined, 'root@pam!all'), `${bare} (user != root@pam)`, 'a token is not root');
  assert.is(refusal({ user: 'all' }, 'plain@pve'), undefined);
  assert.is(refusal({ user: 'all' }, undefined), `${bare} (user != null)`);
  assert.is(refusal({ user: 'world' }, undefined), undefined);
  assert.is(refusal({ user: 'world' }, 'plain@pve'), undefined);
  assert.is(refusal({ user: 'all', check: ['perm', '/', ['Sys.Audit']] }, 'plain@pve'), undefined, 'all wins');
  assert.is(methodRefusal(undefined, 'adm@pve', { config, params: {} })!.status, 403);
});

test('I3: perm names the first missing privilege, or all of an any-of', () => {
  assert.is(
    ask(['perm', '/vms/{vmid}', ['VM.Audit', 'VM.Console', 'VM.Clone']], 'aud@pve', { vmid: 100 }),
    `${bare} (/vms/100, VM.Console)`,
  );
  assert.is(
    ask(['perm', '/vms/{vmid}', ['VM.Console', 'VM.Clone'], 'any', 1], 'aud@pve', { vmid: '100' }),
    `${bare} (/vms/100, VM.Console|VM.Clone)`,
  );
  assert.is(ask(['perm', '/vms/{vmid}', ['VM.Console', 'VM.Audit'], 'any', 1], 'aud@pve', { vmid: 100 }), undefined);
});

test('a parameter that is missing or false leaves a dash', () => {
  for (const vmid of [undefined, '', 0, '0', false]) {
    assert.is(ask(['perm', '/vms/{vmid}', ['VM.Audit']], 'plain@pve', { vmid }), `${bare} (/vms/-, VM.Audit)`);
  }
});

test('a parameter that makes no path gives no privilege', () => {
  assert.is(
    ask(['perm', '/storage/{storage}', ['Datastore.Audit']], 'aud@pve', { storage: 'a b' }),
    `${bare} (/storage/a b, Datastore.Audit)`,
  );
});

test('require_param fails without the parameter', () => {
  const check: PermissionExpression = ['perm', '/pool/{pool}', ['VM.Allocate'], 'require_param', 'pool'];
  assert.is(ask(check, 'adm@pve'), bare);
  assert.is(ask(check, 'adm@pve', { pool: 'p' }), undefined);
});

test('I3: and names its failure, or names nothing', () => {
  const audit: PermissionExpression = ['perm', '/', ['Sys.Audit']];
  const modify: PermissionExpression = ['perm', '/', ['Sys.Modify']];
  assert.is(ask(['and', audit, modify], 'aud@pve'), `${bare} (/, Sys.Modify)`);
  assert.is(ask(['or', modify, audit], 'aud@pve'), undefined);
  assert.is(ask(['or', modify, modify], 'aud@pve'), bare);
  assert.is(ask(['or', ['and', audit, modify], ['and', audit, audit]], 'aud@pve'), undefined);
});

test('userid-param', () => {
  assert.is(ask(['userid-param', 'self'], 'plain@pve', { userid: 'plain@pve' }), undefined);
  assert.is(ask(['userid-param', 'self'], 'plain@pve', { userid: 'adm@pve' }), bare);
  assert.is(ask(['userid-param', 'self'], 'plain@pve', {}), bare);
  assert.is(ask(['userid-param', 'self'], 'lead@pve!tok', { userid: 'lead@pve' }), bare, 'a token is not its owner');
  assert.is(ask(['userid-param', 'Realm.AllocateUser'], 'lead@pve', { userid: 'new@pve' }), undefined);
  assert.is(
    ask(['userid-param', 'Realm.AllocateUser'], 'lead@pve', { userid: 'new@pam' }),
    `${bare} (/access/realm/pam, Realm.AllocateUser)`,
  );
});

test('userid-group: by all groups, or by a group of the user', () => {
  const check: PermissionExpression = ['userid-group', ['User.Modify', 'Sys.Audit']];
  assert.is(ask(check, 'aud@pve', { userid: 'plain@pve' }), undefined);
  assert.is(ask(check, 'lead@pve', { userid: 'member@pve' }), undefined);
  assert.is(ask(check, 'lead@pve', { userid: 'plain@pve' }), bare);
  assert.is(ask(check, 'lead@pve', { userid: 'gone@pve' }), bare);
  assert.is(ask(check, 'plain@pve', { userid: 'plain@pve' }), bare);
});

test('userid-group with groups: each must be the caller’s', () => {
  const create: PermissionExpression = ['userid-group', ['User.Modify'], 'groups_param', 'create'];
  assert.is(ask(create, 'adm@pve', { userid: 'new@pve' }), undefined);
  assert.is(ask(create, 'lead@pve', { userid: 'new@pve', groups: 'team' }), undefined);
  assert.is(
    ask(create, 'lead@pve', { userid: 'new@pve', groups: 'team,other' }),
    `${bare} (/access/groups/other, User.Modify)`,
  );
  assert.is(
    ask(create, 'lead@pve', { userid: 'new@pve', groups: 'nogroup' }),
    `${bare} (/access/groups/nogroup, User.Modify)`,
  );
  assert.is(ask(create, 'lead@pve', { userid: 'new@pve' }), `${bare} (/access/groups, User.Modify)`);
  const update: PermissionExpression = ['userid-group', ['User.Modify'], 'groups_param', 'update'];
  assert.is(ask(update, 'lead@pve', { userid: 'member@pve', groups: ['team'] }), undefined);
  assert.is(ask(update, 'lead@pve', { userid: 'plain@pve', groups: 'team' }), bare);
});

test('perm-modify: also by what allocates there', () => {
  const check: PermissionExpression = ['perm-modify', '{path}'];
  assert.is(ask(check, 'lead@pve', { path: '/vms/100' }), undefined);
  assert.is(ask(check, 'lead@pve', { path: 'vms//100/' }), undefined);
  assert.is(ask(check, 'lead@pve', { path: '/vms' }), `${bare} (/vms, Permissions.Modify)`);
  assert.is(
    ask(check, 'lead@pve', { path: '/storage/s' }),
    `${bare} (/storage/s, Permissions.Modify|Datastore.Allocate)`,
  );
  assert.is(ask(check, 'lead@pve', { path: '/a b' }), bare);
});

test('helpers of methods: guests and bridges', () => {
  const lead = { config, caller: 'lead@pve' };
  assert.is(guestRefusal(lead, { vmid: 100 }, ['VM.Allocate']), undefined);
  assert.is(guestRefusal(lead, { vmid: 100, pool: 'p' }, ['VM.Allocate'])!.message, `${bare} (/pool/p, VM.Allocate)`);
  assert.is(bridgeRefusal(lead, { zone: 'z', bridge: 'br' }, ['SDN.Use']), undefined, 'a VLAN of it is enough');
  assert.is(
    bridgeRefusal(lead, { zone: 'z', bridge: 'b2' }, ['SDN.Use', 'SDN.Audit'])!.message,
    `${bare} (/sdn/zones/z/b2, SDN.Use|SDN.Audit)`,
  );
});

test('an expression that is none is a mistake of the program', () => {
  assert.throws(() => ask(['nonsense'], 'plain@pve'), /unknown permission test/);
});

test('the overview of one path, and of nobody', () => {
  const one = permissionOverview(config, 'aud@pve', { path: '/vms/100' });
  assert.ok(one.ok && one.value.get('/vms/100')!.has('VM.Audit'));
  const nobody = permissionOverview(config, 'aud@pve', { userid: 'gone@pve' });
  assert.equal(nobody, { ok: false, refusal: { status: 500, message: "no such user ('gone@pve')" } });
  const refused = permissionOverview(config, 'plain@pve', { userid: 'aud@pve' });
  assert.is(!refused.ok && refused.refusal.message, `${bare} (/access, Sys.Audit)`);
});

test(
  'every expression of the inventory can be evaluated, passes for an administrator and fails for a powerless user',
  skipWithout(['..', 'spec', 'api-inventory.json'], 'expressions of the inventory', (path) => {
    const records = JSON.parse(readFileSync(path, 'utf8')) as readonly {
      readonly path: string;
      readonly permissions?: MethodPermission;
      readonly params: readonly { readonly name: string }[];
    }[];
    let evaluated = 0;
    for (const { path, permissions, params } of records) {
      const given = Object.fromEntries(params.map(({ name }) => [name, 'x1']));
      Object.assign(given, { vmid: 100, userid: 'member@pve', path: '/vms/100', groups: 'team', pool: 'p' });
      const refusal = (caller: string | undefined) => methodRefusal(permissions, caller, { config, params: given });
      assert.is(refusal('root@pam'), undefined, path);
      if (permissions?.user !== undefined) continue;
      assert.is(refusal('plain@pve')?.status, 403, path);
      assert.is(refusal(undefined)?.message, `${bare} (user != null)`, path);
      if (permissions?.check === undefined) continue;
      assert.is(refusal('adm@pve'), undefined, path);
      evaluated++;
    }
    assert.ok(evaluated > 300);
  }),
);

test.run();
