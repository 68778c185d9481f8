import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skipWithout } from '../../runtime/test-support/shared-corpus.ts';
import { createTestWorld, type TestWorld } from '../api/test-world.ts';
import { ToolFailure } from '../command-line/failure.ts';
import { readCommandLine } from './command-line.ts';
import { commandLines, type ToolName } from './command-lines.ts';
import { completions } from './completion.ts';
import { contentOfFiles } from './file-options.ts';
import { namesInUse } from './names-in-use.ts';
import { ownCommands } from './own-commands.ts';
import { ownOutputs } from './own-output.ts';
import { runCommand } from './run.ts';
import { optionsOf, parameterNamed, toolNamed } from './tool.ts';

const toolNames = Object.keys(commandLines) as readonly ToolName[];

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  /** Answers to questions for passwords, in order. */
  readonly typed?: readonly string[];
}

async function ran(world: TestWorld, line: readonly [ToolName, ...string[]], around: Surroundings = {}): Promise<Ran> {
  const [name, ...args] = line;
  const typed = [...(around.typed ?? [])];
  let [out, err] = ['', ''];
  const wanted = readCommandLine(toolNamed(name), args);
  if (wanted.kind === 'show') return { code: 0, out: wanted.text, err };
  if (wanted.kind === 'refuse') return { code: 255, out, err: wanted.text };
  const ports = {
    world,
    print: (text: string) => {
      out += text;
    },
    warn: (text: string) => {
      err += `${text}\n`;
    },
    terminal: { unicode: false },
    askPassword: async (prompt: string) => {
      out += prompt;
      return typed.shift() ?? '';
    },
    readFile: () => Buffer.alloc(0),
  };
  try {
    return { code: await runCommand(wanted.command, wanted.given, ports), out, err };
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    return { code: 255, out, err: err + error.message };
  }
}

const done: Ran = { code: 0, out: '', err: '' };

interface ListedCommand {
  readonly cli: string;
  readonly command: string;
  readonly alias?: string;
  readonly args: readonly string[];
  readonly implements: string | null;
  readonly formatOptions: readonly string[];
  readonly prints: boolean;
  readonly fixed?: Readonly<Record<string, unknown>>;
  readonly params: readonly { readonly name: string; readonly required?: boolean }[];
}

const inventory = ['..', 'spec', 'cli-inventory.json'];

const isAsListed = (path: string): void => {
  const all = JSON.parse(readFileSync(path, 'utf8')) as readonly ListedCommand[];
  for (const name of toolNames) {
    const tool = toolNamed(name);
    const listed = all.filter(({ cli }) => cli === name);
    const real = listed.filter(({ alias }) => alias === undefined);
    assert.equal([...tool.commands.keys()].sort(), real.map(({ command }) => command).sort());
    assert.equal([...tool.aliases.keys()].sort(), listed.flatMap((one) => (one.alias ? [one.command] : [])).sort());
    for (const one of real) {
      const command = tool.commands.get(one.command)!;
      const where = `${name} ${one.command}`;
      const { facts } = command;
      assert.equal(facts === undefined ? null : `${facts.verb} ${facts.path}`, one.implements, where);
      assert.equal(command.args, one.args, where);
      const output = one.formatOptions.length > 0 ? 'formats' : one.prints ? 'prints' : 'none';
      assert.is(command.output, output, where);
      const params = one.params.map((each) => each.name);
      for (const param of params) {
        if (param === 'password' && command.asksPassword) continue;
        assert.ok(parameterNamed(command, param) !== undefined, `${where}: ${param}`);
      }
    }
  }
};

test(
  'the commands are those of the inventory, and take what it says',
  skipWithout(inventory, 'commands of the inventory', isAsListed),
);

test('each command without a method is there, and outputs belong to commands', () => {
  const commands = toolNames.flatMap((name) =>
    [...toolNamed(name).commands.values()].map((one) => [`${name} ${one.words}` as string, one] as const),
  );
  const own = commands.filter(([, { facts }]) => facts === undefined).map(([name]) => name);
  assert.equal(Object.keys(ownCommands).sort(), own.sort());
  const names = new Set(commands.map(([name]) => name));
  for (const name of Object.keys(ownOutputs)) assert.ok(names.has(name), name);
});

