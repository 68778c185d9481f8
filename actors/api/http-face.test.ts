import { generateKeyPairSync } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../runtime/access/password-hash.ts';
import { signUserTicket, ticketSigningKey } from '../../runtime/access/tickets.ts';
import type { VirtualClock } from '../../runtime/clock/virtual.ts';
import type { HttpAnswer, HttpRequest } from '../../runtime/http/http-message.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import type { Forwarder } from './forwarding.ts';
import { answerApiRequest } from './http-face.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

const pair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const secret = '11111111-2222-3333-4444-555555555555';

async function createWorld(): Promise<TestWorld> {
  return createTestWorld({
    'authkey.pub': pair.publicKey,
    'priv/authkey.key': pair.privateKey,
    'pve-www.key': 'www key',
    'priv/shadow.cfg': `a:${await hashPassword('right password', new SeededRandom(1))}:\n`,
    'priv/token.cfg': `a@pve!tok ${secret}\n`,
    'user.cfg': 'user:a@pve:1:0::::::\nuser:off@pve:0:0::::::\ntoken:a@pve!tok:0:0::\nacl:1:/:a@pve:PVEAdmin:\n',
  });
}

const passed: string[] = [];
const forwarder: Forwarder = {
  toDaemon: async ({ request }) => {
    passed.push(`daemon ${request.verb} ${request.target}`);
    return { status: 200 };
  },
  toNode: async (node, { request }) => {
    passed.push(`${node} ${request.verb} ${request.target}`);
    return { status: 200 };
  },
};

interface Asked {
  readonly status: number;
  readonly reason: string | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Virtual time until the answer. */
  readonly took_ms: number;
}

interface Question {
  readonly verb?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly isDaemon?: boolean;
}

async function ask(world: TestWorld, target: string, question: Question = {}): Promise<Asked> {
  const { verb = 'GET', headers = {}, body = '', isDaemon = false } = question;
  const clock = world.clock as VirtualClock;
  const started_ms = clock.monotonic_ms();
  const request: HttpRequest = { verb, target, headers, body: Buffer.from(body), address: '192.0.2.1', started_ms };
  let answer: HttpAnswer | undefined;
  const done = answerApiRequest(request, { world, isDaemon, forwarder }).then((value) => {
    answer = value;
  });
  for (let turns = 0; answer === undefined && turns < 10_000; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (turns % 50 === 49) clock.step();
  }
  await done;
  const text = Buffer.isBuffer(answer!.body) ? answer!.body.toString() : '';
  return {
    status: answer!.status,
    reason: answer!.reason,
    body: text,
    headers: answer!.headers ?? {},
    took_ms: clock.monotonic_ms() - started_ms,
  };
}

function ticketFor(world: TestWorld, userid = 'a@pve', age_s = 0): string {
  return signUserTicket(userid, ticketSigningKey(pair.privateKey), Math.floor(world.clock.wall_ms() / 1000) - age_s);
}

