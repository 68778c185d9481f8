/**
 * One command of pveum, pvesm or pvenode: the method that it stands for, called here as root@pam (spec/cli.md §1), and what is printed.
 * Unlike pvesh, these tools never go to another node.
 */
import { superuser } from '../../runtime/formats/access/identity.ts';
import { run } from '../api/dispatch.ts';
import { handlerOf } from '../api/handlers.ts';
import { methodFacts, type Verb } from '../api/inventory/registry.ts';
import { mergedParameters, type Parameters } from '../api/parameters.ts';
import { partOf } from '../api/parts.ts';
import { validationErrors } from '../api/validation.ts';
import type { ApiWorld } from '../api/world.ts';
import { ToolFailure } from '../command-line/failure.ts';
import { followTask, taskExitCode } from '../command-line/foreground-task.ts';
import type { Terminal } from '../command-line/output-format.ts';
import { resultText } from '../pvesh/result-text.ts';
import { contentOfFiles } from './file-options.ts';
import type { Given } from './given.ts';
import { ownCommands } from './own-commands.ts';
import { ownOutputs } from './own-output.ts';
import type { ToolCommand } from './tool.ts';

export interface ToolPorts {
  readonly world: ApiWorld;
  readonly print: (text: string) => void;
  readonly warn: (line: string) => void;
  readonly terminal: Terminal;
  /** Asks on the terminal without echo. */
  readonly askPassword: (prompt: string) => Promise<string>;
  /** Throws with a sentence. */
  readonly readFile: (path: string) => Buffer;
}

/** The exit code. A failure is thrown. */
export async function runCommand(command: ToolCommand, given: Given, ports: ToolPorts): Promise<number> {
  const { world, print, warn, terminal } = ports;
  const own = ownCommands[nameOf(command)];
  const asked = await withPassword(command, given.params, ports.askPassword);
  const params = contentOfFiles(command, asked, ports.readFile);
  const call = (verb: Verb, path: string, values: Parameters) => callMethod(world, verb, path, values);
  const result =
    command.facts === undefined
      ? await own!({ params: checked(command, params), world, call })
      : await call(command.facts.verb, command.facts.path, { ...params, ...command.fixed });
  const status = await followTask(world, result, print);
  if (status !== undefined) {
    if (command.words.startsWith('acme ')) print(`Task ${status}\n`);
    return taskExitCode(status, warn);
  }
  print(outputOf(command, result, given.format, terminal));
  return 0;
}

function nameOf({ tool, words }: ToolCommand): string {
  return `${tool} ${words}`;
}

function outputOf(command: ToolCommand, result: unknown, format: Given['format'], terminal: Terminal): string {
  const own = ownOutputs[nameOf(command)];
  const isText = format.outputFormat === undefined || format.outputFormat === 'text';
  if (command.output === 'none' && own === undefined) return '';
  if (own !== undefined && isText) return format.quiet ? '' : own(result, { format, terminal });
  return resultText(result, command.facts?.returns ?? {}, format, terminal);
}

async function callMethod(world: ApiWorld, verb: Verb, path: string, given: Parameters): Promise<unknown> {
  const facts = methodFacts(verb, path)!;
  const values: Parameters =
    path.includes('{node}') && given.node === undefined ? { ...given, node: world.nodeName } : given;
  const method = await handlerOf(verb, path);
  if (method === undefined) {
    const filled = path.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
    throw new ToolFailure(`Method '${verb} ${filled}' not implemented: ${partOf(path)} is not in this release`);
  }
  const merged = mergedParameters(facts, new Map(), values);
  if ('refusal' in merged) throw new ToolFailure(merged.refusal.message);
  const caller = { identity: superuser, isToken: false };
  const answer = await run({ kind: 'run', facts, params: merged.params, method }, caller, world);
  if (answer.ok) return answer.data;
  const { status, message, errors } = answer.refusal;
  if (status !== 400) throw new ToolFailure(message.trimEnd());
  throw badParameters(message, errors);
}

function badParameters(message: string, errors: Readonly<Record<string, string>> = {}): ToolFailure {
  const lines = Object.entries(errors).map(([name, text]) => `${name}: ${text.trimEnd()}`);
  return new ToolFailure([`400 ${message.trimEnd()}`, ...lines].join('\n'), true);
}

/** Parameters of a command that stands for no method. */
function checked({ parameters }: ToolCommand, given: Parameters): Parameters {
  const properties = Object.fromEntries(parameters.map(({ name, in: _in, ...schema }) => [name, schema]));
  const values = { ...given };
  const errors = validationErrors(values, { type: 'object', additionalProperties: 0, properties });
  if (errors !== undefined) throw badParameters('Parameter verification failed.', errors);
  return values;
}

async function withPassword(
  command: ToolCommand,
  params: Parameters,
  ask: ToolPorts['askPassword'],
): Promise<Parameters> {
  if (!command.asksPassword && params.password !== '') return params;
  if (command.words === 'ticket') return { ...params, password: await ask('Enter password: ') };
  const password = await ask('Enter new password: ');
  const again = await ask('Retype new password: ');
  if (password !== again) throw new ToolFailure('passwords do not match');
  return { ...params, password };
}
