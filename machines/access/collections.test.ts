/** Users, tokens, groups, roles, ACLs and pools: the texts, and what each change leaves behind. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import { readRealmConfig } from '../../runtime/formats/access/realm-config.ts';
import type { UserConfig } from '../../runtime/formats/access/user-config.ts';
import { writeUserConfig } from '../../runtime/formats/access/write-user-config.ts';
import { accountProblem, lookUpUser } from './account-state.ts';
import { listAcl, updateAcl } from './acl.ts';
import { createGroup, deleteGroup, listGroups, readGroup, updateGroup } from './groups.ts';
import { createPoolEntry, deletePool, forgetGuest, forgetStorage, joinPool, listPools, updatePool } from './pools.ts';
import type { Result } from './refusal.ts';
import { createRole, deleteRole, listRoles, readRole, updateRole } from './roles.ts';
import { generateToken, listTokens, removeToken, updateToken, withoutTokensOf } from './tokens.ts';
import { createUser, deleteUser, disableUser, listUsers, readUser, reauthentication, updateUser } from './users.ts';

const { config: start } = readUserConfig(
  [
    'user:a@pve:1:0:First::a@x.de:text:x:',
    'token:a@pve!tok:0:1::',
    'user:b@pve:0:100::::::',
    'user:lead@pve:1:',
    'group:g:a@pve,b@pve:text:',
    'group:h::',
    'role:r:VM.Audit,VM.Console:',
    'pool:p:text:100:s1:',
    'acl:1:/vms:a@pve,@g,a@pve!tok:r:',
    'acl:1:/vms/200:lead@pve:PVEVMAdmin:',
    'acl:0:/storage/s1:lead@pve:PVEDatastoreAdmin:',
    'acl:1:/access/groups/g:lead@pve:PVEUserAdmin:',
    'acl:1:/pool/p:a@pve:r:',
  ].join('\n'),
);

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.refusal.message);
  return result.value;
}

function message(result: Result<unknown>): string {
  if (result.ok) throw new Error('expected a refusal');
  return result.refusal.message;
}

function errors(result: Result<unknown>): unknown {
  if (result.ok) throw new Error('expected a refusal');
  assert.is(result.refusal.status, 400);
  assert.is(result.refusal.message, 'Parameter verification failed.');
  return result.refusal.errors;
}

/** Lines of the file that are new, with `+`, and those that are gone, with `-`. */
function changes(after: UserConfig): readonly string[] {
  const before = writeUserConfig(start).split('\n');
  const lines = writeUserConfig(after).split('\n');
  return [
    ...before.filter((line) => !lines.includes(line)).map((line) => `-${line}`),
    ...lines.filter((line) => !before.includes(line)).map((line) => `+${line}`),
  ];
}

const sources = {
  realms: readRealmConfig('').config,
  tfa: { users: new Map([['a@pve', { 'totp-locked': true, 'tfa-locked-until': 7 }]]), others: {} },
};

test('accounts: missing, disabled, expired; tokens too', () => {
  const problem = (id: string, now_s = 50) => accountProblem(start, id, now_s)?.message;
  assert.is(problem('a@pve'), undefined);
  assert.is(problem('gone@pve'), "no such user ('gone@pve')");
  assert.is(problem('b@pve'), "user 'b@pve' is disabled");
  assert.is(problem('bad'), "value 'bad' does not look like a valid user name");
  assert.is(problem('a@pve!gone'), "no such token 'gone' for user 'a@pve'");
  assert.is(problem('b@pve!tok'), "user 'b@pve' is disabled");
  const { config } = readUserConfig('user:c@pve:1:100:\ntoken:c@pve!tok:60:0::');
  assert.is(accountProblem(config, 'c@pve', 100), undefined);
  assert.is(accountProblem(config, 'c@pve', 101)!.message, "user 'c@pve' access expired");
  assert.is(accountProblem(config, 'c@pve!tok', 61)!.message, "token 'c@pve!tok' access expired");
});

