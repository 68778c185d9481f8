import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type FenceConfig,
  fenceCommands,
  fenceConformanceOutput,
  parseFenceConfig,
  writeFenceConfig,
} from './fence-config.ts';

function configOf(text: string): FenceConfig {
  const parsed = parseFenceConfig(text);
  if ('failure' in parsed) throw new Error(parsed.failure);
  return parsed.config;
}

function lines(config: FenceConfig, node: string, attempt: number): readonly string[] {
  return fenceCommands(config, node, attempt).map(({ line }) => line);
}

test('a try is a device; devices that the node is not connected to are passed over', () => {
  const config = configOf(
    'device aa fence_a ip=1\ndevice bb fence_b ip=2\nconnect bb node=n1 plug=1\nconnect bb node=n2 x\nconnect aa node=n2 plug=2\n',
  );
  assert.equal(lines(config, 'n1', 0), ['fence_b --ip=2 --plug=1']);
  assert.equal(lines(config, 'n1', 1), []);
  assert.equal(lines(config, 'n2', 0), ['fence_a --ip=1 --plug=2']);
  assert.equal(lines(config, 'n2', 1), ['fence_b --ip=2 -x']);
});

test('I2 parallel sub-devices, in the order of their numbers as text', () => {
  const config = configOf(
    'device p:2 fence_a ip=2\ndevice p:10 fence_a ip=10\nconnect p:2 node=n1 a=b\nconnect p:10 node=n1 y=1\n',
  );
  assert.equal(lines(config, 'n1', 0), ['fence_a --ip=10 -y 1', 'fence_a --ip=2 -a b']);
});

test('the first device of all falls behind those declared before its second sub-device', () => {
  const config = configOf(
    'device p:1 fence_a ip=1\ndevice q fence_b ip=2\ndevice p:2 fence_a ip=3\n' +
      'connect p:1 node=n1 a=1\nconnect q node=n1 a=1\nconnect p:2 node=n1 a=1\n',
  );
  assert.equal(lines(config, 'n1', 0), ['fence_b --ip=2 -a 1']);
  assert.is(lines(config, 'n1', 1).length, 2);
});

test('key and value: a value ends at a second =, and may be missing or empty', () => {
  const config = configOf(
    `device aa fence_a k=v=w opt opt2= x== y==z "user=a b" u='it'\\''s'\nconnect aa node=n1 n=0\n`,
  );
  const [command] = fenceCommands(config, 'n1', 0);
  assert.is(
    command!.line,
    "fence_a --k=v --opt --opt2 -x -y '' --user='a b' -u 'it'\\''s' -n 0".replace('--k=v', '-k v'),
  );
  assert.equal(command!.argv, ['-k', 'v', '--opt', '--opt2', '-x', '-y', '', '--user=a b', '-u', "it's", '-n', '0']);
});

test('I1 all errors are collected, with the physical line', () => {
  const parsed = parseFenceConfig(
    '# head\n\n  connect aa node=n1 x\ndevice aa fence_a x\ndevice aa:1 fence_a x\nconnect aa:2 node=n1 x\n' +
      'connect aa nod=n1 x\nconnect aa node=n1 x\nconnect aa:1 node=n1 y\n',
    'f',
  );
  assert.equal(parsed, {
    failure:
      "Encountered error(s) on parsing 'f':\n" +
      "line 3: device 'aa' must be declared before you can connect to it\n" +
      "line 5: device 'aa:1' already declared\n" +
      "line 6: No parallel device 'aa:2' found\n" +
      "line 7: node=nodename needed to connect device 'aa' to node\n" +
      "line 9: node 'n1' already connected to device 'aa:1'",
    warnings: [],
  });
});

test('other lines are ignored with a warning, as are arguments with an open quote', () => {
  const parsed = parseFenceConfig('devices aa b c\ndevice aa fence_a\ndevice aa fence_a x "y\n', 'f');
  assert.equal(parsed.warnings, [
    'file f line 1 - ignore config line: devices aa b c',
    'file f line 2 - ignore config line: device aa fence_a',
    'file f line 3 - ignore arguments, a quote is not closed',
  ]);
  assert.ok('config' in parsed && parsed.config.get('aa')!.subDevices.get('1')!.args.length === 0);
});

test('the conformance output ends after the first try without a command', () => {
  const text = 'device aa fence_a x\nconnect aa node=n2 p=1';
  assert.is(
    fenceConformanceOutput(text, 'f', ['n1', 'n2']),
    '[try] 0\n[n1-cmd] none\n[n2-cmd] fence_a -x -p 1\n[try] 1\n[n1-cmd] none\n[n2-cmd] none\n',
  );
});

test('I3 what was written gives the same commands', () => {
  const argument = fc.constantFrom('ip=1', 'x', 'user=a b', "p='", 'k=', 'verbose');
  const args = fc.array(argument, { minLength: 1, maxLength: 3 });
  const connected = fc.dictionary(fc.constantFrom('n1', 'n2'), args).map((one) => new Map(Object.entries(one)));
  const subDevice = fc.record({ agent: fc.constantFrom('fence_a', 'fence_b'), args, connected });
  const subDevices = fc.uniqueArray(fc.tuple(fc.constantFrom('1', '2', '10'), subDevice), {
    selector: ([nr]) => nr,
    minLength: 1,
  });
  const devices = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), subDevices), { selector: ([name]) => name });
  fc.assert(
    fc.property(devices, (list) => {
      const config: FenceConfig = new Map(
        list.map(([name, subs], priority) => [name, { priority, subDevices: new Map(subs) }]),
      );
      const again = configOf(writeFenceConfig(config));
      for (const node of ['n1', 'n2']) {
        for (const attempt of [0, 1, 2, 3]) {
          assert.equal(fenceCommands(again, node, attempt), fenceCommands(config, node, attempt));
        }
      }
    }),
  );
});

test.run();
