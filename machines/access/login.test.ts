/** Passwords, searches in directories, OpenID Connect: what is decided before and after others do the work. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import { readRealmConfig } from '../../runtime/formats/access/realm-config.ts';
import { writeUserConfig } from '../../runtime/formats/access/write-user-config.ts';
import { groupSearch, userSearch } from './directory-search.ts';
import {
  addPendingLogin,
  openidLogin,
  openidUserId,
  type PendingLogin,
  readStateParameter,
  stateParameter,
  takePendingLogin,
} from './openid.ts';
import { passwordChange, passwordCheck } from './passwords.ts';
import type { Result } from './refusal.ts';

const { config: realms } = readRealmConfig(
  'ldap: corp\n\tserver1 h\n\tbase_dn dc=corp\n\tuser_attr cn\n\tfilter (x=1)\n\tgroup_filter y=2\n\tgroup_classes g\n\n' +
    'ad: win\n\tserver1 h\n\tdomain win.de\n\nopenid: oid\n\tissuer-url https://x\n\tclient-id c\n\n',
);

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.refusal.message);
  return result.value;
}

const message = (result: Result<unknown>) => (result.ok ? 'no refusal' : result.refusal.message);

test('a password is checked by the type of the realm', () => {
  const check = (userid: string, password = 'pw') => passwordCheck(realms, userid, password);
  assert.equal(value(check('a@pve')), { kind: 'shadow', name: 'a' });
  assert.equal(value(check('a@pam')), { kind: 'pam', name: 'a' });
  assert.is((value(check('a*(b)\\c@corp')) as { filter: string }).filter, '(cn=a\\2a\\28b\\29\\5cc)');
  assert.is((value(check('a@win')) as { bindName: string }).bindName, 'a@win.de');
  assert.is((value(check('a@b.de@win')) as { bindName: string }).bindName, 'a@b.de');
  assert.is(message(check('a@oid')), 'OpenID realm does not allow password verification.');
  assert.is(message(check('a@pve', '')), 'no password');
  assert.is(message(check('a@gone')), "authentication domain 'gone' does not exist");
});

test('a password is set in the built-in realms only, that of the system by its owner or root', () => {
  assert.equal(value(passwordChange(realms, 'b@pve', 'a@pve')), { kind: 'shadow', name: 'a' });
  assert.equal(value(passwordChange(realms, 'a@pam', 'a@pam')), { kind: 'pam', name: 'a' });
  assert.equal(value(passwordChange(realms, 'root@pam', 'a@pam')), { kind: 'pam', name: 'a' });
  assert.is(message(passwordChange(realms, 'b@pve', 'a@pam')), 'Permission check failed');
  assert.is(message(passwordChange(realms, 'root@pam', 'a@corp')), "can't set password on auth type 'ldap'");
});

test('searches combine classes and filter', () => {
  const corp = realms.realms.get('corp')!;
  const classes = '(|(objectclass=inetorgperson)(objectclass=posixaccount)(objectclass=person)(objectclass=user))';
  assert.equal(userSearch(corp), { base: 'dc=corp', filter: `(&${classes}(x=1))` });
  assert.equal(groupSearch(corp), { base: 'dc=corp', filter: '(&(|(objectclass=g))(y=2))' });
  assert.match(groupSearch(realms.realms.get('win')!).filter, /^\(\|\(objectclass=groupOfNames\)/);
});

const pending = (csrf_token: string, ctime: number): PendingLogin => ({ csrf_token, nonce: 'n', verifier: 'v', ctime });

test('I1: a pending login is taken once, within ten minutes', () => {
  const entries = value(addPendingLogin([pending('old', 0)], pending('new', 600), 'oid'));
  assert.equal(
    entries.map(({ csrf_token }) => csrf_token),
    ['new'],
  );
  const taken = value(takePendingLogin(entries, 'new', 1199));
  assert.equal(taken.left, []);
  const none = 'no openid auth state found (possible timeout)';
  assert.is(message(takePendingLogin(taken.left, 'new', 700)), none);
  assert.is(message(takePendingLogin(entries, 'new', 1200)), none);
  const many = Array.from({ length: 100 }, (_, index) => pending(String(index), 5));
  assert.is(
    message(addPendingLogin(many, pending('x', 10), 'oid')),
    'too many pending openid auth request for realm oid',
  );
  assert.ok(addPendingLogin(many, pending('x', 605), 'oid').ok);
});

test('the state parameter', () => {
  assert.is(stateParameter('t', 'oid'), '{"csrf_token":"t","realm":"oid"}');
  assert.equal(readStateParameter(stateParameter('t', 'oid')), { csrf_token: 't', realm: 'oid' });
  for (const bad of ['', 'null', '{}', '{"csrf_token":1,"realm":"x"}'])
    assert.is(readStateParameter(bad), undefined, bad);
});

const realmWith = (options: Record<string, string | number>) =>
  ({ type: 'openid', options: new Map(Object.entries(options)) }) as const;

test('the claim that names the user', () => {
  const claims = { sub: 's1', preferred_username: 'max', upn: 'max@corp', bad: 'a b', number: 7 };
  const named = (claim?: string) =>
    openidUserId(claims, 'oid', realmWith(claim === undefined ? {} : { 'username-claim': claim }));
  assert.is(value(named()), 's1@oid');
  assert.is(value(named('subject')), 's1@oid');
  assert.is(value(named('username')), 'max@oid');
  assert.is(value(named('upn')), 'max@corp@oid');
  assert.not(named('bad').ok);
  assert.not(named('number').ok);
  assert.not(named('toString').ok);
});

test('I2: who is made, and which groups are joined', () => {
  const { config } = readUserConfig(
    'user:root@pam:1:\nuser:max@oid:1:\nuser:off@oid:0:\ngroup:dev-oid::\ngroup:own:max@oid:',
  );
  const login = (claims: Record<string, unknown>, options: Record<string, string | number> = {}) =>
    openidLogin(config, 'oid', realmWith(options), { claims, now_s: 50 });
  assert.is(value(login({ sub: 'max' })).config, config, 'nothing changed');
  assert.is(message(login({ sub: 'new' })), "no such user ('new@oid')");
  assert.is(message(login({ sub: 'off' }, { autocreate: 1 })), "user 'off@oid' is disabled");
  const made = value(
    login({ sub: 'new', email: 'n@x.de', given_name: 'N', family_name: 'W:' }, { autocreate: 1 }),
  ).config;
  assert.match(writeUserConfig(made), 'user:new@oid:1:0:N:W%3A:n@x.de:::');
  const bad = value(login({ sub: 'new', email: 'a:b\nacl' }, { autocreate: 1 })).config;
  assert.is(bad.users.get('new@oid')!.email, undefined);
  const groups = { sub: 'max', roles: ['dev', 'ops', 'not valid', 7] };
  const groupsOf = (options: Record<string, string | number>) =>
    [...value(login(groups, { 'groups-claim': 'roles', ...options })).config.users.get('max@oid')!.groups].sort();
  assert.equal(groupsOf({}), ['dev-oid', 'own']);
  assert.equal(groupsOf({ 'groups-autocreate': 1 }), ['dev-oid', 'ops-oid', 'own']);
  assert.equal(groupsOf({ 'groups-overwrite': 1 }), ['dev-oid']);
});

test.run();
