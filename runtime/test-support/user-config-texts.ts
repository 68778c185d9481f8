/** Random texts of user.cfg for property tests: few names, so that they meet; some lines are wrong. */
import * as fc from 'fast-check';

const userids = ['a@pve', 'b@pve', 'c@pam', 'root@pam', 'd@corp'] as const;
const tokenNames = ['tok', 'two'] as const;
const groupids = ['g1', 'g2', 'g-corp'] as const;
const roles = ['r1', 'r2', 'PVEVMAdmin', 'PVEAuditor', 'Administrator', 'NoAccess'] as const;
const privileges = ['VM.Audit', 'VM.Console', 'Sys.Audit', 'Datastore.Audit', 'Permissions.Modify', 'VM.Bad'] as const;
const poolids = ['p', 'p/q', 'z'] as const;

export const someIdentity = fc.constantFrom<string>(...userids, 'a@pve!tok', 'a@pve!two', 'b@pve!tok', 'root@pam!tok');
export const someMember = fc.constantFrom<string>(...userids, '@g1', '@g2', 'a@pve!tok', 'b@pve!tok', 'root@pam!tok');
export const someRole = fc.constantFrom<string>(...roles);
export const somePath = fc.constantFrom(
  '/',
  '/vms',
  '/vms/100',
  '/vms/101',
  '/vms/100/x',
  '/storage',
  '/storage/s1',
  '/pool/p',
  '/pool/p/q',
  '/access',
  '/access/groups/g1',
);

const flag = fc.constantFrom('0', '1', '');
const list = (items: readonly string[]) => fc.subarray([...items]).map((some) => some.join(','));
/** As it stands in the file: some of it percent-encoded, some of it not. */
const text = fc.constantFrom('', 'plain', 'with blank', 'k%C3%BCche', 'a%3Ab', '100%25', '%0A', '%zz', 'constructor');

const line = fc.oneof(
  fc
    .tuple(fc.constantFrom(...userids), flag, fc.constantFrom('', '0', '1893456000', 'x'), text, text, text)
    .map(
      ([id, enable, expire, first, last, comment]) => `user:${id}:${enable}:${expire}:${first}:${last}::${comment}::`,
    ),
  fc
    .tuple(fc.constantFrom(...userids), fc.constantFrom(...tokenNames), flag, text)
    .map(([id, name, privsep, comment]) => `token:${id}!${name}:0:${privsep}:${comment}:`),
  fc
    .tuple(fc.constantFrom(...groupids), list(userids), text)
    .map(([id, users, comment]) => `group:${id}:${users}:${comment}:`),
  fc
    .tuple(fc.constantFrom(...poolids), text, list(['100', '101', 'x']), list(['s1', 's2', '!']))
    .map(([id, comment, vms, storage]) => `pool:${id}:${comment}:${vms}:${storage}:`),
  fc.tuple(fc.constantFrom('r1', 'r2', 'Administrator'), list(privileges)).map(([id, privs]) => `role:${id}:${privs}:`),
  fc
    .tuple(flag, somePath, fc.array(someMember, { maxLength: 3 }), fc.array(someRole, { maxLength: 2 }))
    .map(([propagate, path, members, given]) => `acl:${propagate}:${path}:${members}:${given}:`),
  fc.constantFrom('', '   ', '# a comment', 'bad line', 'user:', 'acl:1::a@pve:r1:', 'group:b!d:a@pve:'),
);

/** Byte strings. Users come first in half of them, so that what follows refers to somebody. */
export const userConfigText: fc.Arbitrary<string> = fc
  .tuple(fc.boolean(), fc.array(line, { maxLength: 25 }))
  .map(([hasUsers, lines]) => {
    const users = hasUsers
      ? ['user:a@pve:1:0::::::', 'token:a@pve!tok:0:1::', 'user:b@pve:1:', 'role:r1:VM.Audit:']
      : [];
    return [...users, ...lines].join('\n');
  });
