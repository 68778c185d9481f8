import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createTestWorld } from '../api/test-world.ts';
import { ToolFailure } from '../command-line/failure.ts';
import { runShell } from './command.ts';

async function shell(args: string) {
  const world = createTestWorld({ 'user.cfg': 'user:a@pve:1:0::::::\nuser:b@pve:0:0::::B:\n' });
  const printed: string[] = [];
  const warned: string[] = [];
  const ports = {
    world,
    passOn: async () => ({ status: 595, reason: 'No route to host' }),
    print: (text: string) => void printed.push(text),
    warn: (line: string) => void warned.push(line),
    terminal: { unicode: false },
  };
  const code = await runShell(ports, args.split(' ')).catch((error: unknown) => {
    if (!(error instanceof ToolFailure)) throw error;
    warned.push(error.message);
    return 255;
  });
  return { code, out: printed.join(''), err: warned.join('\n'), world };
}

test('results in each format', async () => {
  assert.is(
    (await shell('get /version --output-format json')).out,
    '{"release":"9.2","repoid":"70766561637473a1","version":"9.2.11"}\n',
  );
  assert.is(
    (await shell('get /version')).out,
    [
      '+---------+------------------+',
      '| key     | value            |',
      '+=========+==================+',
      '| release | 9.2              |',
      '+---------+------------------+',
      '| repoid  | 70766561637473a1 |',
      '+---------+------------------+',
      '| version | 9.2.11           |',
      '+---------+------------------+',
      '',
    ].join('\n'),
  );
  const { out } = await shell('get /access/users --noborder 1 --noheader');
  assert.equal(
    out.split('\n').map((line) => line.split(/ +/)[0]),
    ['a@pve', 'b@pve', 'root@pam', ''],
  );
});

test('one dash, abbreviations and booleans are understood; changes print nothing', async () => {
  const { code, out, world } = await shell('cre /access/users -userid c@pve -ena no --first=C');
  assert.equal([code, out], [0, '']);
  assert.match(world.files.get('user.cfg')!, /^user:c@pve:0:0:C::::/m);
});

test('mistakes are told in the words of the original', async () => {
  assert.equal(await shell('get /foo').then(({ code, err }) => [code, err]), [
    1,
    "No 'get' handler defined for '/foo'",
  ]);
  const unknown = await shell('get /version --x 1');
  assert.equal([unknown.code, unknown.err], [255, 'Unknown option: x\n400 unable to parse option']);
  const bad = await shell('create /access/groups --groupid a/b');
  assert.is(
    bad.err,
    "400 Parameter verification failed.\ngroupid: invalid format - group name 'a/b' contains invalid characters",
  );
  assert.is((await shell('get /access/groups/none')).err, "group 'none' does not exist");
  assert.is((await shell('get /nodes/n2/version --noproxy')).err, 'proxy loop detected - aborting');
});

test('ls shows what children can do', async () => {
  const { out } = await shell('ls /');
  assert.is(out.split('\n')[0], '-r---        version');
  assert.match(out, /^Dr-c- {8}storage$/m);
  assert.is((await shell('ls /access/users')).out, '-rw-d        a@pve\n-rw-d        b@pve\n-rw-d        root@pam\n');
  assert.is((await shell('ls /version')).err, "resource '/version' does not define child links");
});

test('usage names what is required', async () => {
  assert.is(
    (await shell('usage /access/groups --command create')).out,
    'USAGE: pvesh create /access/groups --groupid <string> [OPTIONS]\n',
  );
  assert.is((await shell('usage /foo')).code, 255);
});

test.run();
