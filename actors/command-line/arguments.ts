/**
 * The way in which the original's tools read their arguments (spec/cli.md §1), for commands with sub-commands, brought into the form
 * that commander reads: full names, two dashes, booleans with the value 0 or 1. Pure.
 */

export interface CommandTree {
  readonly name: string;
  /** Sub-commands; a command without any runs. */
  readonly commands: readonly CommandTree[];
  readonly options: readonly OptionSyntax[];
  /** Found by its full name only. */
  readonly isAlias?: boolean;
}

export interface OptionSyntax {
  /** Without dashes. */
  readonly name: string;
  readonly kind: 'boolean' | 'switch' | 'value';
}

export type Normalised =
  | { readonly args: readonly string[]; readonly path: readonly string[] }
  | { readonly error: string };

const ON = new Set(['1', 'yes', 'on', 'true']);
const OFF = new Set(['0', 'no', 'off', 'false']);

/**
 * `path` are the words of the command, at the beginning of `args` too. A `switch` takes no value in the result: it is there or
 * left out. Options of `tool` itself may stand anywhere.
 */
export function normaliseCommandLine(tool: CommandTree, args: readonly string[]): Normalised {
  const path: string[] = [];
  const before: string[] = [];
  let command = tool;
  let index = 0;
  for (; index < args.length && command.commands.length > 0; index++) {
    const arg = args[index]!;
    if (arg.startsWith('-')) {
      before.push(arg);
      if (takesNext(optionIn(arg, tool.options), args[index + 1])) before.push(args[++index]!);
      continue;
    }
    if (arg === 'help' && path.length === 0) return { path: [], args };
    const found = byUniquePrefix(arg, command.commands);
    if (found === undefined) return { error: `ERROR: unknown command '${[tool.name, ...path, arg].join(' ')}'` };
    path.push(found.name);
    command = found;
  }
  if (command.commands.length > 0 && before.some((arg) => arg === '--help' || arg === '-h')) {
    return { path, args: [...path, '--help'] };
  }
  if (path.length === 0) return { error: 'ERROR: no command specified' };
  if (command.commands.length > 0) return { error: `ERROR: incomplete command '${[tool.name, ...path].join(' ')}'` };
  const known = [...command.options, ...tool.options];
  const first = normaliseOptions(before, known);
  const second = normaliseOptions(args.slice(index), known);
  if ('error' in first) return first;
  return 'error' in second ? second : { path, args: [...path, ...first.args, ...second.args] };
}

function normaliseOptions(
  args: readonly string[],
  known: readonly OptionSyntax[],
): { readonly args: readonly string[] } | { readonly error: string } {
  const result: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (arg === '--') return { args: [...result, ...args.slice(index)] };
    const option = optionIn(arg, known);
    if (option?.syntax === undefined) {
      result.push(arg);
      continue;
    }
    const { syntax } = option;
    const value = option.value ?? (takesNext(option, args[index + 1]) ? args[++index] : undefined);
    if (syntax.kind === 'value') {
      result.push(`--${syntax.name}`, ...(value === undefined ? [] : [value]));
      continue;
    }
    const flag = flagOf(value ?? '1');
    if (flag === undefined)
      return { error: `400 Parameter verification failed.\n${syntax.name}: unable to parse boolean option` };
    if (syntax.kind === 'boolean') result.push(`--${syntax.name}`, flag);
    else if (flag === '1') result.push(`--${syntax.name}`);
  }
  return { args: result };
}

interface GivenOption {
  /** Undefined: unknown or ambiguous. */
  readonly syntax: OptionSyntax | undefined;
  readonly value: string | undefined;
}

/** Whether the argument behind an option is its value: always, or for a boolean where it is a word for one. */
function takesNext(option: GivenOption | undefined, next: string | undefined): boolean {
  if (option?.syntax === undefined || option.value !== undefined || next === undefined) return false;
  return option.syntax.kind === 'value' || flagOf(next) !== undefined;
}

function flagOf(word: string): '0' | '1' | undefined {
  const lower = word.toLowerCase();
  return ON.has(lower) ? '1' : OFF.has(lower) ? '0' : undefined;
}

/** Undefined: no option at all. */
function optionIn(arg: string, known: readonly OptionSyntax[]): GivenOption | undefined {
  const match = /^--?([A-Za-z][A-Za-z0-9_-]*)(?:=(.*))?$/s.exec(arg);
  if (match === null) return undefined;
  return { syntax: byUniquePrefix(match[1]!, known), value: match[2] };
}

function byUniquePrefix<T extends { readonly name: string; readonly isAlias?: boolean }>(
  prefix: string,
  all: readonly T[],
): T | undefined {
  const exact = all.find(({ name }) => name === prefix);
  if (exact !== undefined) return exact;
  const found = all.filter(({ name, isAlias }) => name.startsWith(prefix) && !isAlias);
  return found.length === 1 ? found[0] : undefined;
}
