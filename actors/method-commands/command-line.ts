/** What a line of arguments asks a tool for (spec/cli.md §1). Pure: nothing of the node is needed to say what is wrong with it. */
import { normaliseCommandLine } from '../command-line/arguments.ts';
import { ToolFailure } from '../command-line/failure.ts';
import { type Given, readGiven } from './given.ts';
import { syntaxOf, type Tool, type ToolCommand } from './tool.ts';
import { commandHelp, shortUsage, usageListing } from './usage-text.ts';

export type Wanted =
  | { readonly kind: 'show'; readonly text: string }
  | { readonly kind: 'refuse'; readonly text: string }
  | { readonly kind: 'run'; readonly command: ToolCommand; readonly given: Given };

export function readCommandLine(tool: Tool, args: readonly string[]): Wanted {
  const [first] = args;
  if (first === 'help') return help(tool, args.slice(1));
  // Its inventory is the test beside command-lines.ts.
  if (first === 'verifyapi') return { kind: 'show', text: '' };
  const read = normaliseCommandLine(syntaxOf(tool), withEmptyPasswords(args));
  if ('error' in read) {
    const { error } = read;
    const usage = error.startsWith('ERROR: ') ? usageListing(tool, wordsBefore(tool, args)) : undefined;
    return { kind: 'refuse', text: usage === undefined ? error : `${error}\n${usage}` };
  }
  const words = read.path.join(' ');
  const command = tool.commands.get(tool.aliases.get(words) ?? words);
  if (command === undefined) return help(tool, read.path);
  try {
    return { kind: 'run', command, given: readGiven(command, read.args.slice(read.path.length)) };
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    return { kind: 'refuse', text: `${error.message}\n${shortUsage(command)}` };
  }
}

function help(tool: Tool, args: readonly string[]): Wanted {
  const words: string[] = [];
  for (const arg of args) {
    const next = [...words, arg].join(' ');
    const isPart = (name: string) => `${name} `.startsWith(`${next} `);
    if (arg.startsWith('-')) continue;
    if (![...tool.commands.keys(), ...tool.aliases.keys()].some(isPart)) {
      return { kind: 'refuse', text: `ERROR: unknown command '${tool.name} ${next}'\n${usageListing(tool)}` };
    }
    words.push(arg);
  }
  const wanted = words.join(' ');
  const command = tool.commands.get(tool.aliases.get(wanted) ?? wanted);
  const isVerbose = args.some((arg) => /^--?v/.test(arg));
  if (command !== undefined) return { kind: 'show', text: `${commandHelp(command)}\n` };
  if (!isVerbose) return { kind: 'show', text: `${usageListing(tool, wanted)}\n` };
  const below = [...tool.commands.values()].filter((one) => wanted === '' || one.words.startsWith(`${wanted} `));
  return { kind: 'show', text: `${below.map(commandHelp).join('\n\n')}\n` };
}

/** The words of an unfinished command that are names of commands: the listing is of what stands below them. */
function wordsBefore(tool: Tool, args: readonly string[]): string {
  const known = (words: string) => [...tool.commands.keys()].some((name) => name.startsWith(`${words} `));
  let words = '';
  for (const arg of args) {
    const next = words === '' ? arg : `${words} ${arg}`;
    if (!known(next)) break;
    words = next;
  }
  return words;
}

/** `--password` without a value is asked for on the terminal. */
function withEmptyPasswords(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return args.map((arg, index) => {
    const isPassword = /^--?pass(?:w(?:o(?:rd?)?)?)?$/.test(arg) && (end < 0 || index < end);
    const next = args[index + 1];
    return isPassword && (next === undefined || next.startsWith('-')) ? `${arg}=` : arg;
  });
}
