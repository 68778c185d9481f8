/** What a tool says about its own usage, in the original's words (spec/cli.md §1), and how commander's description of it is read. */
import type { Command, CommanderError } from 'commander';
import type { CommandTree } from '../../actors/command-line/arguments.ts';

/** @param aliases commands of the tool itself that stand for others in its tree; they take no part in abbreviations */
export function treeOf(command: Command, aliases: readonly string[] = []): CommandTree {
  return {
    name: command.name(),
    commands: command.commands.map((each) => ({ ...treeOf(each), isAlias: aliases.includes(each.name()) })),
    options: command.options.map((option) => ({
      name: (option.long ?? '').slice(2),
      kind: option.isBoolean() ? 'switch' : option.flags.endsWith('<boolean>') ? 'boolean' : 'value',
    })),
  };
}

/** `ha-manager add <sid> [OPTIONS]` */
export function shortUsage(program: Command, path: readonly string[]): string {
  const command = path.reduce(
    (parent, word) => parent.commands.find((each) => each.name() === word) ?? parent,
    program,
  );
  const args = command.registeredArguments.map((argument) => ` <${argument.name()}>`).join('');
  const options = command.options.length > 0 ? ' [OPTIONS]' : '';
  const format = command.options.some(({ long }) => long === '--output-format') ? ' [FORMAT_OPTIONS]' : '';
  return `${[program.name(), ...path].join(' ')}${args}${options}${format}`;
}

/** All commands, a line each. */
export function usageListing(program: Command): string {
  const usages = (command: Command, path: readonly string[]): readonly string[] =>
    command.commands.length === 0
      ? [shortUsage(program, path)]
      : command.commands.flatMap((each) => usages(each, [...path, each.name()]));
  const name = program.name();
  const lines = [`${name} <COMMAND> [ARGS] [OPTIONS]`, ...usages(program, []), `${name} help [<command>]`];
  return `USAGE: ${lines.join('\n       ')}`;
}

export function usageError({ code, message }: CommanderError): string {
  switch (code) {
    case 'commander.missingArgument':
      return '400 not enough arguments';
    case 'commander.excessArguments':
      return '400 too many arguments';
    case 'commander.unknownOption':
      return `Unknown option: ${/'-*([^'=]*)/.exec(message)?.[1] ?? ''}\n400 unable to parse option`;
    default:
      return `400 ${message.replace(/^error: /, '')}`;
  }
}