test('looking up a user where case does not count', () => {
  const { config } = readUserConfig('user:Max@ad:1:\nuser:max@ad:1:\nuser:Eva@ad:1:');
  assert.is(lookUpUser(config, 'eva@ad', false), 'Eva@ad');
  assert.is(lookUpUser(config, 'eva@ad', true), 'eva@ad');
  assert.is(lookUpUser(config, 'MAX@ad', false), undefined, 'ambiguous');
  assert.is(lookUpUser(config, 'max@ad', false), 'max@ad');
});

test('users are created enabled, in their groups, and only once', () => {
  const created = value(createUser(start, { userid: 'n@pve', groups: 'g h', comment: 'x:y', email: '' }));
  assert.equal(changes(created), [
    '-group:g:a@pve,b@pve:text:',
    '-group:h:::',
    '+user:n@pve:1:0::::x%3Ay::',
    '+group:g:a@pve,b@pve,n@pve:text:',
    '+group:h:n@pve::',
  ]);
  assert.is(message(createUser(start, { userid: 'a@pve' })), "create user failed: user 'a@pve' already exists");
  assert.is(message(createUser(start, { userid: 'A@pve' }, false)), "create user failed: user 'a@pve' already exists");
  assert.is(
    message(createUser(start, { userid: 'n@pve', groups: 'none' })),
    "create user failed: no such group 'none'",
  );
  assert.is(value(createUser(start, { userid: 'n@pve', enable: '0', expire: '5' })).users.get('n@pve')!.expire, 5);
});

test('updating a user: groups are replaced or appended, empty text goes', () => {
  const replaced = value(updateUser(start, { userid: 'a@pve', groups: 'h', firstname: '', enable: 0 }));
  assert.equal(changes(replaced), [
    '-user:a@pve:1:0:First::a@x.de:text:x:',
    '-group:g:a@pve,b@pve:text:',
    '-group:h:::',
    '+user:a@pve:0:0:::a@x.de:text:x:',
    '+group:g:b@pve:text:',
    '+group:h:a@pve::',
  ]);
  const appended = value(updateUser(start, { userid: 'a@pve', groups: 'h', append: 1 }));
  assert.equal([...appended.users.get('a@pve')!.groups].sort(), ['g', 'h']);
  assert.equal(changes(value(updateUser(start, { userid: 'a@pve', groups: '' }))), [
    '-group:g:a@pve,b@pve:text:',
    '+group:g:b@pve:text:',
  ]);
  assert.is(message(updateUser(start, { userid: 'gone@pve' })), "no such user ('gone@pve')");
  assert.is(message(updateUser(start, { userid: 'a@pve', groups: 'none' })), "no such group 'none'");
});

test('a deleted user leaves nothing behind', () => {
  assert.is(value(disableUser(start, 'a@pve')).users.get('a@pve')!.enable, 0);
  const deleted = value(deleteUser(start, 'a@pve'));
  assert.not.match(writeUserConfig(deleted), 'a@pve');
  assert.is(message(deleteUser(start, 'gone@pve')), "no such user ('gone@pve')");
  assert.equal(
    [
      ...withoutTokensOf(
        new Map([
          ['a@pve!tok', 's'],
          ['aa@pve!tok', 't'],
        ]),
        'a@pve',
      ),
    ],
    [['aa@pve!tok', 't']],
  );
});

test('listing users: who sees whom, and what is told', () => {
  const seen = (caller: string, query = {}) => listUsers(start, caller, query, sources).map(({ userid }) => userid);
  assert.equal(seen('root@pam'), ['a@pve', 'b@pve', 'lead@pve', 'root@pam']);
  assert.equal(seen('lead@pve'), ['a@pve', 'b@pve', 'lead@pve']);
  assert.equal(seen('b@pve'), ['b@pve']);
  assert.equal(seen('root@pam', { enabled: '0' }), ['b@pve']);
  assert.equal(listUsers(start, 'a@pve', { full: 1 }, sources), [
    {
      userid: 'a@pve',
      enable: 1,
      expire: 0,
      firstname: 'First',
      email: 'a@x.de',
      comment: 'text',
      keys: 'x',
      'realm-type': 'pve',
      'totp-locked': 1,
      'tfa-locked-until': 7,
      groups: 'g',
      tokens: [{ tokenid: 'tok', expire: 0, privsep: 1 }],
    },
  ]);
  assert.equal(value(readUser(start, 'a@pve')).tokens, { tok: { expire: 0, privsep: 1 } });
  assert.equal(value(readUser(start, 'a@pve')).groups, ['g']);
});

