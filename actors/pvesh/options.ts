/** Options of pvesh: the parameters of the method that a path names, and those of the output (spec/cli.md §1, §3). */

import type { MethodFacts, Parameter } from '../api/inventory/registry.ts';
import { ToolFailure } from '../command-line/failure.ts';
import type { FormatOptions } from '../command-line/output-format.ts';

export interface ShellOptions {
  readonly params: Readonly<Record<string, unknown>>;
  readonly format: FormatOptions & { readonly humanReadable: boolean };
}

const FORMAT_NAMES = ['output-format', 'human-readable', 'noborder', 'noheader', 'quiet'] as const;
type FormatName = (typeof FORMAT_NAMES)[number];

const trueWord = /^(?:1|on|yes|true)$/i;
const falseWord = /^(?:0|off|no|false)$/i;

interface KnownOption {
  readonly name: string;
  readonly isBoolean: boolean;
  readonly isRepeatable: boolean;
}

/** @param args what stands behind the path */
export function readShellOptions(facts: MethodFacts, args: readonly string[]): ShellOptions {
  const known = knownOptions(facts);
  const params: Record<string, unknown> = {};
  const given: Partial<Record<FormatName, string>> = {};
  for (let at = 0; at < args.length; at++) {
    const match = /^--?([A-Za-z][A-Za-z0-9_-]*)(?:=(.*))?$/s.exec(args[at]!);
    if (match === null) throw new ToolFailure('400 too many arguments', true);
    const [, word = '', written] = match;
    const option = optionNamed(known, word);
    if (option === undefined) throw new ToolFailure(`Unknown option: ${word}\n400 unable to parse option`, true);
    const next = args[at + 1];
    const takesNext = written === undefined && next !== undefined && (!option.isBoolean || isBooleanWord(next));
    const text = written ?? (takesNext ? args[++at]! : undefined);
    if (text === undefined && !option.isBoolean)
      throw new ToolFailure(`Option ${word} requires an argument\n400 unable to parse option`, true);
    const value = option.isBoolean ? booleanOf(text ?? '1', option.name) : text!;
    if (isFormatOption(facts, option.name)) given[option.name as FormatName] = value;
    else params[option.name] = added(params[option.name], value, option);
  }
  return { params, format: formatOf(given) };
}

function formatOf(given: Partial<Record<FormatName, string>>): ShellOptions['format'] {
  return {
    ...(given['output-format'] !== undefined && { outputFormat: given['output-format'] }),
    noborder: given.noborder === '1',
    noheader: given.noheader === '1',
    quiet: given.quiet === '1',
    humanReadable: given['human-readable'] !== '0',
  };
}

function knownOptions(facts: MethodFacts): readonly KnownOption[] {
  const own = facts.parameters
    .filter((parameter) => parameter.in !== 'path')
    .flatMap(({ name, ...parameter }) => names(name).map((one) => describe({ ...parameter, name: one } as Parameter)));
  const formats = FORMAT_NAMES.filter((name) => isFormatOption(facts, name)).map((name) => ({
    name,
    isBoolean: name !== 'output-format',
    isRepeatable: false,
  }));
  return [...own, ...formats];
}

/** No family has more members than this. */
const MOST_MEMBERS = 256;

function names(name: string): readonly string[] {
  const family = /^(.+)\[n\]$/.exec(name)?.[1];
  return family === undefined ? [name] : Array.from({ length: MOST_MEMBERS }, (_, n) => `${family}${n}`);
}

function describe({ name, type, format }: Parameter): KnownOption {
  const isRepeatable = type === 'array' || (typeof format === 'string' && format.endsWith('-list'));
  return { name, isBoolean: type === 'boolean', isRepeatable };
}

/** A method may have a parameter of that name itself. */
function isFormatOption({ parameters }: MethodFacts, name: string): boolean {
  return (FORMAT_NAMES as readonly string[]).includes(name) && !parameters.some((one) => one.name === name);
}

function optionNamed(known: readonly KnownOption[], word: string): KnownOption | undefined {
  const exact = known.find(({ name }) => name === word);
  if (exact !== undefined) return exact;
  const found = known.filter(({ name }) => name.startsWith(word));
  return found.length === 1 ? found[0] : undefined;
}

function added(before: unknown, value: string, { isRepeatable }: KnownOption): unknown {
  if (before === undefined || !isRepeatable) return value;
  return [...(Array.isArray(before) ? before : [before]), value];
}

function isBooleanWord(word: string): boolean {
  return trueWord.test(word) || falseWord.test(word);
}

function booleanOf(word: string, name: string): '0' | '1' {
  if (trueWord.test(word)) return '1';
  if (falseWord.test(word)) return '0';
  throw new ToolFailure(`400 Parameter verification failed.\n${name}: unable to parse boolean option`, true);
}
