import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setAclEntry } from '../../runtime/formats/access/acl-tree.ts';
import { readUserConfig } from '../../runtime/formats/access/read-user-config.ts';
import { skipWithout } from '../../runtime/test-support/shared-corpus.ts';
import { type Grant, minimalGrants } from './minimal-grants.ts';
import { checkRefusal, type MethodPermission, type Parameters, type PermissionExpression } from './permission-check.ts';

const caller = 'tester@pve';
const situation = { params: { vmid: 100, userid: 'target@corp' }, group: 'team', realm: 'corp' };

/** Whether the caller passes with exactly these grants, none of which reaches below its path. */
function passesWith(check: PermissionExpression, grants: readonly Grant[], params: Parameters): boolean {
  const { config } = readUserConfig(
    `user:${caller}:1:\nuser:target@corp:1:\ngroup:team:target@corp,${caller}:\ngroup:other::`,
  );
  for (const [index, grant] of grants.entries()) {
    if (grant === 'self') continue;
    const role = `role${index}`;
    config.roles.set(role, new Set([grant.privilege]));
    setAclEntry(config.acl, grant.path, { kind: 'users', id: caller }, role, 0);
  }
  const userid = grants.includes('self') ? caller : params.userid;
  return checkRefusal(check, { config, caller, params: { ...params, userid } }) === undefined;
}

/** Every minimal set passes, and without any one of its members it doesn't. @returns how many sets were tried */
function sweep(check: PermissionExpression, params: Parameters, what: string): number {
  const sets = minimalGrants(check, { ...situation, params });
  for (const set of sets) {
    assert.ok(passesWith(check, set, params), `${what}: refused with ${JSON.stringify(set)}`);
    for (const left of set) {
      const less = set.filter((grant) => grant !== left);
      assert.not(passesWith(check, less, params), `${what}: passed with ${JSON.stringify(less)}`);
    }
  }
  return sets.length;
}

test('alternatives are sets, conjunctions are joined, and I1: no set holds another', () => {
  const audit: PermissionExpression = ['perm', '/vms/{vmid}', ['VM.Audit']];
  const both: PermissionExpression = ['perm', '/vms/{vmid}', ['VM.Audit', 'VM.Console']];
  const [path, console_] = ['/vms/100', { path: '/vms/100', privilege: 'VM.Console' }];
  const one = { path, privilege: 'VM.Audit' };
  assert.equal(minimalGrants(both, situation), [[one, console_]]);
  assert.equal(minimalGrants(['or', both, audit, audit], situation), [[one]]);
  assert.equal(minimalGrants(['and', audit, ['or', ['userid-param', 'self'], both]], situation), [
    [one, 'self'],
    [one, console_],
  ]);
});

test('grants are needed one by one in each form', () => {
  const forms: readonly PermissionExpression[] = [
    ['perm', '/vms/{vmid}', ['VM.Audit', 'VM.Console']],
    ['perm', '/vms/{vmid}', ['VM.Audit', 'VM.Console'], 'any', 1],
    ['userid-group', ['User.Modify', 'Sys.Audit']],
    ['userid-group', ['User.Modify'], 'groups_param', 'update'],
    ['userid-param', 'self'],
    ['userid-param', 'Realm.AllocateUser'],
    ['perm-modify', '{path}'],
    ['perm', '/pool/{pool}', ['VM.Allocate'], 'require_param', 'pool'],
  ];
  for (const form of forms)
    assert.ok(sweep(form, { ...situation.params, groups: 'team', path: '/storage/s', pool: 'p' }, form[0]) > 0);
});

test(
  'every method of the inventory passes with each minimal set, and with no set less one',
  skipWithout(['..', 'spec', 'api-inventory.json'], 'sweep of the inventory', (file) => {
    const records = JSON.parse(readFileSync(file, 'utf8')) as readonly {
      readonly method: string;
      readonly path: string;
      readonly permissions?: MethodPermission;
      readonly params: readonly { readonly name: string }[];
    }[];
    let sets = 0;
    for (const { method, path, permissions, params } of records) {
      if (permissions?.check === undefined || permissions.user !== undefined) continue;
      const given = Object.fromEntries(params.map(({ name }) => [name, 'x1']));
      Object.assign(given, {
        vmid: 100,
        newid: 101,
        userid: 'target@corp',
        path: '/vms/100',
        groups: 'team',
        pool: 'p',
      });
      sets += sweep(permissions.check, given, `${method} ${path}`);
    }
    assert.ok(sets > 400, String(sets));
  }),
);

test.run();