const cookie = (ticket: string) => ({ cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` });
const token = { authorization: `PVEAPIToken=a@pve!tok=${secret}` };

test('without credentials: No ticket, empty, after 3 s', async () => {
  const world = await createWorld();
  for (const format of ['json', 'extjs']) {
    const answer = await ask(world, `/api2/${format}/version`);
    assert.equal(answer, { status: 401, reason: 'No ticket', body: '', headers: {}, took_ms: 3000 });
  }
});

test('bad credentials of any kind: Authentication failed!, empty, after 3 s', async () => {
  const world = await createWorld();
  const cases: readonly Record<string, string>[] = [
    cookie('PVE:a@pve:00000000::AAAA'),
    cookie(ticketFor(world, 'a@pve', 7201)),
    cookie(ticketFor(world, 'a@pve', -400)),
    cookie(ticketFor(world, 'off@pve')),
    cookie(ticketFor(world, 'gone@pve')),
    { authorization: 'PVEAPIToken=a@pve!tok=wrong' },
    { authorization: `PVEAPIToken=a@pve!gone=${secret}` },
    { authorization: 'PVEAPIToken=rubbish' },
    // A ticket wins over a token, also a bad one.
    { ...cookie('rubbish'), ...token },
  ];
  for (const headers of cases) {
    const { status, reason, body, took_ms } = await ask(world, '/api2/json/version', { headers });
    assert.equal(
      { status, reason, body, took_ms },
      { status: 401, reason: 'Authentication failed!', body: '', took_ms: 3000 },
      JSON.stringify(headers),
    );
  }
});

test('ticket by cookie, by header with either sign, and token are taken', async () => {
  const world = await createWorld();
  const ticket = ticketFor(world);
  for (const headers of [
    cookie(ticket),
    { cookie: `x=1; PVEAuthCookie=${encodeURIComponent(ticket)}; y=2` },
    { authorization: `PVEAuthCookie=${ticket}` },
    { authorization: `PVEAuthCookie ${ticket}` },
    token,
    { authorization: token.authorization.replace('=', ' ') },
  ]) {
    const answer = await ask(world, '/api2/json/version', { headers });
    assert.is(answer.status, 200, JSON.stringify(headers));
    assert.is(answer.headers['Content-Type'], 'application/json;charset=UTF-8');
    assert.is(JSON.parse(answer.body).data.release, '9.2');
  }
});

test('html without credentials is sent to the login page', async () => {
  const world = await createWorld();
  const { status, reason, headers } = await ask(world, '/api2/html/version');
  assert.equal([status, reason, headers.Location], [301, 'Moved', '/api2/html/access/ticket']);
  assert.match((await ask(world, '/api2/html/access/ticket')).body, /<form method="post"/);
});

test('changes with a ticket need the token against cross-site requests; reads, API tokens and pvedaemon do not', async () => {
  const world = await createWorld();
  const headers = cookie(ticketFor(world));
  const refused = await ask(world, '/api2/json/access/groups', { verb: 'POST', headers, body: 'groupid=g' });
  assert.equal([refused.status, refused.reason, refused.body], [401, 'Permission denied - invalid csrf token', '']);
  const wrong = { ...headers, csrfpreventiontoken: '65536000:AAAA' };
  assert.is(
    (await ask(world, '/api2/json/access/groups', { verb: 'POST', headers: wrong, body: 'groupid=g' })).status,
    401,
  );
  passed.length = 0;
  assert.is(
    (await ask(world, '/api2/json/access/groups', { verb: 'POST', headers: token, body: 'groupid=g' })).status,
    200,
  );
  assert.equal(passed, ['daemon POST /api2/json/access/groups']);
  assert.is(
    (await ask(world, '/api2/json/access/groups', { verb: 'POST', headers, body: 'groupid=g', isDaemon: true })).status,
    200,
  );
  assert.match(world.files.get('user.cfg')!, /^group:g:/m);
});

test('a login gives a ticket and a token that the API takes', async () => {
  const world = await createWorld();
  const body = `username=a%40pve&password=${encodeURIComponent('right password')}`;
  const answer = await ask(world, '/api2/json/access/ticket', { verb: 'POST', body, isDaemon: true });
  assert.is(answer.status, 200);
  const { ticket, CSRFPreventionToken, username, cap } = JSON.parse(answer.body).data;
  assert.is(username, 'a@pve');
  assert.is(cap.vms['VM.Audit'], 1);
  assert.equal(world.logged, ["a@pve pvedaemon successful auth for user 'a@pve'"]);
  const headers = { ...cookie(ticket), csrfpreventiontoken: CSRFPreventionToken };
  passed.length = 0;
  await ask(world, '/api2/json/access/groups', { verb: 'POST', headers, body: 'groupid=g' });
  assert.is(passed.length, 1);
  const renewed = `username=a%40pve&password=${encodeURIComponent(ticket)}`;
  assert.is(
    (await ask(world, '/api2/json/access/ticket', { verb: 'POST', body: renewed, isDaemon: true })).status,
    200,
  );
});

test('every failed login is the same 401 with an envelope, 3 s after its start', async () => {
  const world = await createWorld();
  for (const body of [
    'username=a%40pve&password=wrong',
    'username=gone%40pve&password=x',
    'username=off%40pve&password=x',
    'username=a&password=x',
    `username=off%40pve&password=${encodeURIComponent(ticketFor(world))}`,
    'username=a%40pve&password=totp:1&tfa-challenge=rubbish',
  ]) {
    const answer = await ask(world, '/api2/json/access/ticket', { verb: 'POST', body, isDaemon: true });
    assert.equal([answer.status, answer.reason], [401, 'authentication failure'], body);
    assert.equal(JSON.parse(answer.body), { data: null, message: 'authentication failure\n' });
    assert.is(answer.took_ms, 3000, body);
  }
});

test('a user with a second factor gets a half ticket, which opens nothing', async () => {
  const world = await createWorld();
  const uri = 'otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  const entry = { id: 'i', description: 'd', created: 1, entry: uri };
  world.files.set('priv/tfa.cfg', JSON.stringify({ users: { 'a@pve': { totp: [entry] } } }));
  const body = `username=a%40pve&password=${encodeURIComponent('right password')}`;
  const { data } = JSON.parse(
    (await ask(world, '/api2/json/access/ticket', { verb: 'POST', body, isDaemon: true })).body,
  );
  assert.is(data.NeedTFA, 1);
  assert.match(data.ticket, /^PVE:!tfa!/);
  assert.is(data.cap, undefined);
  const answer = await ask(world, '/api2/json/version', { headers: cookie(data.ticket) });
  assert.equal([answer.status, answer.reason], [401, 'No ticket']);
});

test('formats and paths that are none', async () => {
  const world = await createWorld();
  assert.match((await ask(world, '/api2', { headers: token })).reason!, /^no such uri/);
  assert.is((await ask(world, '/api2/foo/version', { headers: token })).reason, 'no formatter for uri /version, foo');
  const missing = await ask(world, '/api2/json/foo', { headers: token });
  assert.equal([missing.status, missing.reason], [501, "Method 'GET /foo' not implemented"]);
  const ext = await ask(world, '/api2/extjs/foo', { headers: token });
  assert.is(ext.status, 200);
  assert.equal(JSON.parse(ext.body), {
    data: null,
    message: "Method 'GET /foo' not implemented\n",
    success: 0,
    status: 501,
  });
});

test('requests for other nodes are passed on once, and never by pvedaemon', async () => {
  const world = await createWorld();
  passed.length = 0;
  assert.is((await ask(world, '/api2/json/nodes/n2/version?x=%31', { headers: token })).status, 200);
  assert.equal(passed, ['n2 GET /api2/json/nodes/n2/version?x=%31']);
  const looped = await ask(world, '/api2/json/nodes/n2/version', { headers: { ...token, pvedisableproxy: 'true' } });
  assert.equal([looped.status, looped.reason], [500, 'proxy loop detected']);
  const daemon = await ask(world, '/api2/json/nodes/n2/version', { headers: token, isDaemon: true });
  assert.equal([daemon.status, daemon.reason], [500, 'proxy not allowed']);
  assert.is((await ask(world, '/api2/json/nodes/localhost/version', { headers: token })).status, 200);
  assert.is(passed.length, 1);
});

test('query parameters overwrite the body, forms may use semicolons, JSON bodies are taken', async () => {
  const world = await createWorld();
  const post = (query: string, body: string, type = 'application/x-www-form-urlencoded') =>
    ask(world, `/api2/json/access/groups${query}`, {
      verb: 'POST',
      headers: { ...token, 'content-type': type },
      body,
      isDaemon: true,
    });
  assert.is((await post('?groupid=q1', 'groupid=b1')).status, 200);
  assert.is((await post('', 'groupid=s1;comment=a+b%20c')).status, 200);
  assert.is((await post('?_dc=123', '{"groupid":"j1"}', 'application/json;charset=utf-8')).status, 200);
  assert.is((await post('', '[1]', 'application/json')).status, 400);
  const file = world.files.get('user.cfg')!;
  for (const group of ['q1', 's1', 'j1']) assert.match(file, new RegExp(`^group:${group}:`, 'm'));
  assert.not.match(file, /group:b1:/);
  assert.match(file, /^group:s1::a b c:/m);
});

test.run();
