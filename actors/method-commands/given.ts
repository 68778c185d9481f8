/** What a command line gives a command: its positionals and options as parameters (spec/cli.md §1, §1.1). */
import type { Parameter } from '../api/inventory/registry.ts';
import { ToolFailure } from '../command-line/failure.ts';
import type { ShellOptions } from '../pvesh/options.ts';
import { formatNames, namesOf, optionsOf, parameterNamed, type ToolCommand } from './tool.ts';

export interface Given {
  readonly params: Readonly<Record<string, unknown>>;
  readonly format: ShellOptions['format'];
}

/** @param words what stands behind the command, with full names, two dashes and a value behind each option */
export function readGiven(command: ToolCommand, words: readonly string[]): Given {
  const options = new Map(optionsOf(command).flatMap((option) => namesOf(option.name).map((name) => [name, option])));
  const params: Record<string, unknown> = {};
  const positionals: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') {
      positionals.push(...words.slice(at + 1));
      break;
    }
    const name = /^--?([^=]+)/.exec(word)?.[1];
    if (name === undefined) {
      positionals.push(word);
      continue;
    }
    const option = options.get(name);
    if (option === undefined) throw new ToolFailure(`Unknown option: ${name}\n400 unable to parse option`, true);
    const value = words[++at];
    if (value === undefined)
      throw new ToolFailure(`Option ${name} requires an argument\n400 unable to parse option`, true);
    params[name] = added(params[name], value, option);
  }
  takePositionals(command, positionals, params);
  return { params: withoutFormats(command, params), format: formatOf(command, params) };
}

function takePositionals(command: ToolCommand, given: readonly string[], params: Record<string, unknown>): void {
  const { args } = command;
  if (given.length > args.length) throw new ToolFailure('400 too many arguments', true);
  for (const [index, name] of args.entries()) {
    const parameter = parameterNamed(command, name);
    const value = given[index];
    if (value !== undefined) params[name] = parameter === undefined ? value : added(undefined, value, parameter);
    else if (parameter?.optional !== true) throw new ToolFailure('400 not enough arguments', true);
  }
}

function added(before: unknown, value: string, { type, format }: Parameter): unknown {
  if (type === 'array') return [...((before as readonly string[] | undefined) ?? []), value];
  const isList = typeof format === 'string' && format.endsWith('-list');
  return isList && before !== undefined ? `${before},${value}` : value;
}

function isFormat(command: ToolCommand, name: string): boolean {
  return command.output === 'formats' && formatNames.has(name) && parameterNamed(command, name) === undefined;
}

function withoutFormats(command: ToolCommand, params: Readonly<Record<string, unknown>>): Given['params'] {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !isFormat(command, name)));
}

function formatOf(command: ToolCommand, params: Readonly<Record<string, unknown>>): Given['format'] {
  const value = (name: string) => (isFormat(command, name) ? params[name] : undefined);
  const outputFormat = value('output-format');
  return {
    ...(outputFormat !== undefined && { outputFormat: String(outputFormat) }),
    noborder: value('noborder') === '1',
    noheader: value('noheader') === '1',
    quiet: value('quiet') === '1',
    humanReadable: value('human-readable') !== '0',
  };
}
