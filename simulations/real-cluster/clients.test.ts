// test-exclusive
// test-timeout: 300
/**
 * Clients that exist, unchanged, against three real nodes as `npm start` boots them, in a network namespace of their own (spec/clients.md).
 * A client that isn't installed is a skip that says how to get it.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reportSkip } from '../../runtime/test-support/shared-corpus.ts';
import {
  checkResponse,
  curlArguments,
  type Received,
  type RecordedSequence,
  readResponse,
} from './clients/recorded-requests.ts';
import { findProgram, whyNoNamespaces } from './namespaces.ts';
import { runBounded, startProduct } from './product-command.ts';
import { until } from './until.ts';

interface Fixture {
  folder: string;
  demo: ChildProcess;
  output: () => string;
  password: string;
  token: string;
}

const HOST = '127.0.0.11';
const HOSTS = [HOST, '127.0.0.12', '127.0.0.13'];
const READY_BOUND_MS = 120_000;
const END_BOUND_MS = 30_000;
const CLIENT_BOUND_MS = 60_000;
const ALL_200 = '200 200 200';

const lacking =
  whyNoNamespaces() ?? (findProgram('curl') === undefined ? 'curl is missing: apt-get install curl' : undefined);
const namespace = `pvac${process.pid}`;
const enter = ['nsenter', `--net=/var/run/netns/${namespace}`, '--'];
const recorded = JSON.parse(
  readFileSync(new URL('./clients/recorded.json', import.meta.url), 'utf8'),
) as readonly RecordedSequence[];
const test = suite<Fixture>('clients');

function authority({ folder }: Fixture): string {
  return join(folder, 'pve-root-ca.pem');
}

async function curl(fixture: Fixture, path: string, args: readonly string[], host = HOST): Promise<Received> {
  const fixed = ['-sS', '-i', '--max-time', '20', '--cacert', authority(fixture)];
  const { code, output, complaint } = await runBounded(
    'curl',
    [...fixed, ...args, `https://${host}:8006/api2/json/${path}`],
    { enter },
  );
  assert.is(code, 0, `curl ${path}: ${complaint}`);
  return readResponse(output);
}

/** Headers of a caller. */
async function credentials(fixture: Fixture, login: RecordedSequence['login']): Promise<readonly string[]> {
  if (login === 'none') return [];
  if (login === 'token') return ['-H', `Authorization: PVEAPIToken=${fixture.token}`];
  const form = ['-d', 'username=admin@pve', '--data-urlencode', `password=${fixture.password}`];
  const { body } = await curl(fixture, 'access/ticket', form);
  const { ticket, CSRFPreventionToken } = (JSON.parse(body) as { data: Record<string, string> }).data;
  return ['-b', `PVEAuthCookie=${ticket}`, '-H', `CSRFPreventionToken: ${CSRFPreventionToken}`];
}

/** Ends with 0 and says `done`. */
async function runClient(fixture: Fixture, program: string, args: readonly string[]): Promise<string> {
  const variables = {
    API_HOST: HOST,
    API_CA: authority(fixture),
    API_PASSWORD: fixture.password,
    API_TOKEN: fixture.token,
    REQUESTS_CA_BUNDLE: authority(fixture),
    NODE_EXTRA_CA_CERTS: authority(fixture),
    HOME: fixture.folder,
    LC_ALL: 'C.UTF-8',
    ANSIBLE_LOCALHOST_WARNING: '0',
  };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const { code, output, complaint } = await runBounded('env', [...settings, program, ...args], {
    enter,
    bound_ms: CLIENT_BOUND_MS,
  });
  assert.is(code, 0, `${output}\n${complaint}`);
  return output;
}

function clientFile(name: string): string {
  return fileURLToPath(new URL(`./clients/${name}`, import.meta.url));
}

async function statusOfAll(fixture: Fixture): Promise<string> {
  const header = await credentials(fixture, 'token');
  const answers = await Promise.all(HOSTS.map((host) => curl(fixture, 'version', header, host).catch(() => undefined)));
  return answers.map((answer) => answer?.status).join(' ');
}

