/** A tool made of commands that stand for methods of the API: what they are called, take and call (spec/cli.md §1). */
import { type MethodFacts, methodFacts, type Parameter } from '../api/inventory/registry.ts';
import type { CommandTree, OptionSyntax } from '../command-line/arguments.ts';
import { commandLines, type ToolName } from './command-lines.ts';
import { ownParameters } from './own-parameters.ts';

export interface ToolCommand {
  readonly tool: ToolName;
  /** `user token add` */
  readonly words: string;
  /** Names of the positionals. */
  readonly args: readonly string[];
  /** Undefined: the command is one of own-commands.ts. */
  readonly facts: MethodFacts | undefined;
  readonly fixed: Readonly<Record<string, string>>;
  readonly output: 'formats' | 'prints' | 'none';
  /** All that may be given, positionals too. */
  readonly parameters: readonly Parameter[];
  /** The method wants a password: it is asked for, and can't be given where others see it. */
  readonly asksPassword: boolean;
}

export interface Tool {
  readonly name: ToolName;
  readonly commands: ReadonlyMap<string, ToolCommand>;
  /** Full words of the command by those of the alias. */
  readonly aliases: ReadonlyMap<string, string>;
}

const formatParameters: readonly Parameter[] = [
  { name: 'human-readable', type: 'boolean', default: 1, optional: true },
  { name: 'noborder', type: 'boolean', default: 0, optional: true },
  { name: 'noheader', type: 'boolean', default: 0, optional: true },
  { name: 'output-format', type: 'string', enum: ['text', 'json', 'json-pretty', 'yaml'], optional: true },
  { name: 'quiet', type: 'boolean', optional: true },
];

export const formatNames: ReadonlySet<string> = new Set(formatParameters.map(({ name }) => name));

export function toolNamed(name: ToolName): Tool {
  const commands = new Map<string, ToolCommand>();
  const aliases = new Map<string, string>();
  for (const line of commandLines[name].split('\n')) {
    const [alias, target] = line.split(' -> ') as [string, string?];
    if (target !== undefined) {
      aliases.set(alias, target);
      continue;
    }
    const command = commandOf(name, line);
    commands.set(command.words, command);
  }
  return { name, commands, aliases };
}

/** The names stand before the first positional, what is called behind `=`. */
function commandOf(tool: ToolName, line: string): ToolCommand {
  const [left = '', right = ''] = line.split(' = ');
  const args = [...left.matchAll(/<([^>]+)>/g)].map(([, arg]) => arg!);
  const words = left.replace(/ <.*$/, '');
  const parts = right.split(' ');
  const [verb = '', path = ''] = parts;
  const facts = verb === 'own' ? undefined : methodFacts(verb, path);
  const fixed = Object.fromEntries(parts.filter((part) => /^\w+=/.test(part)).map((part) => part.split('=')));
  const output = parts.includes('formats') ? 'formats' : parts.includes('prints') ? 'prints' : 'none';
  const all = facts?.parameters ?? ownParameters[`${tool} ${words}`] ?? [];
  const asksPassword = all.some(({ name, optional }) => name === 'password' && !optional);
  const isPreset = (name: string) =>
    name in fixed || (name === 'node' && !args.includes(name)) || (name === 'password' && asksPassword);
  const parameters = all.filter(({ name }) => !isPreset(name));
  return { tool, words, args, facts, fixed, output, parameters, asksPassword };
}

/** What isn't a positional, with the format options where the result is printed by them. */
export function optionsOf({ args, parameters, output }: ToolCommand): readonly Parameter[] {
  const own = parameters.filter(({ name }) => !args.includes(name));
  return output === 'formats' ? [...own, ...formatParameters.filter(({ name }) => !has(own, name))] : own;
}

export function parameterNamed({ parameters }: ToolCommand, name: string): Parameter | undefined {
  return parameters.find((parameter) => parameter.name === name);
}

function has(parameters: readonly Parameter[], name: string): boolean {
  return parameters.some((parameter) => parameter.name === name);
}

/** No family of parameters (`acmedomain[n]`) has more members. */
const MOST_MEMBERS = 256;

/** `name[n]` stands for `name0`, `name1`… */
export function namesOf(name: string): readonly string[] {
  const family = /^(.+)\[n\]$/.exec(name)?.[1];
  return family === undefined ? [name] : Array.from({ length: MOST_MEMBERS }, (_, n) => `${family}${n}`);
}

/** The tool as the reader of command lines wants it. */
export function syntaxOf(tool: Tool): CommandTree {
  const root: MutableTree = { name: tool.name, commands: [], options: [] };
  for (const [words, command] of tool.commands) plant(root, words, syntaxOfOptions(command), false);
  for (const [words, target] of tool.aliases) plant(root, words, syntaxOfOptions(tool.commands.get(target)!), true);
  return root;
}

interface MutableTree {
  readonly name: string;
  readonly commands: MutableTree[];
  options: readonly OptionSyntax[];
  readonly isAlias?: boolean;
}

function plant(root: MutableTree, words: string, options: readonly OptionSyntax[], isAlias: boolean): void {
  let node = root;
  const names = words.split(' ');
  for (const [index, name] of names.entries()) {
    let next = node.commands.find((one) => one.name === name);
    if (next === undefined) {
      next = { name, commands: [], options: [], isAlias: isAlias && index === names.length - 1 };
      node.commands.push(next);
    }
    node = next;
  }
  node.options = options;
}

function syntaxOfOptions(command: ToolCommand): readonly OptionSyntax[] {
  return optionsOf(command).flatMap(({ name, type }) =>
    namesOf(name).map((one) => ({ name: one, kind: type === 'boolean' ? ('boolean' as const) : ('value' as const) })),
  );
}
