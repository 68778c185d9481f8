import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readRealmConfig, writeRealmConfig } from './realm-config.ts';
import { readShadowConfig, writeShadowConfig } from './shadow-config.ts';
import { readTfaConfig, writeTfaConfig } from './tfa-config.ts';
import { readTokenSecrets, writeTokenSecrets } from './token-secrets.ts';

test('token.cfg: one line per token, sorted; other lines are ignored', () => {
  const secrets = readTokenSecrets('b@pve!tok 22-22\na@pve!tok 11-11\n\nnonsense\na@pve x\n a@pve!uvw 33\n');
  assert.equal(
    [...secrets],
    [
      ['b@pve!tok', '22-22'],
      ['a@pve!tok', '11-11'],
    ],
  );
  assert.is(writeTokenSecrets(secrets), 'a@pve!tok 11-11\nb@pve!tok 22-22\n');
});

test('shadow.cfg: names without realm; other lines are ignored', () => {
  const hashes = readShadowConfig('bob:$5$abc$def:\nalice:$6$x$y:\n\nbad\n:x:\na b:x:\n');
  assert.equal(
    [...hashes],
    [
      ['bob', '$5$abc$def'],
      ['alice', '$6$x$y'],
    ],
  );
  assert.is(writeShadowConfig(hashes), 'alice:$6$x$y:\nbob:$5$abc$def:\n');
});

const name = fc.stringMatching(/^[a-z@é]{1,8}$/);
const value = fc.stringMatching(/^[a-zA-Z0-9$./-]{1,20}$/);

test('reading what was written gives the same: token.cfg, shadow.cfg', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), (pairs) => {
      const hashes = new Map(pairs);
      assert.equal(new Map(readShadowConfig(writeShadowConfig(hashes))), hashes);
      const secrets = new Map(pairs.map(([user, secret]) => [`${user}@pve!tok`, secret]));
      assert.equal(new Map(readTokenSecrets(writeTokenSecrets(secrets))), secrets);
    }),
  );
});

const realms = `pam: pam
	comment Lin%3Aux
	default 1

ldap: corp
	base_dn dc=corp
	server1 ldap.corp.de
	user_attr uid
	default 1
	mode ldap+starttls
	sync-defaults-options scope=both,remove-vanished=acl;entry
	tfa type=oath,digits=6

`;

test('domains.cfg: built-in realms always exist, the first default wins', () => {
  const { config, warnings } = readRealmConfig(realms);
  assert.equal(warnings, []);
  assert.equal([...config.realms.keys()], ['pam', 'corp', 'pve']);
  assert.is(config.realms.get('pam')!.options.get('comment'), 'Lin:ux');
  assert.is(config.realms.get('corp')!.options.get('default'), undefined);
  assert.is(config.realms.get('pve')!.options.get('comment'), 'Proxmox VE authentication server');
  const written = writeRealmConfig(config);
  assert.is(
    written,
    `${realms.replace('\tuser_attr uid\n\tdefault 1\n', '\tuser_attr uid\n')}pve: pve\n\tcomment Proxmox VE authentication server\n\n`,
  );
  assert.is(writeRealmConfig(readRealmConfig(written).config), written);
});

test('domains.cfg: what is wrong comes out as warnings', () => {
  const { config, warnings } = readRealmConfig(
    'ldap: corp\n\tserver1 a b\n\tbase_dn x\n\tuser_attr uid\n\nfoo: bar\n\tx y\n\nad: x\n\tserver1 h\n\tdomain d\n\n',
  );
  assert.equal(warnings, [
    "file domains.cfg line 2 (section 'corp') - unable to parse value of 'server1': invalid format - value does not look like a valid address: a b",
    "file domains.cfg line 4 (skip section 'corp'): missing value for required option 'server1'",
    "file domains.cfg line 6 (skip section 'bar'): unsupported type 'foo'",
    "file domains.cfg line 9 (skip section 'x'): value does not look like a valid realm",
  ]);
  assert.equal([...config.realms.keys()], ['pam', 'pve']);
});

test('a section that gives a built-in realm another type is not believed', () => {
  const { config } = readRealmConfig('openid: pve\n\tissuer-url https://x\n\tclient-id c\n\n');
  assert.is(config.realms.get('pve')!.type, 'pve');
  assert.not(config.realms.get('pve')!.options.has('issuer-url'));
});

test('tfa.cfg: what is not known stays, what is empty goes', () => {
  const text =
    '{"users":{"a@pve":{"totp":[{"id":"1","description":"d","created":5,"entry":"otpauth://totp/x?secret=AA"}],"future":{"x":1}},"b@pve":{"totp":[]}},"webauthn":{"rp":"r"}}';
  const read = readTfaConfig(text);
  assert.ok('config' in read);
  const written = JSON.parse(writeTfaConfig((read as Extract<typeof read, { config: unknown }>).config));
  assert.equal(written, { users: { 'a@pve': JSON.parse(text).users['a@pve'] }, webauthn: { rp: 'r' } });
});

test('a tfa.cfg that is not understood is an error, never an empty one', () => {
  for (const text of [
    '{',
    '[]',
    '{"users":[]}',
    '{"users":{"a@pve":7}}',
    '{"users":{"a@pve":{"totp":{}}}}',
    '{"users":{"a@pve":{"recovery":{}}}}',
    '{"users":{"a@pve":{"totp":[{}]}}}',
  ]) {
    assert.ok('error' in readTfaConfig(text), text);
  }
  assert.ok('config' in readTfaConfig(''));
});

test.run();
