/**
 * Every method of the registry, tried through dispatch: by nobody, by a user without any privilege, with each smallest set of
 * privileges that its expression asks for (it must pass), and with each of these less one (it must not).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Grant, minimalGrants } from '../../machines/access/minimal-grants.ts';
import type { PermissionExpression } from '../../machines/access/permission-check.ts';
import { decide } from './dispatch.ts';
import { allMethods, type MethodFacts } from './inventory/registry.ts';
import { findMethod } from './route.ts';
import { createTestWorld } from './test-world.ts';

const caller = 'tester@pve';
const target = 'target@pve';
const place = { nodeName: 'n1', isPrivileged: true, forwarding: 'anywhere' } as const;

/** Values for the variables of paths and for the parameters that expressions name. */
const values: Readonly<Record<string, string>> = { vmid: '100', userid: target, node: 'n1', groups: 'team' };

function pathOf({ path }: MethodFacts): string {
  return path.replace(/\{([^}]+)\}/g, (_, name: string) => values[name] ?? 'x1');
}

function parametersOf(facts: MethodFacts): Record<string, string> {
  const names = [...JSON.stringify(facts.permission.check ?? []).matchAll(/\{([^}]+)\}|"require_param","([^"]+)"/g)];
  const wanted = new Set([...names.map((match) => match[1] ?? match[2]!), 'groups', 'userid']);
  const own = facts.parameters.filter((one) => one.in !== 'path' && wanted.has(one.name));
  return Object.fromEntries(own.map(({ name }) => [name, values[name] ?? (name === 'path' ? '/vms/100' : 'x1')]));
}

async function passes(facts: MethodFacts, grants: readonly Grant[]): Promise<boolean> {
  const privileges = grants.filter((grant) => grant !== 'self');
  const lines = [
    `user:${caller}:1:0::::::`,
    `user:${target}:1:0::::::`,
    `group:team:${caller},${target}::`,
    ...privileges.map(({ privilege }, index) => `role:role${index}:${privilege}:`),
    ...privileges.map(({ path }, index) => `acl:0:${path}:${caller}:role${index}:`),
  ];
  const world = createTestWorld({ 'user.cfg': `${lines.join('\n')}\n` });
  const isSelf = grants.includes('self');
  const path = isSelf ? pathOf(facts).replace(target, caller) : pathOf(facts);
  const params = parametersOf(facts);
  if (isSelf && 'userid' in params) params.userid = caller;
  const decision = await decide(
    { verb: facts.verb, path, params, caller: { identity: caller, isToken: false } },
    place,
    world,
  );
  return !(decision.kind === 'refused' && decision.refusal.status === 403);
}

function situationOf(facts: MethodFacts) {
  const { variables } = findMethod(facts.verb, pathOf(facts))!;
  return { params: { ...Object.fromEntries(variables), ...parametersOf(facts) }, group: 'team', realm: 'pve' };
}

test('methods with an expression pass with what it asks for, and not with less', async () => {
  let sets = 0;
  for (const facts of allMethods()) {
    const { user, check } = facts.permission;
    if (user !== undefined || check === undefined) continue;
    const name = `${facts.verb} ${facts.path}`;
    const minimal = minimalGrants(check as unknown as PermissionExpression, situationOf(facts));
    assert.ok(minimal.length > 0, `${name} can be called by nobody`);
    for (const set of minimal) {
      sets += 1;
      assert.ok(await passes(facts, set), `${name} is refused with ${JSON.stringify(set)}`);
      for (const left of set) {
        const less = set.filter((grant) => grant !== left);
        assert.not(await passes(facts, less), `${name} passes with ${JSON.stringify(less)}`);
      }
    }
  }
  assert.ok(sets > 500, `only ${sets} sets were tried`);
});

/** Methods for all or for the world, where the check is in the code: they look at these privileges, or at nothing. */
test('methods without an expression are for root alone, for all who are known, or for the world', async () => {
  const world: string[] = [];
  for (const facts of allMethods()) {
    const { user, check } = facts.permission;
    if (check !== undefined && user === undefined) continue;
    if (user === 'world') world.push(`${facts.verb} ${facts.path}`);
    const mayPass = await passes(facts, []);
    assert.is(mayPass, user !== undefined, `${facts.verb} ${facts.path}`);
  }
  assert.equal(world.sort(), [
    'GET /access/domains',
    'GET /access/ticket',
    'POST /access/openid/auth-url',
    'POST /access/openid/login',
    'POST /access/ticket',
    'POST /access/vncticket',
  ]);
});

test.run();
