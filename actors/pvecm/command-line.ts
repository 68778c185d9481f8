/**
 * The way in which the original's tools read their arguments (spec/cli.md §1), brought into the form that commander reads: unique
 * abbreviations of commands and options, one dash or two, and values of booleans. Pure.
 */

export interface CommandSyntax {
  readonly name: string;
  /** Without dashes. */
  readonly options: readonly OptionSyntax[];
}

export interface OptionSyntax {
  readonly name: string;
  readonly isBoolean: boolean;
}

export type Normalised = { readonly args: readonly string[] } | { readonly error: string };

const BOOLEANS: Readonly<Record<string, boolean>> = {
  '1': true,
  yes: true,
  on: true,
  true: true,
  '0': false,
  no: false,
  off: false,
  false: false,
};

/**
 * `args` with full names and two dashes, booleans without values (left out where false), and the command first. `program` are
 * the options that every command has.
 */
export function normaliseArguments(
  tool: string,
  args: readonly string[],
  commands: readonly CommandSyntax[],
  program: readonly OptionSyntax[],
): Normalised {
  const position = commandPosition(args, program);
  const given = args[position];
  if (given === undefined) return wantsHelp(args) ? { args } : { error: 'ERROR: no command specified' };
  if (given === 'help') return { args };
  const command = byUniquePrefix(given, commands);
  if (command === undefined) return { error: `ERROR: unknown command '${tool} ${given}'` };
  const rest = [...args.slice(0, position), ...args.slice(position + 1)];
  const options = normaliseOptions(rest, [...command.options, ...program]);
  return 'error' in options ? options : { args: [command.name, ...options.args] };
}

/** Index of the first argument that is no option of `program` and no value of one. */
function commandPosition(args: readonly string[], program: readonly OptionSyntax[]): number {
  for (let index = 0; index < args.length; index++) {
    const parsed = parseOption(args[index]!);
    if (parsed === undefined) return index;
    const option = byUniquePrefix(parsed.name, program);
    if (option !== undefined && !option.isBoolean && parsed.value === undefined) index++;
  }
  return args.length;
}

function normaliseOptions(args: readonly string[], known: readonly OptionSyntax[]): Normalised {
  const result: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (arg === '--') return { args: [...result, ...args.slice(index)] };
    const parsed = parseOption(arg);
    const option = parsed && byUniquePrefix(parsed.name, known);
    if (parsed === undefined || option === undefined) {
      result.push(arg);
      continue;
    }
    const next = args[index + 1];
    if (!option.isBoolean) {
      const value = parsed.value ?? next;
      if (parsed.value === undefined) index++;
      result.push(`--${option.name}`, ...(value === undefined ? [] : [value]));
      continue;
    }
    const word = parsed.value ?? (next !== undefined && next in BOOLEANS ? next : undefined);
    if (parsed.value === undefined && word !== undefined) index++;
    const isOn = word === undefined ? true : BOOLEANS[word.toLowerCase()];
    if (isOn === undefined) return { error: `${option.name}: unable to parse boolean option` };
    if (isOn) result.push(`--${option.name}`);
  }
  return { args: result };
}

function parseOption(arg: string): { readonly name: string; readonly value: string | undefined } | undefined {
  const match = /^--?([A-Za-z][A-Za-z0-9_-]*)(?:=(.*))?$/s.exec(arg);
  return match === null ? undefined : { name: match[1]!, value: match[2] };
}

function byUniquePrefix<T extends { readonly name: string }>(prefix: string, all: readonly T[]): T | undefined {
  const exact = all.find(({ name }) => name === prefix);
  if (exact !== undefined) return exact;
  const found = all.filter(({ name }) => name.startsWith(prefix));
  return found.length === 1 ? found[0] : undefined;
}

function wantsHelp(args: readonly string[]): boolean {
  return args.some((arg) => arg === '--help' || arg === '-h' || arg === '--version');
}