test('users, groups, roles and permissions', async () => {
  const world = createTestWorld();
  assert.equal(await ran(world, ['pveum', 'group', 'add', 'staff', '--comment', 'süß']), done);
  assert.equal(await ran(world, ['pveum', 'useradd', 'joe@pve', '-groups', 'staff', '-enab=no']), done);
  assert.equal(await ran(world, ['pveum', 'us', 'mod', '--enable', 'joe@pve', '--email', 'j@example.org']), done);
  assert.equal(await ran(world, ['pveum', 'user', 'add', 'kim@pve']), done);
  const text = await ran(world, ['pveum', 'group', 'list', '--noborder', '1']);
  assert.is(text.out, 'groupid comment users\nstaff   süß     joe@pve\n');
  assert.equal(
    await ran(world, [
      'pveum',
      'acl',
      'modify',
      '/vms',
      '--users',
      'joe@pve',
      '--users',
      'kim@pve',
      '--roles',
      'NoAccess',
    ]),
    done,
  );
  const listed = await ran(world, ['pveum', 'acl', 'list', '--output-format', 'json']);
  assert.is(
    listed.out,
    '[{"path":"/vms","propagate":1,"roleid":"NoAccess","type":"user","ugid":"joe@pve"},' +
      '{"path":"/vms","propagate":1,"roleid":"NoAccess","type":"user","ugid":"kim@pve"}]\n',
  );
  assert.equal(await ran(world, ['pveum', 'acldel', '/vms', '--users', 'kim@pve', '--roles', 'NoAccess']), done);
  assert.equal(await ran(world, ['pveum', 'acl', 'mod', '/vms', '--groups', 'staff', '--roles', 'PVEAuditor']), done);
  assert.equal(await ran(world, ['pveum', 'userdel', 'joe@pve']), done);
  assert.not.match(world.files.get('user.cfg')!, 'joe@pve');
});

test('permissions are a table with a mark for what is inherited', async () => {
  const world = createTestWorld({
    'user.cfg': 'user:a@pve:1:0:::::\nrole:r:VM.Audit,VM.Backup:\nacl:0:/vms/100:a@pve:r:\n',
  });
  const { out } = await ran(world, ['pveum', 'user', 'permissions', 'a@pve']);
  assert.is(
    out,
    [
      '+----------+-------------+',
      '| ACL path | Permissions |',
      '+==========+=============+',
      '| /vms/100 | VM.Audit    |',
      '|          | VM.Backup   |',
      '+----------+-------------+',
      "Permissions marked with '(*)' have the 'propagate' flag set.",
      '',
    ].join('\n'),
  );
  const json = await ran(world, ['pveum', 'user', 'perm', 'a@pve', '--output-format=json']);
  assert.is(json.out, '{"/vms/100":{"VM.Audit":0,"VM.Backup":0}}\n');
});

test('passwords are asked for', async () => {
  const world = createTestWorld();
  const typed = ['secret 12', 'secret 12'];
  const added = await ran(world, ['pveum', 'user', 'add', 'joe@pve', '--password'], { typed });
  assert.equal(added, { ...done, out: 'Enter new password: Retype new password: ' });
  assert.match(world.files.get('priv/shadow.cfg')!, /^joe:\$5\$/);
  const differing = await ran(world, ['pveum', 'passwd', 'joe@pve'], { typed: ['secret 12', 'secret 13'] });
  assert.is(differing.err, 'passwords do not match');
  const shown = await ran(world, ['pveum', 'passwd', 'joe@pve', '--password', 'secret 12']);
  assert.match(shown.err, /^Unknown option: password\n400 unable to parse option\npveum passwd <userid>/);
});

