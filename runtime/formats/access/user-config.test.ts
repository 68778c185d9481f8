import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { userConfigText } from '../../test-support/user-config-texts.ts';
import { findAclNode } from './acl-tree.ts';
import { readUserConfig } from './read-user-config.ts';
import { copyUserConfig, createUserConfig, rolePrivileges } from './user-config.ts';
import { writeUserConfig } from './write-user-config.ts';

const read = (...lines: readonly string[]) => readUserConfig(lines.join('\n'));

/** Without the second line of a user: it takes away tokens that entries before it may name. */
function withoutRepeatedUsers(text: string): string {
  const seen = new Set<string>();
  const isNew = (line: string) => {
    const userid = /^user:([^:]*)/.exec(line)?.[1];
    if (userid === undefined) return true;
    const isFirst = !seen.has(userid);
    seen.add(userid);
    return isFirst;
  };
  return text.split('\n').filter(isNew).join('\n');
}

test('reading what was written gives the same, with nothing to warn about but members that are missing', () => {
  fc.assert(
    fc.property(userConfigText.map(withoutRepeatedUsers), (text) => {
      const written = writeUserConfig(readUserConfig(text).config);
      const again = readUserConfig(written);
      assert.is(writeUserConfig(again.config), written);
      for (const warning of again.warnings) assert.match(warning, /no such (?:user|group)|doesn't exist/);
    }),
  );
});

test('after two readings every text has its lasting form', () => {
  fc.assert(
    fc.property(userConfigText, (text) => {
      const rewritten = (file: string) => writeUserConfig(readUserConfig(file).config);
      const written = rewritten(rewritten(text));
      assert.is(rewritten(written), written);
    }),
    { examples: [['user:a@pve:1:\ntoken:a@pve!tok:0:1::\nacl:1:/:a@pve!tok:PVEAdmin:\nuser:a@pve:1:']] },
  );
});

test('a copy is equal and shares nothing', () => {
  fc.assert(
    fc.property(userConfigText, (text) => {
      const { config } = readUserConfig(text);
      const before = writeUserConfig(config);
      const copy = copyUserConfig(config);
      assert.equal(copy, config);
      for (const user of copy.users.values()) user.tokens.clear();
      for (const group of copy.groups.values()) group.users.clear();
      for (const pool of copy.pools.values()) pool.vms.clear();
      for (const role of copy.roles.values()) role.clear();
      for (const members of [copy.acl.users, copy.acl.groups, copy.acl.tokens]) {
        for (const roles of members.values()) roles.clear();
      }
      copy.acl.children.clear();
      copy.vms.clear();
      assert.is(writeUserConfig(config), before);
    }),
  );
});

test('an empty configuration is four blank lines', () => {
  assert.is(writeUserConfig(createUserConfig()), '\n\n\n\n');
  assert.is(writeUserConfig(readUserConfig('').config), 'user:root@pam:1:0::::::\n\n\n\n\n');
});

test('the superuser is there and enabled, unless its line says otherwise', () => {
  assert.equal(read().config.users.get('root@pam'), { enable: 1, groups: new Set(), tokens: new Map() });
  assert.is(read('user:root@pam:0:0::::::').config.users.get('root@pam')!.enable, 0);
});

test('missing fields read as 0 or as absent; any other text of a flag is 1', () => {
  const { config } = read('user:a@pve', 'token:a@pve!tok', 'user:b@pve:yes', 'acl::/vms:a@pve:PVEAdmin');
  assert.equal(config.users.get('a@pve'), {
    enable: 0,
    expire: 0,
    groups: new Set(),
    tokens: new Map([['tok', { expire: 0, privsep: 0 }]]),
  });
  assert.is(config.users.get('b@pve')!.enable, 1);
  assert.is(findAclNode(config.acl, '/vms')!.users.get('a@pve')!.get('PVEAdmin'), 0);
});

test('percent-encoding goes there and back: colon, percent sign, umlaut, line feed', () => {
  const config = createUserConfig();
  const comment = 'a:b 100% Küche\nzwei\x7f €';
  config.users.set('a@pve', { enable: 1, comment, firstname: 'Ü', groups: new Set(), tokens: new Map() });
  const text = writeUserConfig(config);
  assert.match(text, 'user:a@pve:1:0:%C3%9C:::a%3Ab 100%25 K%C3%BCche%0Azwei%7F %E2%82%AC::');
  const user = readUserConfig(text).config.users.get('a@pve')!;
  assert.is(user.comment, comment);
  assert.is(user.firstname, 'Ü');
});

test('a field that would make a line of its own is never written', () => {
  const config = createUserConfig();
  config.users.set('a@pve', { email: 'x\nacl:1:/:a@pve:Administrator:', groups: new Set(), tokens: new Map() });
  assert.throws(() => writeUserConfig(config), /can't hold/);
});

test('a line with a bad expire is dropped whole', () => {
  const { config, warnings } = read('user:a@pve:1:soon:', 'user:b@pve:1:0:', 'token:b@pve!tok:-1:0:');
  assert.not(config.users.has('a@pve'));
  assert.is(config.users.get('b@pve')!.tokens.size, 0);
  assert.is(warnings.length, 2);
});

test('a second line replaces a user with its tokens, and adds to a group, a role and a pool', () => {
  const { config } = read(
    'user:a@pve:1:0:First:',
    'token:a@pve!tok:0:0:',
    'group:g:a@pve:one:',
    'user:a@pve:1:0:',
    'user:b@pve:1:0:',
    'group:g:b@pve::',
    'role:r:VM.Audit:',
    'role:r:VM.Console:',
    'pool:p:text:100:s1:',
    'pool:p::101:s2:',
  );
  const user = config.users.get('a@pve')!;
  assert.is(user.firstname, undefined);
  assert.is(user.tokens.size, 0);
  assert.equal(config.groups.get('g'), { users: new Set(['a@pve', 'b@pve']), comment: 'one' });
  assert.equal(config.roles.get('r'), new Set(['VM.Audit', 'VM.Console']));
  assert.equal(config.pools.get('p')!.vms, new Set(['100', '101']));
  assert.equal(config.pools.get('p')!.storage, new Set(['s1', 's2']));
  assert.is(config.pools.get('p')!.comment, 'text');
});

test('a built-in role is what it is, whatever a line says', () => {
  const { config } = read('role:NoAccess:VM.Audit:', 'role:Administrator::');
  assert.is(config.roles.size, 0);
  assert.is(rolePrivileges(config, 'NoAccess')!.size, 0);
  assert.is(rolePrivileges(config, 'Administrator')!.size, 47);
  assert.not.match(writeUserConfig(config), 'role:');
});

test('what nobody defined: members stay, tokens and roles do not', () => {
  const { config, warnings } = read(
    'group:g:gone@pve,bad:',
    'acl:1:/vms:@gone,gone@pve,gone@pve!tok,b@d!d!,@b!d:PVEAdmin:',
    'acl:1:/storage:gone@pve:nosuchrole,inv!d:',
    'acl:1:/a b:gone@pve:PVEAdmin:',
  );
  assert.equal([...config.groups.get('g')!.users], ['gone@pve']);
  const node = findAclNode(config.acl, '/vms')!;
  assert.equal([...node.groups.keys()], ['gone']);
  assert.equal([...node.users.keys()], ['gone@pve']);
  assert.is(node.tokens.size, 0);
  assert.is(findAclNode(config.acl, '/storage'), undefined, 'no path without an entry');
  assert.is(config.acl.children.size, 1);
  assert.is(warnings.length, 11);
});

test('a nested pool implies its parents, and a guest is in the first pool only', () => {
  const { config } = read('pool:a/b/c::100::', 'pool:a::100,200::');
  assert.equal([...config.pools.keys()].sort(), ['a', 'a/b', 'a/b/c']);
  assert.equal(config.pools.get('a')!.pools, new Set(['a/b']));
  assert.equal(config.pools.get('a/b')!.pools, new Set(['a/b/c']));
  assert.equal(
    config.vms,
    new Map([
      ['100', 'a/b/c'],
      ['200', 'a'],
    ]),
  );
});

test('members of pools that can be none are dropped', () => {
  const { config, warnings } = read('pool:p::100,x,-1,1e3:s1,1s,s!,x:');
  assert.equal(config.pools.get('p')!.vms, new Set(['100']));
  assert.equal(config.pools.get('p')!.storage, new Set(['s1']));
  assert.equal(config.vms, new Map([['100', 'p']]));
  assert.is(warnings.length, 6);
});

test('names like those of JavaScript are names', () => {
  const { config } = read(
    'group:__proto__:root@pam:',
    'role:constructor:VM.Audit:',
    'acl:1:/__proto__:@__proto__:constructor:',
  );
  const text = writeUserConfig(config);
  assert.match(text, 'group:__proto__:root@pam::\n');
  assert.match(text, 'acl:1:/__proto__:@__proto__:constructor:\n');
});

test('blanks around lines and fields do not count, and CRLF ends a line', () => {
  const { config } = read(
    '  user : a@pve : 1 : 0 : First : Last :: text with blanks ::\r',
    '\tgroup:g: a@pve ; root@pam ::\r',
  );
  assert.is(config.users.get('a@pve')!.comment, 'text with blanks');
  assert.equal(config.groups.get('g')!.users, new Set(['a@pve', 'root@pam']));
});

test('entries of the superuser are not written, those of its tokens are', () => {
  const { config } = read('user:root@pam:1:', 'token:root@pam!tok:0:1::', 'acl:1:/vms:root@pam,root@pam!tok:PVEAdmin:');
  assert.match(writeUserConfig(config), '\nacl:1:/vms:root@pam!tok:PVEAdmin:\n');
});

test.run();
