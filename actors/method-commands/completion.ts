/** What a shell offers behind the words of an unfinished line (spec/cli.md §1). */
import type { Parameter } from '../api/inventory/registry.ts';
import { namesOf, optionsOf, parameterNamed, type Tool, type ToolCommand } from './tool.ts';

/** Names that are in use, by the format of a parameter: user ids for `pve-userid`. */
export type NamesInUse = (format: string) => Promise<readonly string[]>;

/** @param line as in COMP_LINE; @param point as in COMP_POINT: only what stands before it counts */
export async function completions(
  tool: Tool,
  line: string,
  point: number,
  namesInUse: NamesInUse,
): Promise<readonly string[]> {
  const words = line.slice(0, point).trimStart().split(/\s+/).slice(1);
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const candidates = await candidatesAfter(tool, before, current, namesInUse);
  return [...new Set(candidates)].filter((candidate) => candidate.startsWith(current)).sort();
}

async function candidatesAfter(
  tool: Tool,
  before: readonly string[],
  current: string,
  namesInUse: NamesInUse,
): Promise<readonly string[]> {
  const isHelp = before[0] === 'help';
  const { command, path, rest } = commandAt(tool, isHelp ? before.slice(1) : before);
  if (command === undefined) {
    if (rest.length > 0) return [];
    return [...wordsBelow(namesOfAll(tool), path), ...(path.length === 0 && !isHelp ? ['help'] : [])];
  }
  if (isHelp) return [];
  if (current.startsWith('-')) return optionNames(command).map((name) => `--${name}`);
  const last = rest.at(-1);
  const option = last === undefined ? undefined : optionWritten(command, last);
  if (option !== undefined) {
    const values = await valuesOf(option, namesInUse);
    return option.type === 'boolean' ? [...values, ...(await positionalValues(command, rest, namesInUse))] : values;
  }
  return positionalValues(command, rest, namesInUse);
}

async function positionalValues(
  command: ToolCommand,
  rest: readonly string[],
  namesInUse: NamesInUse,
): Promise<readonly string[]> {
  const name = command.args[positionalsIn(command, rest)];
  const parameter = name === undefined ? undefined : parameterNamed(command, name);
  if (parameter !== undefined) return valuesOf(parameter, namesInUse);
  return name === undefined ? optionNames(command).map((one) => `--${one}`) : [];
}

function commandAt(tool: Tool, words: readonly string[]) {
  const path: string[] = [];
  for (const [index, word] of words.entries()) {
    // Aliases are known by their full names only.
    const found = wordsBelow([...tool.commands.keys()], path).filter((name) => name.startsWith(word));
    const next = wordsBelow(namesOfAll(tool), path).includes(word) ? word : found.length === 1 ? found[0] : undefined;
    if (next === undefined) return { command: undefined, path, rest: words.slice(index) };
    path.push(next);
    const name = path.join(' ');
    const command = tool.commands.get(tool.aliases.get(name) ?? name);
    if (command !== undefined) return { command, path, rest: words.slice(index + 1) };
  }
  return { command: undefined, path, rest: [] };
}

function namesOfAll(tool: Tool): readonly string[] {
  return [...tool.commands.keys(), ...tool.aliases.keys()];
}

/** The next words of the commands that begin with `path`. */
function wordsBelow(commands: readonly string[], path: readonly string[]): readonly string[] {
  const names = commands.map((name) => name.split(' '));
  const below = names.filter((name) => name.length > path.length && path.every((word, index) => name[index] === word));
  return [...new Set(below.map((name) => name[path.length]!))];
}

/** Families by their first member. */
function optionNames(command: ToolCommand): readonly string[] {
  return optionsOf(command).map(({ name }) => namesOf(name)[0]!);
}

function optionWritten(command: ToolCommand, word: string): Parameter | undefined {
  const written = /^--?([^=]+)$/.exec(word)?.[1];
  if (written === undefined) return undefined;
  const named = optionsOf(command).flatMap((option) => namesOf(option.name).map((name) => ({ name, option })));
  const found = named.filter(({ name }) => name.startsWith(written));
  return (found.find(({ name }) => name === written) ?? (found.length === 1 ? found[0] : undefined))?.option;
}

function positionalsIn(command: ToolCommand, words: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (!word.startsWith('-')) count++;
    else if (!word.includes('=') && optionWritten(command, word)?.type !== 'boolean') at++;
  }
  return count;
}

async function valuesOf({ type, enum: words, format }: Parameter, namesInUse: NamesInUse): Promise<readonly string[]> {
  if (Array.isArray(words)) return words.map(String);
  if (type === 'boolean') return ['0', '1'];
  return typeof format === 'string' ? namesInUse(format.replace(/-list$/, '')) : [];
}
