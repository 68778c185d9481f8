import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CommandSyntax, normaliseArguments } from './command-line.ts';

const commands: CommandSyntax[] = [
  { name: 'add', options: [{ name: 'force', isBoolean: true }] },
  {
    name: 'addnode',
    options: [
      { name: 'link0', isBoolean: false },
      { name: 'link1', isBoolean: false },
      { name: 'force', isBoolean: true },
    ],
  },
  { name: 'status', options: [] },
  { name: 'mtunnel', options: [{ name: 'get_migration_ip', isBoolean: true }] },
];
const program = [
  { name: 'root', isBoolean: false },
  { name: 'debug', isBoolean: true },
];

function normalised(...args: readonly string[]) {
  return normaliseArguments('pvecm', args, commands, program);
}

test('commands: full names win, unique abbreviations work, others are refused', () => {
  assert.equal(normalised('add', 'n1'), { args: ['add', 'n1'] });
  assert.equal(normalised('addn', 'n1'), { args: ['addnode', 'n1'] });
  assert.equal(normalised('st'), { args: ['status'] });
  assert.equal(normalised('ad'), { error: "ERROR: unknown command 'pvecm ad'" });
  assert.equal(normalised('bogus'), { error: "ERROR: unknown command 'pvecm bogus'" });
  assert.equal(normalised(), { error: 'ERROR: no command specified' });
  assert.equal(normalised('--root', 'status'), { error: 'ERROR: no command specified' });
});

test('options of the program may stand before the command', () => {
  assert.equal(normalised('--root', 'status', 'status'), { args: ['status', '--root', 'status'] });
  assert.equal(normalised('--root=status', '--debug', 'status'), { args: ['status', '--root', 'status', '--debug'] });
});

test('options: one dash or two, with = or a blank, abbreviated where that is unique', () => {
  assert.equal(normalised('addnode', '-link0=10.0.0.1,priority=3', 'n1', '--link1', '10.1.0.1'), {
    args: ['addnode', '--link0', '10.0.0.1,priority=3', 'n1', '--link1', '10.1.0.1'],
  });
  assert.equal(normalised('mtunnel', '-get_mig'), { args: ['mtunnel', '--get_migration_ip'] });
  assert.equal(normalised('addnode', '--link', 'x'), { args: ['addnode', '--link', 'x'] }, 'ambiguous: left alone');
  assert.equal(normalised('status', '--', '-root'), { args: ['status', '--', '-root'] });
});

test('booleans take a value, or none', () => {
  for (const word of ['1', 'yes', 'on', 'true']) {
    assert.equal(normalised('add', '--force', word, 'n1'), { args: ['add', '--force', 'n1'] });
    assert.equal(normalised('add', `--force=${word}`, 'n1'), { args: ['add', '--force', 'n1'] });
  }
  for (const word of ['0', 'no', 'off', 'false']) {
    assert.equal(normalised('add', '-force', word, 'n1'), { args: ['add', 'n1'] });
  }
  assert.equal(normalised('add', '--force', 'n1'), { args: ['add', '--force', 'n1'] });
  assert.equal(normalised('add', '--force=maybe', 'n1'), { error: 'force: unable to parse boolean option' });
});

test.run();
