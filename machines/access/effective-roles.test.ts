import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setAclEntry } from '../../runtime/formats/access/acl-tree.ts';
import { privileges } from '../../runtime/formats/access/privileges.ts';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import { copyUserConfig, type UserConfig } from '../../runtime/formats/access/user-config.ts';
import {
  someIdentity,
  someMember,
  somePath,
  someRole,
  userConfigText,
} from '../../runtime/test-support/user-config-texts.ts';
import { capabilitiesOf } from './capabilities.ts';
import { privilegesOn, privilegeTest, rolesOn, rolesWithPools } from './effective-roles.ts';

function configOf(...lines: readonly string[]): UserConfig {
  const { config, warnings } = readUserConfig(['user:a@pve:1:', 'user:b@pve:1:', ...lines].join('\n'));
  assert.equal(warnings, []);
  return config;
}

const roleNames = (config: UserConfig, identity: string, path: string) =>
  [...rolesOn(config, identity, path).keys()].sort();
const has = (config: UserConfig, identity: string, path: string, privilege: string) =>
  privilegesOn(config, identity, path).has(privilege);

test('I1: a deeper entry replaces a shallower one', () => {
  const config = configOf('acl:1:/:a@pve:PVEAdmin:', 'acl:1:/vms:a@pve:PVEVMUser:');
  assert.equal(roleNames(config, 'a@pve', '/vms/100'), ['PVEVMUser']);
  assert.equal(roleNames(config, 'a@pve', '/storage/x'), ['PVEAdmin']);
});

test('I1, I2: groups below beat users above; on one node users hide groups', () => {
  const group = 'group:g:a@pve:';
  const deeper = configOf(group, 'acl:1:/:a@pve:PVEAdmin:', 'acl:1:/vms/100:@g:PVEAuditor:');
  assert.equal(roleNames(deeper, 'a@pve', '/vms/100'), ['PVEAuditor']);
  const same = configOf(group, 'acl:1:/vms:a@pve:PVEAdmin:', 'acl:1:/vms:@g:PVEAuditor:');
  assert.equal(roleNames(same, 'a@pve', '/vms/100'), ['PVEAdmin']);
});

test('I2: an entry that does not count hides nothing', () => {
  const config = configOf('group:g:a@pve:', 'acl:0:/vms:a@pve:PVEAdmin:', 'acl:1:/vms:@g:PVEAuditor:');
  assert.equal(roleNames(config, 'a@pve', '/vms'), ['PVEAdmin']);
  assert.equal(roleNames(config, 'a@pve', '/vms/100'), ['PVEAuditor']);
});

test('the groups of a user add up', () => {
  const config = configOf(
    'group:g:a@pve:',
    'group:h:a@pve:',
    'group:i:b@pve:',
    'acl:1:/vms:@g:PVEAuditor:',
    'acl:0:/vms:@h:PVEAuditor,PVEVMUser:',
    'acl:1:/vms:@i:PVEAdmin:',
  );
  assert.equal(
    rolesOn(config, 'a@pve', '/vms'),
    new Map([
      ['PVEAuditor', 1],
      ['PVEVMUser', 0],
    ]),
  );
});

test('I3: NoAccess on the guest beats the pool, NoAccess on the pool beats the guest', () => {
  const pool = 'pool:p::100:s1:';
  const guest = configOf(pool, 'acl:1:/vms/100:a@pve:NoAccess:', 'acl:1:/pool/p:a@pve:PVEVMAdmin:');
  assert.is(privilegesOn(guest, 'a@pve', '/vms/100').size, 0);
  const onPool = configOf(pool, 'acl:1:/vms/100:a@pve:PVEVMAdmin:', 'acl:1:/pool/p:a@pve:NoAccess:');
  assert.is(privilegesOn(onPool, 'a@pve', '/vms/100').size, 0);
  assert.is(privilegesOn(onPool, 'a@pve', '/storage/s1').size, 0);
  assert.equal(roleNames(configOf('acl:1:/:a@pve:NoAccess,PVEAdmin:'), 'a@pve', '/'), ['NoAccess']);
});

