/**
 * `ha/fence.cfg`: fence devices, which nodes they are connected to, and the commands of each try (spec/ha.md §11.2).
 * Texts are byte strings.
 *
 *  I1 A file with an error gives no configuration at all.
 *  I2 The sub-devices of one try are parallel: all of their commands must succeed.
 *  I3 Reading what was written gives the same commands for every node and try.
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { quoteArgument, quoteShellWord, splitShellWords } from './shell-words.ts';

export interface FenceSubDevice {
  readonly agent: string;
  readonly args: readonly string[];
  /** Node name to the arguments for this node. */
  readonly connected: ReadonlyMap<string, readonly string[]>;
}

export interface FenceDevice {
  /** Devices are tried in ascending order. */
  readonly priority: number;
  /** By number as written. */
  readonly subDevices: ReadonlyMap<string, FenceSubDevice>;
}

export type FenceConfig = ReadonlyMap<string, FenceDevice>;

export interface FenceCommand {
  readonly agent: string;
  readonly argv: readonly string[];
  /** Agent and arguments, quoted for a shell. */
  readonly line: string;
}

export type ParsedFenceConfig =
  | { readonly config: FenceConfig; readonly warnings: readonly string[] }
  /** The whole message: a head line and a line per error, without a line feed at the end. */
  | { readonly failure: string; readonly warnings: readonly string[] };

interface DraftSubDevice extends FenceSubDevice {
  readonly connected: Map<string, readonly string[]>;
}

interface DraftDevice {
  priority: number;
  readonly subDevices: Map<string, DraftSubDevice>;
}

/** A `device` or `connect` line, taken apart. */
interface FenceLine {
  readonly name: string;
  readonly nr: string;
  /** Agent of a device, `node=…` of a connection. */
  readonly third: string;
  readonly args: readonly string[];
}

const fenceLine = /^(device|connect)[ \t\r\f\v]+([^ \t\r\f\v]+)[ \t\r\f\v]+([^ \t\r\f\v]+)[ \t\r\f\v]+(.+)$/s;
const deviceName = /^(\w+)(?::([0-9]+))?/;

/** @param fileName as it shall stand in messages */
export function parseFenceConfig(text: string, fileName = 'ha/fence.cfg'): ParsedFenceConfig {
  const draft = new FenceDraft();
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/^[ \t\r\f\v]+|[ \t\r\f\v]+$/g, '');
    if (line === '' || line.startsWith('#')) continue;
    const match = fenceLine.exec(line);
    const name = match === null ? null : deviceName.exec(match[2]!);
    if (match === null || name === null) {
      warnings.push(`file ${fileName} line ${index + 1} - ignore config line: ${raw}`);
      continue;
    }
    const args = splitShellWords(match[4]!);
    if (args === undefined)
      warnings.push(`file ${fileName} line ${index + 1} - ignore arguments, a quote is not closed`);
    const parts = { name: name[1]!, nr: name[2] ?? '1', third: match[3]!, args: args ?? [] };
    const error = match[1] === 'device' ? draft.declare(parts) : draft.connect(parts);
    if (error !== undefined) errors.push(`line ${index + 1}: ${error}`);
  }
  if (errors.length === 0) return { config: draft.devices, warnings };
  return { failure: [`Encountered error(s) on parsing '${fileName}':`, ...errors].join('\n'), warnings };
}

class FenceDraft {
  readonly devices = new Map<string, DraftDevice>();
  #nextPriority = 0;

  declare({ name, nr, third: agent, args }: FenceLine): string | undefined {
    const device = this.devices.get(name) ?? { priority: 0, subDevices: new Map() };
    if (device.subDevices.has(nr)) return `device '${name}:${nr}' already declared`;
    // The original takes priority 0 for "none yet": the first device gets another at its second sub-device.
    if (device.priority === 0) device.priority = this.#nextPriority++;
    device.subDevices.set(nr, { agent, args, connected: new Map() });
    this.devices.set(name, device);
    return undefined;
  }

  connect({ name, nr, third, args }: FenceLine): string | undefined {
    const device = this.devices.get(name);
    if (device === undefined) return `device '${name}' must be declared before you can connect to it`;
    const subDevice = device.subDevices.get(nr);
    if (subDevice === undefined) return `No parallel device '${name}:${nr}' found`;
    const node = /node=(\w+)/.exec(third)?.[1];
    if (node === undefined) return `node=nodename needed to connect device '${name}' to node`;
    if (subDevice.connected.has(node)) return `node '${node}' already connected to device '${name}:${nr}'`;
    subDevice.connected.set(node, args);
    return undefined;
  }
}