test('what is wrong with a command line', async () => {
  const refusals: readonly (readonly [ToolName, readonly string[], RegExp])[] = [
    ['pveum', [], /^ERROR: no command specified\nUSAGE: pveum <COMMAND> \[ARGS\] \[OPTIONS\]\n {7}pveum acl delete /],
    ['pveum', ['frob'], /^ERROR: unknown command 'pveum frob'\nUSAGE: /],
    ['pveum', ['r', 'list'], /^ERROR: unknown command 'pveum r'\n/],
    ['pveum', ['user', 'token'], /^ERROR: incomplete command 'pveum user token'\nUSAGE: pveum user token add /],
    ['pveum', ['user', 'add'], /^400 not enough arguments\npveum user add <userid> \[OPTIONS\]$/],
    ['pveum', ['user', 'delete', 'a@pve', 'b'], /^400 too many arguments\npveum user delete <userid>$/],
    ['pveum', ['user', 'list', '--foo'], /^Unknown option: foo\n400 unable to parse option\npveum user list /],
    ['pvenode', ['config', 'set', '--description'], /^Option description requires an argument\n400 /],
  ];
  for (const [name, args, expected] of refusals) {
    const { code, out, err } = await ran(createTestWorld(), [name, ...args]);
    assert.is(code, 255);
    assert.is(out, '');
    assert.match(err, expected);
  }
  const bad = await ran(createTestWorld(), ['pveum', 'user', 'add', 'joe']);
  assert.match(bad.err, /^400 Parameter verification failed\.\nuserid: /);
  const gone = await ran(createTestWorld(), ['pveum', 'user', 'delete', 'joe@pve']);
  assert.is(gone.err, "no such user ('joe@pve')");
  const elsewhere = await ran(createTestWorld(), ['pvesm', 'scan', 'zfs']);
  assert.is(elsewhere.err, "Method 'GET /nodes/n1/scan/zfs' not implemented: storage is not in this release");
});

test('storages: configuration and paths', async () => {
  const world = createTestWorld();
  assert.equal(await ran(world, ['pvesm', 'add', 'dir', 'store', '--path', '/srv/x', '--content', 'iso,images']), done);
  assert.is((await ran(world, ['pvesm', 'path', 'store:iso/a.iso'])).out, '/srv/x/template/iso/a.iso\n');
  assert.is(
    (await ran(world, ['pvesm', 'path', 'store:100/vm-100-disk-0.raw'])).out,
    '/srv/x/images/100/vm-100-disk-0.raw\n',
  );
  assert.is((await ran(world, ['pvesm', 'path', 'none:iso/a.iso'])).err, "storage 'none' does not exist");
  assert.equal(await ran(world, ['pvesm', 'add', 'lvm', 'group', '--vgname', 'vg0']), done);
  assert.is((await ran(world, ['pvesm', 'path', 'group:vm-1-disk-0'])).out, '/dev/vg0/vm-1-disk-0\n');
  assert.equal(await ran(world, ['pvesm', 'set', 'store', '--disable']), done);
  assert.equal(await ran(world, ['pvesm', 'remove', 'store']), done);
  assert.is((await ran(world, ['pvesm', 'apiinfo'])).out, 'APIVER 15\nAPIAGE 6\n');
});

test('some options name a file, and what it holds is the parameter', () => {
  const files: Readonly<Record<string, string>> = { '/k': '[client.admin]\n', '/m': 'pem' };
  const read = (path: string) => Buffer.from(files[path]!);
  const add = toolNamed('pvesm').commands.get('add')!;
  const given = { type: 'rbd', keyring: '/k', 'master-pubkey': '/m', 'encryption-key': 'autogen' };
  assert.equal(contentOfFiles(add, given, read), {
    type: 'rbd',
    keyring: '[client.admin]\n',
    'master-pubkey': 'cGVt',
    'encryption-key': 'autogen',
  });
  const list = toolNamed('pveum').commands.get('user list')!;
  assert.equal(contentOfFiles(list, { data: '/k' }, read), { data: '/k' });
});