test('without propagation an entry is for its path only', () => {
  const config = configOf('acl:0:/vms:a@pve:PVEVMAdmin:');
  assert.ok(has(config, 'a@pve', '/vms', 'VM.Audit'));
  assert.not(has(config, 'a@pve', '/vms/100', 'VM.Audit'));
});

test('a role on a pool is for its members, also without propagation, and then does not propagate', () => {
  const config = configOf(
    'pool:p::100:s1:',
    'pool:p/q::200::',
    'acl:0:/pool/p:a@pve:PVEAdmin:',
    'acl:1:/pool/p:b@pve:PVEAdmin:',
  );
  assert.is(privilegesOn(config, 'a@pve', '/vms/100').get('VM.Audit'), 0);
  assert.is(privilegesOn(config, 'a@pve', '/storage/s1').get('Datastore.Audit'), 0);
  assert.not(has(config, 'a@pve', '/vms/200', 'VM.Audit'));
  assert.ok(has(config, 'b@pve', '/vms/200', 'VM.Audit'), 'nested pools inherit');
  assert.not(has(config, 'b@pve', '/vms/300', 'VM.Audit'));
  assert.not(has(config, 'b@pve', '/vms/100/x', 'VM.Audit'), 'only the guest itself is in the pool');
});

test('a storage may be in several pools, and has the roles of all', () => {
  const config = configOf(
    'pool:p:::s1:',
    'pool:q:::s1:',
    'acl:1:/pool/p:a@pve:PVEDatastoreUser:',
    'acl:1:/pool/q:a@pve:PVEVMUser:',
  );
  assert.equal([...rolesWithPools(config, 'a@pve', '/storage/s1').keys()].sort(), ['PVEDatastoreUser', 'PVEVMUser']);
});

test('I4: a separated token has its own entries as far as its owner has them', () => {
  const tokens = ['token:a@pve!sep:0:1::', 'token:a@pve!all:0:0::'];
  const config = configOf(...tokens, 'acl:1:/:a@pve:PVEAuditor:', 'acl:1:/vms:a@pve!sep:PVEVMAdmin:');
  assert.equal([...privilegesOn(config, 'a@pve!sep', '/vms').keys()].sort(), ['VM.Audit', 'VM.GuestAgent.Audit']);
  assert.is(privilegesOn(config, 'a@pve!sep', '/').size, 0, 'nothing of its owner by itself');
  assert.equal(privilegesOn(config, 'a@pve!all', '/nodes'), privilegesOn(config, 'a@pve', '/nodes'));
  assert.is(privilegesOn(config, 'a@pve!gone', '/').size, 0);
  const here = configOf(...tokens, 'acl:0:/vms:a@pve:PVEAuditor:', 'acl:1:/vms:a@pve!sep:PVEAuditor:');
  assert.is(privilegesOn(here, 'a@pve!sep', '/vms').get('VM.Audit'), 0, 'propagates as far as both do');
});

test('the superuser has everything, its separated token nothing of that', () => {
  const config = configOf(
    'token:root@pam!sep:0:1::',
    'token:root@pam!all:0:0::',
    'acl:1:/vms:root@pam!sep:PVEAuditor:',
  );
  assert.is(privilegesOn(config, 'root@pam', '/any/path').size, 47);
  assert.is(privilegesOn(config, 'root@pam!all', '/').size, 47);
  assert.is(privilegesOn(config, 'root@pam!sep', '/').size, 0);
  assert.ok(has(config, 'root@pam!sep', '/vms', 'VM.Audit'));
});

const anyConfig = userConfigText.map((text) => readUserConfig(text).config);