test('passwords and factors: who must show the own password', () => {
  assert.equal(value(reauthentication('root@pam', 'a@pve', undefined)), { kind: 'not-needed' });
  const verify = { kind: 'verify', userid: 'lead@pve', password: 'secret' };
  assert.equal(value(reauthentication('lead@pve', 'a@pve', 'secret')), verify);
  assert.is(message(reauthentication('lead@pve', 'a@pve', undefined)), 'password is required to modify user');
  assert.is(reauthentication('lead@pve', 'root@pam', 'secret').ok, false);
});

test('tokens: the secret is shown once and kept apart', () => {
  const state = { config: start, secrets: new Map([['a@pve!tok', 'old']]) };
  const made = value(generateToken(state, { userid: 'a@pve', tokenid: 'new', comment: 'c' }, 'uuid'));
  assert.equal(made.answer, { info: { privsep: 1, comment: 'c' }, value: 'uuid', 'full-tokenid': 'a@pve!new' });
  assert.equal(
    [...made.secrets],
    [
      ['a@pve!tok', 'old'],
      ['a@pve!new', 'uuid'],
    ],
  );
  assert.equal(changes(made.config), ['+token:a@pve!new:0:1:c:']);
  assert.equal(errors(generateToken(state, { userid: 'a@pve', tokenid: 'tok' }, 'x')), {
    tokenid: 'Token already exists.',
  });
  const updated = value(
    updateToken(made, { userid: 'a@pve', tokenid: 'new', privsep: '0', expire: '9', delete: 'comment' }),
  );
  assert.equal(updated.answer, { expire: 9, privsep: 0 });
  assert.is(updated.secrets.get('a@pve!new'), 'uuid');
  const renewed = value(updateToken(state, { userid: 'a@pve', tokenid: 'tok' }, 'fresh'));
  assert.equal(renewed.answer, { expire: 0, privsep: 1, value: 'fresh', 'full-tokenid': 'a@pve!tok' });
  assert.is(renewed.secrets.get('a@pve!tok'), 'fresh');
  assert.is(message(updateToken(state, { userid: 'a@pve', tokenid: 'no' })), "no such token 'no' for user 'a@pve'");
  const removed = value(removeToken(state, { userid: 'a@pve', tokenid: 'tok' }));
  assert.not.match(writeUserConfig(removed.config), 'a@pve!tok');
  assert.is(removed.secrets.size, 0);
  assert.is(message(listTokens(start, 'gone@pve')), "no such user ('gone@pve')");
});

test('groups', () => {
  assert.equal(listGroups(start, 'lead@pve'), [{ groupid: 'g', comment: 'text', users: 'a@pve,b@pve' }]);
  assert.is(listGroups(start, 'root@pam').length, 2);
  assert.equal(value(readGroup(start, 'g')), { comment: 'text', members: ['a@pve', 'b@pve'] });
  assert.is(message(readGroup(start, 'no')), "group 'no' does not exist");
  assert.equal(changes(value(createGroup(start, { groupid: 'n', comment: 'c' }))), ['+group:n::c:']);
  assert.is(message(createGroup(start, { groupid: 'g' })), "group 'g' already exists");
  assert.equal(changes(value(updateGroup(start, { groupid: 'g', comment: '' }))), [
    '-group:g:a@pve,b@pve:text:',
    '+group:g:a@pve,b@pve::',
  ]);
  const deleted = value(deleteGroup(start, 'g'));
  assert.not.match(writeUserConfig(deleted), /@g|groups\/g|group:g/);
  assert.is(deleted.users.get('a@pve')!.groups.size, 0);
});

