import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CommandTree, normaliseCommandLine } from './arguments.ts';

function leaf(name: string, options: CommandTree['options'] = [], more: Partial<CommandTree> = {}): CommandTree {
  return { name, commands: [], options, ...more };
}

const tool: CommandTree = {
  name: 'tool',
  options: [
    { name: 'root', kind: 'value' },
    { name: 'debug', kind: 'switch' },
  ],
  commands: [
    leaf('add', [
      { name: 'failback', kind: 'boolean' },
      { name: 'comment', kind: 'value' },
    ]),
    leaf('config'),
    leaf('move', [], { isAlias: true }),
    {
      name: 'crm-command',
      options: [],
      commands: [
        leaf('move'),
        leaf('stop'),
        { name: 'maintenance', options: [], commands: [leaf('enable'), leaf('disable')] },
      ],
    },
  ],
};

const args = (...given: readonly string[]) => {
  const result = normaliseCommandLine(tool, given);
  return 'error' in result ? result.error : result.args.join(' ');
};

test('commands may be abbreviated at every level; aliases need their full name', () => {
  assert.is(args('ad', '1'), 'add 1');
  assert.is(args('cr', 'ma', 'en', 'n1'), 'crm-command maintenance enable n1');
  assert.is(args('cr', 'm', 'x'), "ERROR: unknown command 'tool crm-command m'");
  assert.is(args('c'), "ERROR: unknown command 'tool c'");
  assert.is(args('move', 'a', 'b'), 'move a b');
  assert.is(args('mov', 'a', 'b'), "ERROR: unknown command 'tool mov'");
});

test('what is missing', () => {
  assert.is(args(), 'ERROR: no command specified');
  assert.is(args('--root', 'add'), 'ERROR: no command specified');
  assert.is(args('crm-command'), "ERROR: incomplete command 'tool crm-command'");
  assert.is(args('crm', 'maint', '--debug'), "ERROR: incomplete command 'tool crm-command maintenance'");
});

test('options of the tool stand anywhere, also between the words of a command', () => {
  assert.is(args('--root', '/x', 'add', '1'), 'add --root /x 1');
  assert.is(args('-root=/x', 'crm', '-debug', 'stop', '1'), 'crm-command stop --root /x --debug 1');
  assert.is(args('--debug', '0', 'add', '1'), 'add 1');
  assert.is(args('add', '1', '--ro', '/x'), 'add 1 --root /x');
});

test('booleans become 0 or 1, switches come or go', () => {
  for (const word of ['1', 'yes', 'ON', 'True']) assert.is(args('add', '1', '--failback', word), 'add 1 --failback 1');
  for (const word of ['0', 'No', 'off', 'FALSE']) assert.is(args('add', '--fail', word, '1'), 'add --failback 0 1');
  assert.is(args('add', '--failback', 'vm:1'), 'add --failback 1 vm:1', 'the next word is none of its own');
  assert.is(args('add', '1', '-failback=0'), 'add 1 --failback 0');
  assert.is(args('add', '1', '--debug=0'), 'add 1');
  assert.is(
    args('add', '1', '--failback=maybe'),
    '400 Parameter verification failed.\nfailback: unable to parse boolean option',
  );
});

test('values are taken as they are, whatever they look like', () => {
  assert.is(args('add', '--comment', '--failback', '1'), 'add --comment --failback 1');
  assert.is(args('add', '--comment', 'constructor'), 'add --comment constructor');
  assert.is(args('add', '--', '--failback', '0'), 'add -- --failback 0');
  assert.is(args('add', '--unknown', 'x'), 'add --unknown x');
});

test('help is left to commander', () => {
  assert.is(args('help', 'add'), 'help add');
  assert.is(args('--help'), '--help');
  assert.is(args('crm-command', '-h'), 'crm-command --help');
  assert.is(args('add', '--help'), 'add --help');
});

test.run();