test('I3: where NoAccess applies there is no privilege', () => {
  fc.assert(
    fc.property(anyConfig, someIdentity, somePath, (config, identity, path) => {
      if (!rolesWithPools(config, identity, path).has('NoAccess')) return;
      assert.is(privilegesOn(config, identity, path).size, 0);
    }),
  );
});

test('the test of one privilege says what the map of all says', () => {
  fc.assert(
    fc.property(anyConfig, someIdentity, somePath, (config, identity, path) => {
      const isHeld = privilegeTest(config, identity, path);
      assert.equal([...privileges].filter(isHeld), [...privilegesOn(config, identity, path).keys()].sort());
    }),
  );
});

test('I4: a token never has what its owner lacks, nor propagates what its owner has here only', () => {
  fc.assert(
    fc.property(anyConfig, fc.constantFrom('a@pve!tok', 'a@pve!two', 'b@pve!tok'), somePath, (config, token, path) => {
      const ofOwner = privilegesOn(config, token.slice(0, token.indexOf('!')), path);
      for (const [privilege, flag] of privilegesOn(config, token, path)) {
        assert.ok(ofOwner.has(privilege));
        assert.ok(flag <= ofOwner.get(privilege)!);
      }
    }),
  );
});

/** Whether an entry on `changed` may matter for `asked`. */
function reaches(config: UserConfig, changed: string, asked: string): boolean {
  const isBelow = (path: string) => changed === '/' || path === changed || path.startsWith(`${changed}/`);
  const pools = [...config.pools].filter(
    ([, pool]) =>
      [...pool.vms].some((vmid) => asked === `/vms/${vmid}`) ||
      [...pool.storage].some((id) => asked === `/storage/${id}`),
  );
  return isBelow(asked) || pools.some(([poolid]) => isBelow(`/pool/${poolid}`));
}

test('a new entry changes nothing elsewhere, and nothing for others', () => {
  fc.assert(
    fc.property(
      anyConfig,
      someMember,
      someRole,
      somePath,
      fc.constantFrom(0 as const, 1 as const),
      someIdentity,
      somePath,
      (config, member, role, path, flag, identity, asked) => {
        const next = copyUserConfig(config);
        const id = member.replace('@g', 'g');
        const kind = member.startsWith('@') ? 'groups' : member.includes('!') ? 'tokens' : 'users';
        setAclEntry(next.acl, path, { kind, id }, role, flag);
        const owner = identity.replace(/!.*/, '');
        const isMeant =
          member === identity ||
          member === owner ||
          (kind === 'groups' && Boolean(config.groups.get(id)?.users.has(owner)));
        if (isMeant && reaches(config, path, asked)) return;
        assert.equal(privilegesOn(next, identity, asked), privilegesOn(config, identity, asked));
      },
    ),
  );
});

test('capabilities: by the kind of the path, pools for guests and storages', () => {
  const config = configOf(
    'pool:p::100::',
    'acl:1:/vms/100:a@pve:PVEVMUser:',
    'acl:1:/pool/p:b@pve:PVEAdmin:',
    'acl:1:/:b@pve:PVEAuditor:',
  );
  const ofA = capabilitiesOf(config, 'a@pve');
  assert.is(ofA.vms['VM.Console'], 1);
  assert.equal([ofA.storage, ofA.access, ofA.nodes, ofA.sdn, ofA.dc, ofA.mapping], [{}, {}, {}, {}, {}, {}]);
  const ofB = capabilitiesOf(config, 'b@pve');
  assert.equal(ofB.dc, { 'SDN.Audit': 1, 'Sys.Audit': 1 });
  assert.equal(ofB.nodes, { 'Sys.Audit': 1 });
  assert.is(ofB.vms['VM.Allocate'], 1);
  assert.is(ofB.storage['Datastore.Allocate'], 1);
  assert.equal(Object.keys(capabilitiesOf(config, 'root@pam')).sort(), [
    'access',
    'dc',
    'mapping',
    'nodes',
    'sdn',
    'storage',
    'vms',
  ]);
});

test.run();
