import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startTestNode } from '../actors/pvecm/test-node.ts';
import { createRealClock } from '../runtime/clock/real.ts';
import { runProgram } from '../runtime/node/run-command.ts';
import { runHaManager } from './commands/run-ha-manager.ts';

const root = mkdtempSync(join(tmpdir(), 'ha-bin-'));
const program = fileURLToPath(new URL('./ha-manager.ts', import.meta.url));
const node = await startTestNode({ root, name: 'n1', clock: createRealClock() });

type Result = readonly [code: number, out: string, err: string];

async function haManager(...args: readonly string[]): Promise<Result> {
  const printed: string[] = [];
  const warned: string[] = [];
  const code = await runHaManager(['--root', root, ...args], {
    print: (text) => printed.push(text),
    warn: (line) => warned.push(`${line}\n`),
    terminal: { unicode: true },
  });
  return [code, printed.join(''), warned.join('')];
}

const silent: Result = [0, '', ''];
const refused = (text: string): Result => [255, '', `${text}\n`];

test.before(async () => {
  for (const vmid of [100, 101]) await node.write(`nodes/n1/qemu-server/${vmid}.conf`, 'name: guest\n');
  await node.write('nodes/n1/lxc/200.conf', 'hostname: container\n');
});

test('resources', async () => {
  assert.equal(await haManager('add', '100', '--max_restart', '2', '-failb=off', '--comment', 'süß'), silent);
  assert.equal(await haManager('add', 'ct:200', '--state', 'disabled'), silent);
  assert.equal(await haManager('add', 'vm:101', '--type=vm'), silent);
  assert.equal(await haManager('set', '200', '--delete', 'state', '--delete=comment', '--max_relocate', '0'), silent);
  assert.equal(await haManager('config'), [
    0,
    'ct:200\n\tmax_relocate 0\n\nvm:100\n\tcomment süß\n\tfailback 0\n\tmax_restart 2\n\nvm:101\n\n',
    '',
  ]);
  assert.equal(await haManager('conf', '--type', 'ct'), [0, 'ct:200\n\tmax_relocate 0\n\n', '']);
  assert.equal(await haManager('add', '100'), refused("resource ID 'vm:100' already defined"));
});

test('rules', async () => {
  assert.equal(
    await haManager('rules', 'add', 'node-affinity', 'home', '--resources', 'vm:100', '--nodes', 'n1:2', '--strict'),
    silent,
  );
  assert.equal(
    await haManager(
      'rul',
      'add',
      'resource-affinity',
      'pair',
      '--resources',
      'vm:100',
      '--resources=ct:200',
      '--affinity',
      'positive',
    ),
    silent,
  );
  assert.equal(
    await haManager('rules', 'set', 'resource-affinity', 'pair', '--disable', '1', '--comment', 'off'),
    silent,
  );
  assert.equal(await haManager('rules', 'list'), [
    0,
    '┌──────┐\n│ rule │\n╞══════╡\n│ home │\n├──────┤\n│ pair │\n└──────┘\n',
    '',
  ]);
  assert.equal(await haManager('rules', 'config', '--noborder'), [
    0,
    'enabled state  rule type              resources     comment\n' +
      '0       in use pair resource-affinity ct:200,vm:100 off\n' +
      '1       in use home node-affinity     vm:100        \n',
    '',
  ]);
  const [, json] = await haManager('rules', 'list', '--type', 'node-affinity', '--output-format', 'json');
  assert.match(
    json,
    /^\[\{"digest":"[0-9a-f]{40}","nodes":"n1:2","order":1,"resources":"vm:100","rule":"home","strict":1,"type":"node-affinity"\}\]\n$/,
  );
  assert.equal(
    await haManager('rules', 'list', '--output-format', 'xml'),
    refused(
      "400 Parameter verification failed.\noutput-format: value 'xml' does not have a value in the enumeration 'text, json, json-pretty, yaml'\n" +
        'ha-manager rules list [OPTIONS] [FORMAT_OPTIONS]',
    ),
  );
  assert.equal(
    await haManager('rules', 'add', 'resource-affinity', 'lone', '--resources', 'vm:100', '--affinity', 'negative'),
    refused(
      "400 Rule 'lone' is invalid.\nresources: rule is ineffective as there are less than two resources\n" +
        'ha-manager rules add <type> <rule> [OPTIONS]',
    ),
  );
  assert.equal(await haManager('rules', 'remove', 'pair'), silent);
  assert.is(await node.read('ha/rules.cfg'), 'node-affinity: home\n\tnodes n1:2\n\tresources vm:100\n\tstrict 1\n\n');
});

test('commands to the manager', async () => {
  assert.equal(await haManager('crm-command', 'node-maintenance', 'enable', 'n1'), silent);
  assert.equal(await haManager('crm', 'node', 'dis', 'n1'), silent);
  assert.equal(await haManager('crm-command', 'stop', '100', '30'), silent);
  assert.equal(await haManager('migrate', '100', 'n1'), silent);
  assert.equal(await haManager('crm', 'relocate', 'vm:101', 'n1'), silent);
  assert.equal(await haManager('crm', 'disarm', 'freeze'), silent);
  assert.equal(await haManager('crm', 'arm'), silent);
  assert.is(
    await node.read('ha/crm_commands'),
    'enable-node-maintenance n1\ndisable-node-maintenance n1\nstop vm:100 30\nmigrate vm:100 n1\nrelocate vm:101 n1\ndisarm-ha freeze\narm-ha\n',
  );
  assert.equal(
    await haManager('crm-command', 'stop', '100', '-1'),
    refused(
      '400 Parameter verification failed.\ntimeout: value must have a minimum value of 0\nha-manager crm-command stop <sid> <timeout>',
    ),
  );
});