test('forms of their own', async () => {
  const look = { format: { humanReadable: true }, terminal: { unicode: false } };
  const status = ownOutputs['pvesm status']!(
    [
      { storage: 'nfs', type: 'nfs', enabled: 1, active: 0 },
      { storage: 'local', type: 'dir', enabled: 1, active: 1, total: 4096, used: 1024, avail: 3000 },
      { storage: 'off', type: 'dir', enabled: 0, active: 0 },
    ],
    look,
  );
  assert.is(
    status,
    [
      'Name         Type     Status     Total (KiB)      Used (KiB) Available (KiB)        %',
      'local         dir     active               4               1               2   25.00%',
      'nfs           nfs   inactive               0               0               0    0.00%',
      'off           dir   disabled               0               0               0      N/A',
      '',
    ].join('\n'),
  );
  const volumes = ownOutputs['pvesm list']!(
    [
      { volid: 'l:iso/b.iso', format: 'iso', content: 'iso', size: 12 },
      { volid: 'l:iso/c.iso', format: 'iso', content: 'iso', 'approximate-size': 12 },
      { volid: 'l:iso/d.iso', format: 'iso', content: 'iso' },
      { volid: 'l:100/vm-100-disk-0.raw', format: 'raw', content: 'images', size: 4096, vmid: 100 },
    ],
    look,
  );
  assert.is(
    volumes,
    [
      'Volid                   Format  Type      Size VMID',
      'l:100/vm-100-disk-0.raw raw     images    4096 100',
      'l:iso/b.iso             iso     iso         12',
      'l:iso/c.iso             iso     iso        ~12',
      'l:iso/d.iso             iso     iso          -',
      '',
    ].join('\n'),
  );
  const factors = ownOutputs['pveum user tfa list']!(
    [{ userid: 'a@pve', entries: [{ id: 'totp', type: 'totp', description: 'phone' }] }],
    look,
  );
  assert.is(factors, 'a@pve:\n  totp:     totp\n            phone\n');
});

test('the configuration of the node is in the syntax of its file', async () => {
  const world = createTestWorld();
  assert.equal(
    await ran(world, ['pvenode', 'config', 'set', '--description', 'a\nb', '--wakeonlan', 'aa:bb:cc:dd:ee:ff']),
    done,
  );
  assert.is((await ran(world, ['pvenode', 'config', 'get'])).out, '#a\n#b\nwakeonlan: aa:bb:cc:dd:ee:ff\n');
});

test('completion', async () => {
  const world = createTestWorld({ 'user.cfg': 'user:joe@pve:1:0:::::\n' });
  const offered = (name: ToolName, line: string) =>
    completions(toolNamed(name), line, line.length, (format) => namesInUse(world, format));
  assert.equal(await offered('pveum', 'pveum user t'), ['tfa', 'token']);
  assert.equal(await offered('pveum', 'pveum h'), ['help']);
  assert.equal(await offered('pveum', 'pveum us modify jo'), ['joe@pve']);
  assert.equal(await offered('pveum', 'pveum user modify joe@pve --ena'), ['--enable']);
  assert.equal(await offered('pveum', 'pveum user list --output-format j'), ['json', 'json-pretty']);
  assert.equal(await offered('pvesm', 'pvesm add zfsp'), ['zfspool']);
  assert.equal(await offered('pveum', 'pveum frob '), []);
  // Only what stands before the cursor counts.
  assert.equal(await completions(toolNamed('pveum'), 'pveum user list', 7, async () => []), [
    'user',
    'useradd',
    'userdel',
    'usermod',
  ]);
});

test('help of a command names all that it takes', () => {
  for (const name of toolNames) {
    const tool = toolNamed(name);
    for (const [words, command] of tool.commands) {
      const shown = readCommandLine(tool, ['help', ...words.split(' ')]);
      assert.ok(shown.kind === 'show');
      for (const option of optionsOf(command)) assert.match(shown.text, `-${option.name}`);
      for (const arg of command.args) assert.match(shown.text, `<${arg}>`);
    }
  }
});

test.run();