/** The parallel commands of a try (from 0) for a node; none where the node has no further device. */
export function fenceCommands(config: FenceConfig, node: string, attempt: number): readonly FenceCommand[] {
  const connected = devicesByPriority(config).flatMap(([, device]) => {
    const subDevices = sortedSubDevices(device).filter(([, one]) => one.connected.has(node));
    return subDevices.length === 0 ? [] : [subDevices.map(([, one]) => commandOf(one, node))];
  });
  return connected[attempt] ?? [];
}

/** The commands of each try for a node in turn, with this action in place of one that the configuration names (§11.1). */
export function fenceTries(
  config: FenceConfig,
  node: string,
  action: 'off' | 'status',
): readonly (readonly FenceCommand[])[] {
  return devicesByPriority(config).flatMap(([, device]) => {
    const subDevices = sortedSubDevices(device).filter(([, one]) => one.connected.has(node));
    return subDevices.length === 0 ? [] : [subDevices.map(([, one]) => commandOf(one, node, action))];
  });
}

const actionKeys = new Set(['action', 'option', 'o']);

function commandOf({ agent, args, connected }: FenceSubDevice, node: string, action?: string): FenceCommand {
  const configured = [...args, ...connected.get(node)!].map(optionOf);
  const options =
    action === undefined
      ? configured
      : [...configured.filter(({ key }) => !actionKeys.has(key)), { key: 'action', value: action }];
  const argv = options.flatMap(({ key, value }) => {
    if (key.length === 1) return value === undefined ? [`-${key}`] : [`-${key}`, value];
    return [value === undefined ? `--${key}` : `--${key}=${value}`];
  });
  const words = options.map(({ key, value }) => {
    if (value === undefined) return key.length === 1 ? `-${key}` : `--${key}`;
    return key.length === 1 ? `-${key} ${quoteShellWord(value)}` : `--${key}=${quoteShellWord(value)}`;
  });
  return { agent, argv, line: [agent, ...words].join(' ') };
}

/** The value ends at a second `=`; nothing behind the last `=` is no value. */
function optionOf(argument: string): { readonly key: string; readonly value: string | undefined } {
  const [key, ...fields] = argument.split('=');
  return { key: key!, value: fields.some((field) => field !== '') ? fields[0] : undefined };
}

function devicesByPriority(config: FenceConfig): readonly (readonly [string, FenceDevice])[] {
  return [...config].sort(([, a], [, b]) => a.priority - b.priority);
}

function sortedSubDevices(device: FenceDevice): readonly (readonly [string, FenceSubDevice])[] {
  return [...device.subDevices].sort(([a], [b]) => byBytes(a, b));
}

/** The text of a configuration: an empty line before each sub-device, its connections by node name. */
export function writeFenceConfig(config: FenceConfig): string {
  const lines: string[] = [];
  for (const [name, device] of devicesByPriority(config)) {
    for (const [nr, { agent, args, connected }] of sortedSubDevices(device)) {
      lines.push('', ['device', `${name}:${nr}`, agent, ...args.map(quoteArgument)].join(' '));
      for (const [node, own] of [...connected].sort(([a], [b]) => byBytes(a, b))) {
        lines.push(['connect', `${name}:${nr}`, `node=${node}`, ...own.map(quoteArgument)].join(' '));
      }
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** The text that the fence corpus compares (spec/ha.md §11.2, end). */
export function fenceConformanceOutput(text: string, fileName: string, nodes: readonly string[]): string {
  const parsed = parseFenceConfig(text, fileName);
  if ('failure' in parsed) return `[FenceConfig] ${parsed.failure}\n`;
  const lines: string[] = [];
  for (let attempt = 0, found = true; found; attempt++) {
    lines.push(`[try] ${attempt}`);
    found = false;
    for (const node of nodes) {
      const commands = fenceCommands(parsed.config, node, attempt);
      found ||= commands.length > 0;
      if (commands.length === 0) lines.push(`[${node}-cmd] none`);
      for (const { line } of commands) lines.push(`[${node}-cmd] ${line}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}