test.before(async (fixture) => {
  fixture.folder = mkdtempSync(join(tmpdir(), 'pva-'));
  // pveproxy's workers are no root.
  chmodSync(fixture.folder, 0o755);
  execFileSync('ip', ['netns', 'add', namespace]);
  execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  const demo = startProduct('pve-actors', ['demo', '--dir', fixture.folder, '--no-mount'], { enter });
  let output = '';
  const keep = (chunk: string) => {
    output += chunk;
  };
  demo.stdout?.setEncoding('utf8').on('data', keep);
  demo.stderr?.setEncoding('utf8').on('data', keep);
  fixture.demo = demo;
  fixture.output = () => output;
  const says = () => /API: https:/.test(output) && existsSync(authority(fixture));
  await until('the API is announced', READY_BOUND_MS, says, fixture.output);
  Object.assign(fixture, JSON.parse(readFileSync(join(fixture.folder, 'administrator.json'), 'utf8')));
  const answer = async () => (await statusOfAll(fixture)) === ALL_200;
  await until('every node answers', READY_BOUND_MS, answer, fixture.output);
  const guest = ['file', 'put', 'nodes/n1/qemu-server/100.conf', '--root', join(fixture.folder, 'n1')];
  const put = startProduct('pve-actors', guest);
  put.stdin?.end('name: guest\nmemory: 512\n');
  await until('a guest is configured', END_BOUND_MS, () => put.exitCode === 0);
});

test.after(async ({ demo, folder, output }) => {
  try {
    demo?.kill('SIGTERM');
    await until('the nodes end', END_BOUND_MS, () => demo === undefined || demo.exitCode !== null, output);
  } finally {
    if (demo?.exitCode === null) demo.kill('SIGKILL');
    execFileSync('ip', ['netns', 'del', namespace]);
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
});

for (const { name, login, requests } of recorded) {
  test(`recorded: ${name}`, async (fixture) => {
    const headers = await credentials(fixture, login);
    for (const request of requests) {
      const { args, path } = curlArguments(request);
      checkResponse(request, await curl(fixture, path, [...headers, ...args]));
    }
  });
}

test('curl: a change without the token against forgery is refused, reading is not', async (fixture) => {
  const [flag, cookie] = (await credentials(fixture, 'ticket')) as readonly [string, string];
  const change = await curl(fixture, 'access/groups', [flag, cookie, '-d', 'groupid=forged']);
  assert.equal([change.status, change.reason], [401, 'Permission denied - invalid csrf token']);
  assert.is((await curl(fixture, 'access/groups', [flag, cookie])).status, 200);
});

test('curl: any node reaches any other', async (fixture) => {
  const header = await credentials(fixture, 'token');
  for (const host of HOSTS) {
    for (const node of ['n1', 'n2', 'n3']) {
      const { status, body } = await curl(fixture, `nodes/${node}/config`, header, host);
      assert.equal([host, node, status], [host, node, 200], body);
    }
  }
});

test('proxmoxer', async (fixture) => {
  const python = '/usr/bin/python3';
  const { code } = await runBounded(python, ['-c', 'import proxmoxer, requests']).catch(() => ({ code: 1 }));
  if (code !== 0) return reportSkip('proxmoxer', 'apt-get install python3-proxmoxer python3-requests');
  assert.match(await runClient(fixture, python, [clientFile('proxmoxer-scripts.py')]), 'done');
});

test('Ansible', async (fixture) => {
  const program = '/usr/bin/ansible-playbook';
  if (!existsSync(program)) return reportSkip('Ansible', 'apt-get install ansible python3-proxmoxer');
  const playbook = ['-i', 'localhost,', '-e', 'ansible_python_interpreter=/usr/bin/python3', clientFile('modules.yml')];
  assert.match(await runClient(fixture, program, playbook), /ok=8 .*failed=0/);
});

test('npm proxmox-api', async (fixture) => {
  // A folder with node_modules: the package is no dependency of this project.
  const folder = process.env.PROXMOX_API_FOLDER ?? fileURLToPath(new URL('../..', import.meta.url));
  if (!existsSync(join(folder, 'node_modules', 'proxmox-api'))) {
    const how = 'npm install proxmox-api@1.1.1 in a folder that PROXMOX_API_FOLDER names';
    return reportSkip('npm proxmox-api', how);
  }
  assert.match(await runClient(fixture, process.execPath, [clientFile('proxmox-api.mjs'), folder]), 'done');
});

if (lacking === undefined) test.run();
else {
  reportSkip('clients', lacking);
  const skipped = suite('clients');
  skipped.skip('needs network namespaces and curl', () => undefined);
  skipped.run();
}