test('roles', () => {
  assert.equal(value(readRole(start, 'r')), { 'VM.Audit': 1, 'VM.Console': 1 });
  assert.equal(
    listRoles(start).find(({ roleid }) => roleid === 'r'),
    { roleid: 'r', privs: 'VM.Audit,VM.Console', special: 0 },
  );
  assert.equal(
    listRoles(start).find(({ roleid }) => roleid === 'NoAccess'),
    { roleid: 'NoAccess', privs: '', special: 1 },
  );
  assert.equal(changes(value(createRole(start, { roleid: 'n', privs: 'VM.Audit;Sys.Audit' }))), [
    '+role:n:Sys.Audit,VM.Audit:',
  ]);
  assert.equal(errors(createRole(start, { roleid: 'pVeX' })), {
    roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace",
  });
  assert.is(message(createRole(start, { roleid: 'r' })), "role 'r' already exists");
  assert.is(message(createRole(start, { roleid: 'n', privs: 'VM.Monitor' })), "invalid privilege 'VM.Monitor'");
  assert.equal([...value(updateRole(start, { roleid: 'r', privs: 'Sys.Audit', append: 1 })).roles.get('r')!].sort(), [
    'Sys.Audit',
    'VM.Audit',
    'VM.Console',
  ]);
  assert.equal([...value(updateRole(start, { roleid: 'r', privs: 'Sys.Audit' })).roles.get('r')!], ['Sys.Audit']);
  assert.is(message(updateRole(start, { roleid: 'PVEAdmin' })), "auto-generated role 'PVEAdmin' cannot be modified");
  assert.is(message(deleteRole(start, 'NoAccess')), "auto-generated role 'NoAccess' cannot be deleted");
  assert.is(message(deleteRole(start, 'no')), "role 'no' does not exist");
  assert.not.match(writeUserConfig(value(deleteRole(start, 'r'))), /:r:/);
});

test('ACLs: who sees which', () => {
  const seen = (caller: string) => listAcl(start, caller).map(({ path, ugid }) => `${path} ${ugid}`);
  assert.is(listAcl(start, 'root@pam').length, 7);
  assert.equal(seen('lead@pve'), ['/storage/s1 lead@pve', '/vms/200 lead@pve']);
  assert.equal(seen('a@pve'), []);
  assert.equal(listAcl(start, 'root@pam').at(-1), {
    path: '/vms/200',
    type: 'user',
    ugid: 'lead@pve',
    roleid: 'PVEVMAdmin',
    propagate: 1,
  });
});

test('ACLs: adding, removing, and what is refused', () => {
  const root = (params: Partial<Parameters<typeof updateAcl>[2]>) =>
    updateAcl(start, 'root@pam', { path: '/vms/300', roles: 'r', ...params });
  assert.equal(changes(value(root({ users: 'a@pve', groups: 'g', tokens: 'a@pve!tok' }))), [
    '+acl:1:/vms/300:@g,a@pve,a@pve!tok:r:',
  ]);
  assert.equal(changes(value(root({ users: 'a@pve', propagate: '0' }))), ['+acl:0:/vms/300:a@pve:r:']);
  assert.equal(changes(value(root({ path: '/vms/', users: 'a@pve', delete: 1 }))), [
    '-acl:1:/vms:@g,a@pve,a@pve!tok:r:',
    '+acl:1:/vms:@g,a@pve!tok:r:',
  ]);
  const required = "either 'users', 'groups' or 'tokens' is required.";
  assert.equal(errors(root({})), { users: required, groups: required, tokens: required });
  assert.equal(errors(root({ path: '/users', users: 'a@pve' })), { path: "invalid ACL path '/users'" });
  assert.equal(errors(root({ path: '/a b', users: 'a@pve', delete: 1 })), { path: "invalid ACL path '/a b'" });
  assert.ok(root({ path: '/users', users: 'a@pve', delete: 1 }).ok, 'removal is possible on any path');
  assert.is(message(root({ users: 'gone@pve' })), "no such user ('gone@pve')");
  assert.is(message(root({ groups: 'gone' })), "group 'gone' does not exist");
  assert.is(message(root({ tokens: 'a@pve!gone' })), "no such token 'gone' for user 'a@pve'");
  assert.is(message(root({ roles: 'gone', users: 'a@pve' })), "role 'gone' does not exist");
});

