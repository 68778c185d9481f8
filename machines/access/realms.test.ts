import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import { readRealmConfig, writeRealmConfig } from '../../runtime/formats/access/realm-config.ts';
import { writeUserConfig } from '../../runtime/formats/access/write-user-config.ts';
import { userConfigText } from '../../runtime/test-support/user-config-texts.ts';
import { directoryRecords } from './directory-records.ts';
import { syncRealm } from './realm-sync.ts';
import { createRealm, deleteRealm, listRealms, readRealm, updateRealm } from './realms.ts';
import type { Result } from './refusal.ts';
import { type SyncOptions, syncOptions, type Vanishing } from './sync-options.ts';

const { config: start } = readRealmConfig(`ldap: corp
	server1 ldap.corp.de
	base_dn dc=corp
	user_attr uid
	default 1
	tfa type=oath,step=30
	sync-defaults-options scope=users,full=1,enable-new=0

`);

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.refusal.message);
  return result.value;
}

const message = (result: Result<unknown>) => (result.ok ? 'no refusal' : result.refusal.message);
const directory = { realm: 'other', type: 'ad', server1: '192.0.2.1', domain: 'corp.de' };

test('everybody may know name, type, comment, default and kind of factor', () => {
  assert.equal(listRealms(start), [
    { realm: 'corp', type: 'ldap', default: 1, tfa: 'oath' },
    { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication' },
    { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server' },
  ]);
  assert.is(value(readRealm(start, 'corp')).digest, start.digest);
  assert.is(message(readRealm(start, 'no')), "domain 'no' does not exist");
});

test('creating', () => {
  const made = value(
    createRealm(start, { ...directory, default: 1, port: '636', password: 'pw', 'check-connection': 1 }),
  );
  assert.is(made.password, 'pw');
  assert.ok(made.shallCheckConnection);
  assert.is(made.config.realms.get('corp')!.options.get('default'), undefined, 'there is one default');
  const written = writeRealmConfig(made.config);
  assert.match(written, 'ad: other\n\tdomain corp.de\n\tserver1 192.0.2.1\n\tdefault 1\n\tport 636\n\n');
  assert.not.match(written, 'pw');
  assert.is(message(createRealm(start, { ...directory, realm: 'corp' })), "domain 'corp' already exists");
  assert.is(message(createRealm(start, { realm: 'x1', type: 'pve' })), "unable to create builtin type 'pve'");
  assert.is(
    message(createRealm(start, { realm: 'x1', type: 'ad', server1: 'h' })),
    "missing value for required option 'domain'",
  );
  assert.is(message(createRealm(start, { ...directory, 'issuer-url': 'x' })), "unexpected property 'issuer-url'");
});

test('updating', () => {
  const update = (params: Parameters<typeof updateRealm>[2], name = 'corp') => updateRealm(start, name, params);
  const changed = value(update({ comment: 'a:b', delete: 'tfa,default', digest: start.digest }));
  assert.match(
    writeRealmConfig(changed.config),
    'ldap: corp\n\tcomment a%3Ab\n\tbase_dn dc=corp\n\tserver1 ldap.corp.de\n\tuser_attr uid\n\tsync-',
  );
  assert.is(changed.password, undefined);
  assert.is(value(update({ delete: 'password' })).password, null);
  assert.is(
    value(update({ default: 1 }, 'pam'))
      .config.realms.get('corp')!
      .options.has('default'),
    false,
  );
  assert.is(
    message(update({ digest: 'old', comment: 'x' })),
    'detected modified configuration - file changed by other user? Try again.',
  );
  assert.is(message(update({}, 'no')), "domain 'no' does not exist");
  assert.is(message(update({ digest: start.digest })), 'no options specified');
  assert.is(message(update({ delete: 'server1' })), "unable to delete required option 'server1'");
  assert.is(message(update({ delete: 'nonsense' })), "no such option 'nonsense'");
  assert.is(
    message(update({ delete: 'tfa', tfa: 'type=oath' })),
    "cannot set and delete property 'tfa' at the same time!",
  );
  assert.is(message(update({ server1: 'x' }, 'pam')), "unexpected property 'server1'");
  const openid = value(
    createRealm(start, {
      realm: 'oid',
      type: 'openid',
      'issuer-url': 'https://x',
      'client-id': 'c',
      'username-claim': 'upn',
    }),
  );
  assert.is(
    message(updateRealm(openid.config, 'oid', { 'username-claim': 'sub' })),
    "can't change value of fixed parameter 'username-claim'",
  );
  assert.is(
    message(updateRealm(openid.config, 'oid', { delete: 'username-claim' })),
    "unable to delete fixed option 'username-claim'",
  );
});

test('deleting', () => {
  const gone = value(deleteRealm(start, 'corp'));
  assert.equal([...gone.config.realms.keys()].sort(), ['pam', 'pve']);
  assert.is(gone.password, null);
  assert.is(message(deleteRealm(start, 'no')), "authentication domain 'no' does not exist");
  assert.not(deleteRealm(start, 'pam').ok);
});

test('sync options: the call, then the realm, then the default; old words are understood', () => {
  const realm = start.realms.get('corp')!;
  const plain = { type: 'ldap', options: new Map() } as const;
  const asText = ({ scope, removeVanished, enableNew }: SyncOptions) =>
    `${scope} ${[...removeVanished].sort()} ${enableNew}`;
  assert.is(asText(value(syncOptions({}, realm))), 'users entry,properties false');
  assert.is(
    asText(value(syncOptions({ scope: 'both', 'remove-vanished': 'acl', 'enable-new': '1' }, realm))),
    'both acl true',
  );
  assert.is(asText(value(syncOptions({ 'remove-vanished': 'none' }, realm))), 'users  false');
  assert.is(asText(value(syncOptions({ scope: 'groups', purge: 1 }, plain))), 'groups acl true');
  const missing = syncOptions({}, plain);
  assert.equal(!missing.ok && missing.refusal.errors, {
    scope: 'Not passed as parameter and not defined in realm default sync options.',
  });
});

test('records: mapped attributes, bad values, names of groups', () => {
  const realm = {
    type: 'ldap',
    options: new Map([
      ['sync_attributes', 'email=mail,nonsense=x'],
      ['user_attr', 'login'],
    ]),
  } as const;
  const { users, groups, warnings } = directoryRecords('corp', realm, {
    users: [
      {
        dn: 'UID=Max,dc=corp',
        attributes: { Login: ['max'], mail: ['max@corp.de'], firstname: ['Max'], expire: ['soon'] },
      },
      { dn: 'uid=eva,dc=corp', attributes: { login: ['eva'], email: ['e@corp.de'], comment: ['x'.repeat(2049)] } },
      { dn: 'uid=bad,dc=corp', attributes: { login: ['not valid'] } },
      { dn: 'uid=none,dc=corp' },
    ],
    groups: [
      { dn: 'cn=Two\\2C Words,dc=corp', members: [] },
      {
        dn: 'ou=x,dc=corp',
        attributes: { cn: ['team'] },
        members: ['uid=max,DC=corp', 'uid=EVA,dc=corp', 'uid=gone,dc=corp'],
      },
      { dn: 'cn=sales+ou=y,dc=corp', members: [] },
    ],
  });
  assert.equal(
    [...users],
    [
      ['max@corp', { username: 'max', email: 'max@corp.de', firstname: 'Max' }],
      ['eva@corp', { username: 'eva', email: 'e@corp.de' }],
    ],
  );
  assert.equal(
    [...groups].map(([id, members]) => [id, [...members]]),
    [
      ['team-corp', ['max@corp', 'eva@corp']],
      ['sales-corp', []],
    ],
  );
  assert.is(warnings.length, 6);
});

const realm = start.realms.get('corp')!;

test('scope, enable-new, and the log', () => {
  const { config } = readUserConfig(
    'user:root@pam:1:\nuser:old@corp:1:\ngroup:old-corp:old@corp:c:\nacl:1:/:old@corp,@old-corp:PVEAdmin:',
  );
  const answer = {
    users: [{ dn: 'uid=new', attributes: { uid: ['new'] } }],
    groups: [{ dn: 'cn=old', members: ['uid=new'] }],
  };
  const run = (scope: SyncOptions['scope'], ...vanishing: readonly Vanishing[]) =>
    syncRealm(config, 'corp', realm, {
      answer,
      options: { scope, removeVanished: new Set(vanishing), enableNew: false },
    });
  assert.is(
    writeUserConfig(run('groups').config),
    'user:old@corp:1:0::::::\nuser:root@pam:1:0::::::\n\ngroup:old-corp:new@corp:c:\n\n\n\nacl:1:/:@old-corp,old@corp:PVEAdmin:\n',
  );
  assert.is(
    writeUserConfig(run('users', 'entry', 'acl').config),
    'user:new@corp:0:0::::::\nuser:root@pam:1:0::::::\n\ngroup:old-corp::c:\n\n\n\nacl:1:/:@old-corp:PVEAdmin:\n',
  );
  const { log } = run('users', 'entry');
  assert.equal(
    [log[0], log.at(-1)],
    ['starting sync for realm corp', 'successfully updated users and groups configuration'],
  );
  assert.ok(log.includes("remove user 'old@corp'") && log.includes("adding user 'new@corp'"));
  assert.is(run('both').config.users.get('new@corp')!.groups.has('old-corp'), true, 'memberships on both sides');
});

const anyAnswer = fc.record({
  users: fc
    .subarray(['d', 'e', 'f x'])
    .map((names) => names.map((name) => ({ dn: `uid=${name}`, attributes: { uid: [name], comment: ['from there'] } }))),
  groups: fc
    .subarray(['g', 'h'])
    .map((names) => names.map((name) => ({ dn: `cn=${name}`, members: ['UID=d', 'uid=e'] }))),
});
const anyOptions: fc.Arbitrary<SyncOptions> = fc.record({
  scope: fc.constantFrom('users', 'groups', 'both'),
  enableNew: fc.boolean(),
  removeVanished: fc.subarray<Vanishing>(['entry', 'properties', 'acl']).map((words) => new Set(words)),
});

test('I1, I3: other realms stay as they are, and a second time changes nothing', () => {
  fc.assert(
    fc.property(userConfigText, anyAnswer, anyOptions, (text, answer, options) => {
      const { config: before } = readUserConfig(writeUserConfig(readUserConfig(text).config));
      const once = syncRealm(before, 'corp', realm, { answer, options }).config;
      const twice = syncRealm(once, 'corp', realm, { answer, options }).config;
      assert.is(writeUserConfig(twice), writeUserConfig(once));
      const others = (file: string) =>
        file.split('\n').filter((line) => /^(?:user|token):[^:]*@(?:pve|pam)|^role|^pool/.test(line));
      assert.equal(others(writeUserConfig(once)), others(writeUserConfig(before)));
    }),
  );
});

test('I2: a known user keeps its tokens', () => {
  fc.assert(
    fc.property(userConfigText, anyOptions, (text, options) => {
      const { config: before } = readUserConfig(
        `user:d@corp:1:\ntoken:d@corp!tok:0:1::\n${text.replace(/^user:d@corp.*$/gm, '')}`,
      );
      const answer = { users: [{ dn: 'uid=d', attributes: { uid: ['d'] } }], groups: [] };
      const after = syncRealm(before, 'corp', realm, { answer, options }).config.users.get('d@corp')!;
      assert.is(after.enable, 1);
      assert.ok(after.tokens.has('tok'));
    }),
  );
});

test.run();
