import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ApiRequest, decide, type Place, run } from './dispatch.ts';
import { allMethods, type MethodFacts } from './inventory/registry.ts';
import { parameterSchema } from './method-schema.ts';
import { findMethod } from './route.ts';
import { createTestWorld } from './test-world.ts';

const here: Place = { nodeName: 'n1', isPrivileged: false, forwarding: 'anywhere' };
const users = [
  'user:a@pve:1:0::::::',
  'user:weak@pve:1:0::::::',
  'token:a@pve!t:0:0::',
  'acl:1:/:a@pve:Administrator:',
  '',
].join('\n');

function world() {
  return createTestWorld({ 'user.cfg': users });
}

function request(
  verb: string,
  path: string,
  more: Partial<ApiRequest> & { readonly identity?: string } = {},
): ApiRequest {
  const { identity = 'root@pam', ...rest } = more;
  return { verb, path, params: {}, caller: { identity, isToken: identity.includes('!') }, ...rest };
}

async function refusalOf(one: ApiRequest, place = here) {
  const decision = await decide(one, place, world());
  return decision.kind === 'refused' ? decision.refusal : undefined;
}

test('the root and 678 methods of the inventory are each found by a path of their own', () => {
  const methods = allMethods();
  assert.is(methods.length, 679);
  for (const facts of methods) {
    const path = facts.path.replace(/\{[^}]+\}/g, 'x1');
    assert.is(findMethod(facts.verb, path)?.facts, facts, `${facts.verb} ${path}`);
  }
});

test('variables of a path are parameters of its methods', () => {
  for (const { verb, path, parameters } of allMethods()) {
    const variables = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name!);
    const names = parameters.map(({ name }) => name);
    for (const name of variables) assert.ok(names.includes(name), `${verb} ${path}: ${name}`);
  }
});

test('schemas of all methods can be built', () => {
  for (const facts of allMethods()) assert.ok(parameterSchema(facts) !== undefined);
});

test('empty fragments and trailing slashes do not count', () => {
  assert.is(findMethod('GET', '//nodes//n1/')?.facts.path, '/nodes/{node}');
  assert.is(findMethod('GET', '/nodes//n1/status/')?.facts.path, '/nodes/{node}/status');
  assert.is(findMethod('GET', '/')?.facts.path, '/');
});

test('a volume id keeps its slashes', () => {
  const found = findMethod('GET', '/nodes/n1/storage/local/content/local:iso/x.iso');
  assert.is(found?.variables.get('volume'), 'local:iso/x.iso');
});

test('unknown paths and verbs are 501', async () => {
  const expected = (text: string) => ({ status: 501, message: `Method '${text}' not implemented` });
  assert.equal(await refusalOf(request('GET', '/foo')), expected('GET /foo'));
  assert.equal(await refusalOf(request('DELETE', '/version')), expected('DELETE /version'));
});

test('conflicting values of a path variable are refused', async () => {
  const refusal = await refusalOf(request('GET', '/nodes/n1/status', { params: { node: 'n2' } }));
  assert.is(refusal?.status, 400);
  assert.is(refusal?.errors?.node, 'duplicate parameter (already defined in URI) with conflicting values!');
});

test('tokens are refused where a ticket is needed, before the permission is looked at', async () => {
  const refusal = await refusalOf(request('PUT', '/access/password', { identity: 'a@pve!t' }));
  assert.is(refusal?.status, 403);
  assert.match(
    refusal!.message,
    /^Permission check failed \(URI '\/access\/password' not available with API token, need proper ticket\./,
  );
});

test('every method is refused to nobody, but for those of the world', async () => {
  for (const facts of allMethods()) {
    const one = { ...request(facts.verb, filled(facts)), caller: { identity: undefined, isToken: false } };
    const refusal = await refusalOf(one);
    if (facts.permission.user === 'world') assert.is.not(refusal?.status, 403, facts.path);
    else assert.equal(refusal, { status: 403, message: 'Permission check failed (user != null)' }, facts.path);
  }
});

test('every method with an expression is refused to a powerless user', async () => {
  for (const facts of allMethods()) {
    if (facts.permission.user !== undefined || isAboutOneself(facts)) continue;
    const refusal = await refusalOf(request(facts.verb, filled(facts), { identity: 'weak@pve' }));
    assert.is(refusal?.status, 403, `${facts.verb} ${facts.path}`);
  }
});

/** Expressions that let users look after themselves are about the user named in the path, another one here. */
function isAboutOneself({ permission }: MethodFacts): boolean {
  return permission.check?.[0] === 'userid-param' && permission.check[1] === 'self';
}

test('a missing handler is told after the permission check, with its part', async () => {
  const path = '/nodes/n1/qemu/100/config';
  assert.equal(await refusalOf(request('GET', path)), {
    status: 501,
    message: `Method 'GET ${path}' not implemented: virtual machines is not in this release`,
  });
  assert.is((await refusalOf(request('GET', path, { identity: 'weak@pve' })))?.status, 403);
});

function filled({ path }: MethodFacts): string {
  return path
    .replace(/\{vmid\}/g, '100')
    .replace(/\{userid\}/g, 'a@pve')
    .replace(/\{[^}]+\}/g, 'n1');
}

test('validation comes last and names each parameter', async () => {
  const decision = await decide(request('GET', '/version', { params: { x: '1' } }), here, world());
  assert.is(decision.kind, 'run');
  const answer = await run(
    decision as typeof decision & { kind: 'run' },
    { identity: 'root@pam', isToken: false },
    world(),
  );
  assert.equal(answer, {
    ok: false,
    refusal: {
      status: 400,
      message: 'Parameter verification failed.\n',
      errors: { x: 'property is not defined in schema and the schema does not allow additional properties' },
    },
  });
});

test.run();