test('ACLs: who may not modify permissions hands on what it holds itself, never NoAccess', () => {
  const lead = (path: string, roles: string, propagate: 0 | 1 = 1) =>
    updateAcl(start, 'lead@pve', { path, roles, users: 'b@pve', propagate });
  assert.ok(lead('/vms/200', 'PVEVMUser').ok);
  const text = (role: string) => ({
    role: `Cannot add role '${role}' - requires 'Permissions.Modify' or superset of privileges.`,
  });
  assert.equal(errors(lead('/vms/200', 'PVEAdmin')), text('PVEAdmin'));
  assert.equal(errors(lead('/vms/200', 'NoAccess')), text('NoAccess'));
  assert.equal(errors(lead('/storage/s1', 'PVEDatastoreUser')), text('PVEDatastoreUser'), 'held here only');
  assert.ok(lead('/storage/s1', 'PVEDatastoreUser', 0).ok);
});

test('pools', () => {
  assert.equal(listPools(start, 'root@pam'), [{ poolid: 'p', comment: 'text' }]);
  assert.equal(listPools(start, 'b@pve'), []);
  const nested = value(createPoolEntry(start, { poolid: 'p/q', comment: 'c' }));
  assert.equal(changes(nested), ['+pool:p/q:c:::']);
  assert.is(message(createPoolEntry(start, { poolid: 'p' })), "pool 'p' already exists");
  assert.is(message(createPoolEntry(start, { poolid: 'no/q' })), "parent 'no' of pool 'no/q' does not exist");
  assert.ok(errors(createPoolEntry(start, { poolid: 'p/1q' })));
  const update = (params: Partial<Parameters<typeof updatePool>[2]>, before = nested) =>
    updatePool(before, 'root@pam', { poolid: 'p/q', ...params });
  assert.is(message(update({ vms: '100' })), "VM 100 belongs already to pool 'p' and 'allow-move' is not set");
  const moved = value(update({ vms: '100,300', storage: 's1', 'allow-move': 1 }));
  assert.equal([moved.vms.get('100'), moved.vms.get('300'), [...moved.pools.get('p')!.vms]], ['p/q', 'p/q', []]);
  assert.is(message(update({ vms: '5555', delete: 1 })), 'VM 5555 is not a pool member');
  const emptied = value(update({ vms: '100,300', storage: 's1', delete: 1 }, moved));
  assert.is(emptied.vms.size, 0);
  assert.is(message(deletePool(start, 'p')), "pool 'p' is not empty (contains VM 100)");
  assert.is(message(deletePool(moved, 'p')), "pool 'p' is not empty (contains storage 's1')");
  assert.is(message(deletePool(start, 'no')), "pool 'no' does not exist");
  const bare = forgetStorage(forgetGuest(start, 100), 's1');
  assert.not.match(writeUserConfig(value(deletePool(bare, 'p'))), /pool[:/]p/);
  assert.is(
    updatePool(start, 'lead@pve', { poolid: 'p', vms: '999' }).ok,
    false,
    'the guest is not the caller’s to give',
  );
  assert.ok(updatePool(start, 'lead@pve', { poolid: 'p', vms: '200' }).ok);
  assert.is(value(joinPool(start, 'p', 400)).vms.get('400'), 'p');
});

test('a guest or storage that is removed leaves neither entries nor membership', () => {
  assert.not.match(writeUserConfig(forgetGuest(start, 200)), '/vms/200');
  assert.is(forgetGuest(start, 100).vms.size, 0);
  assert.not.match(writeUserConfig(forgetStorage(start, 's1')), 's1');
});

test('no change touches what it was made from', () => {
  const before = writeUserConfig(start);
  createUser(start, { userid: 'n@pve', groups: 'g' });
  deleteUser(start, 'a@pve');
  deleteGroup(start, 'g');
  deleteRole(start, 'r');
  updateAcl(start, 'root@pam', { path: '/vms', roles: 'r', users: 'b@pve' });
  updatePool(start, 'root@pam', { poolid: 'p', vms: '100', delete: 1 });
  assert.is(writeUserConfig(start), before);
});

test.run();