test('who goes along is told; a rule that one node can not keep forbids nothing', async () => {
  const services = { 'vm:100': { state: 'started', node: 'n0' }, 'vm:101': { state: 'started', node: 'n0' } };
  await node.write('ha/manager_status', JSON.stringify({ service_status: services }));
  await node.write('ha/rules.cfg', 'resource-affinity: apart\n\taffinity negative\n\tresources vm:100,vm:101\n\n');
  assert.equal(await haManager('migrate', 'vm:100', 'n1'), silent);
  await node.write('ha/rules.cfg', 'resource-affinity: both\n\taffinity positive\n\tresources vm:100,vm:101\n\n');
  assert.equal(await haManager('relocate', 'vm:100', 'n1'), [
    0,
    "also relocate resource 'vm:101' in positive affinity with resource 'vm:100' to target node 'n1'\n",
    '',
  ]);
});

test('status', async () => {
  await node.write('ha/manager_status', '{"node_status":{"n1":"online"}}');
  assert.equal(await haManager('status'), [
    0,
    'quorum OK\nfencing standby (CRM watchdog standby)\nlrm n1 (unable to read lrm status)\n' +
      'service ct:200 (n1, queued)\nservice vm:100 (n1, queued)\nservice vm:101 (n1, queued)\n',
    '',
  ]);
  const [, verbose] = await haManager('status', '--verbose');
  assert.match(
    verbose,
    /full cluster state:\n\{\n {3}"lrm_status" : \{\n {6}"n1" : \{\n {9}"mode" : "unknown"\n {6}\}\n {3}\},\n {3}"manager_status" : \{\n/,
  );
});

test('removal', async () => {
  for (const sid of ['100', 'vm:101', 'ct:200']) assert.equal(await haManager('remove', sid), silent);
  assert.equal([await node.read('ha/resources.cfg'), await node.read('ha/rules.cfg')], ['', '']);
  assert.equal(await haManager('remove', '100'), refused("cannot delete service 'vm:100', not HA managed!"));
});

test('groups, once they are rules', async () => {
  assert.equal(await haManager('groupconfig'), refused('cannot index groups: ha groups have been migrated to rules'));
  await node.write('ha/groups.cfg', 'group: web\n\tnodes n1\n\n');
  assert.equal(await haManager('groupadd', 'db', '--nodes', 'n1:3', '--nofailback'), silent);
  assert.equal(await haManager('groupset', 'web', '--restricted'), silent);
  assert.equal(await haManager('groupconfig'), [
    0,
    'group: db\n\tnodes n1:3\n\tnofailback 1\n\ngroup: web\n\tnodes n1\n\trestricted 1\n\n',
    '',
  ]);
  assert.equal(await haManager('groupremove', 'db'), silent);
});

test('arguments that are none', async () => {
  const [none, unknown, incomplete, few, many, option, word, sid] = await Promise.all([
    haManager(),
    haManager('bogus'),
    haManager('crm-command', 'node-maintenance'),
    haManager('add'),
    haManager('arm', 'x'),
    haManager('config', '--colour', 'red'),
    haManager('add', '100', '--failback', '2'),
    haManager('add', '@'),
  ]);
  assert.is(none[0], 255);
  assert.match(
    none[2],
    /^ERROR: no command specified\nUSAGE: ha-manager <COMMAND> \[ARGS\] \[OPTIONS\]\n {7}ha-manager add <sid> \[OPTIONS\]\n/,
  );
  assert.match(unknown[2], /^ERROR: unknown command 'ha-manager bogus'\nUSAGE: /);
  assert.match(incomplete[2], /^ERROR: incomplete command 'ha-manager crm-command node-maintenance'\nUSAGE: /);
  assert.equal(few, refused('400 not enough arguments\nha-manager add <sid> [OPTIONS]'));
  assert.match(many[2], /^ERROR: unknown command 'ha-manager arm'/);
  assert.equal(option, refused('Unknown option: colour\n400 unable to parse option\nha-manager config [OPTIONS]'));
  assert.equal(word, refused('400 too many arguments\nha-manager add <sid> [OPTIONS]'));
  assert.equal(
    sid,
    refused(
      "400 Parameter verification failed.\nsid: invalid format - invalid resource id '@'\nha-manager add <sid> [OPTIONS]",
    ),
  );
});

test('help tells all commands, and that of one its options', async () => {
  const [code, all] = await haManager('help');
  assert.is(code, 0);
  assert.match(all, /\n {2}crm-command +commands to the cluster resource manager\n/);
  assert.match((await haManager('rules', 'add', '--help'))[1], /--strict <boolean>/);
  assert.match((await haManager('crm-command', '--help'))[1], /arm-ha +take care/);
});

test('a node that does not run', async () => {
  const empty = join(root, 'nowhere');
  const [code, out, err] = await haManager('--root', empty, 'status');
  assert.equal([code, out], [255, '']);
  assert.match(err, `start the node with: pve-actors boot --root ${empty}`);
});

test('the program itself', async () => {
  const run = (...args: readonly string[]) =>
    runProgram(process.execPath, [...process.execArgv, program, '--root', root, ...args]);
  const [status, unknown] = await Promise.all([run('status'), run('bogus')]);
  assert.equal([status.code, status.stderr], [0, '']);
  assert.match(status.stdout, /^quorum OK\n/);
  assert.equal([unknown.code, unknown.stdout], [255, '']);
  assert.match(unknown.stderr, /^ERROR: unknown command/);
});

test.after(async () => {
  await node.close();
  rmSync(root, { recursive: true });
});

test.run();
