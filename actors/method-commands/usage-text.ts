/** Usage texts of a tool: the line of a command, the list of all, and the help of one (spec/cli.md §1.1). */
import type { Parameter } from '../api/inventory/registry.ts';
import { formatNames, optionsOf, parameterNamed, type Tool, type ToolCommand } from './tool.ts';

/** `pveum acl modify <path> --roles <string> [OPTIONS]` */
export function shortUsage(command: ToolCommand): string {
  const { tool, words, args } = command;
  const shownArgs = args.map((name) => (parameterNamed(command, name)?.optional ? ` [<${name}>]` : ` <${name}>`));
  const options = optionsOf(command).filter(({ name }) => command.output !== 'formats' || !formatNames.has(name));
  const required = options.filter(({ optional }) => !optional);
  const requiredText = required.map((option) => ` --${option.name} ${typeText(option)}`);
  const others = options.length > required.length ? ' [OPTIONS]' : '';
  const formats = command.output === 'formats' ? ' [FORMAT_OPTIONS]' : '';
  return `${tool} ${words}${shownArgs.join('')}${requiredText.join('')}${others}${formats}`;
}

/** All commands that begin with these words, a line each. */
export function usageListing(tool: Tool, words = ''): string {
  const commands = [...tool.commands.values()].filter((one) => words === '' || `${one.words} `.startsWith(`${words} `));
  const lines = [
    ...(words === '' ? [`${tool.name} <COMMAND> [ARGS] [OPTIONS]`] : []),
    ...commands.map(shortUsage),
    ...(words === '' ? [`${tool.name} help [<extra-args>] [OPTIONS]`] : []),
  ];
  return `USAGE: ${lines.join('\n       ')}`;
}

/** One command with what it takes. */
export function commandHelp(command: ToolCommand): string {
  const positionals = command.args.map((name) => parameterNamed(command, name)).filter((one) => one !== undefined);
  const lines = [
    ...positionals.map((parameter) => parameterLine(`<${parameter.name}>`, parameter)),
    ...optionsOf(command).map((parameter) => parameterLine(`-${parameter.name}`, parameter)),
  ];
  return [`USAGE: ${shortUsage(command)}`, ...lines].join('\n\n');
}

function parameterLine(name: string, parameter: Parameter): string {
  const { default: standard } = parameter;
  const more = standard === undefined ? '' : `   (default=${standard})`;
  return `  ${name.padEnd(10)} ${typeText(parameter)}${more}`;
}

/** `<a | b>`, `<integer> (0 - 10)`, `<string>` */
export function typeText({ type, enum: words, minimum, maximum }: Parameter): string {
  if (Array.isArray(words)) return `<${words.join(' | ')}>`;
  const isRanged = type === 'integer' && (minimum !== undefined || maximum !== undefined);
  return `<${type}>${isRanged ? ` (${minimum ?? '-N'} - ${maximum ?? 'N'})` : ''}`;
}
