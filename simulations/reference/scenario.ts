/** A scenario of the round-robin world: the texts of its directory (spec/ha.md §1.1), and what they mean. */
import { type ManagerStatus, sortedKeys } from '../../machines/ha/state-files.ts';

/** File name → text. `log.expect` and `README` are never among them. */
export type ScenarioFiles = Readonly<Record<string, string>>;

export interface NodeHardware {
  readonly power: boolean;
  readonly network: boolean;
  /** Cores; absent where the file has none. */
  readonly maxcpu: number | undefined;
  /** Bytes. */
  readonly maxmem: number | undefined;
  readonly version: string | undefined;
}

/** An entry of `service_config` as it stands in the file. */
export type RawService = Readonly<Record<string, unknown>>;

/** cpu in cores, memory in bytes. */
export type StaticFigures = { readonly maxcpu?: number; readonly maxmem?: number };
export type DynamicFigures = { readonly cpu?: number; readonly mem?: number };

export interface Scenario {
  readonly batches: readonly (readonly string[])[];
  readonly hardware: Readonly<Record<string, NodeHardware>>;
  readonly managerStatus: ManagerStatus;
  readonly services: Readonly<Record<string, RawService>>;
  readonly rules: string;
  readonly groups: string;
  readonly datacenter: Readonly<Record<string, unknown>>;
  readonly staticStats: Readonly<Record<string, StaticFigures>>;
  readonly dynamicStats: Readonly<Record<string, DynamicFigures>>;
  /** Node → sid → is it running? */
  readonly running: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export const MIB = 1024 * 1024;
export const DEFAULT_NODE = { maxcpu: 24, maxmem: 131072 * MIB } as const;

/** Throws an Error with a sentence for people where a file is malformed. */
export function readScenario(files: ScenarioFiles): Scenario {
  const services = jsonObject(files, 'service_config', defaultServices) as Record<string, RawService>;
  const staticStats = jsonObject(files, 'static_service_stats', () =>
    fromKeys(services, () => ({ maxcpu: 4, maxmem: 4096 * MIB })),
  ) as Record<string, StaticFigures>;
  const dynamicStats = jsonObject(files, 'dynamic_service_stats', () =>
    fromKeys(staticStats, () => ({ cpu: 2, mem: 2048 * MIB })),
  ) as Record<string, DynamicFigures>;
  const hardware = readHardware(jsonObject(files, 'hardware_status', defaultHardware));
  return {
    batches: readBatches(files),
    hardware,
    managerStatus: jsonObject(files, 'manager_status', () => ({})) as ManagerStatus,
    services,
    rules: files.rules_config ?? '',
    groups: files.groups ?? '',
    datacenter: jsonObject(files, 'datacenter.cfg', () => ({})),
    staticStats,
    dynamicStats,
    running: fromKeys(hardware, (node) => jsonObject(files, `service_status_${node}`, () => ({}))),
  };
}

function readBatches(files: ScenarioFiles): Scenario['batches'] {
  const text = files.cmdlist;
  if (text === undefined) throw new Error('there is no cmdlist');
  const batches = parseJson('cmdlist', text);
  const isList = (value: unknown) => Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  if (!Array.isArray(batches) || !batches.every(isList)) throw new Error('cmdlist is not a list of lists of commands');
  return batches as string[][];
}

function readHardware(table: Record<string, unknown>): Record<string, NodeHardware> {
  return fromKeys(table, (node) => {
    const entry = table[node] as Record<string, unknown>;
    const number = (key: string) => (entry[key] === undefined ? undefined : Number(entry[key]));
    const version = entry['pve-manager-version'];
    return {
      power: entry.power === 'on',
      network: entry.network === 'on',
      maxcpu: number('maxcpu'),
      maxmem: number('maxmem'),
      version: version === undefined ? undefined : String(version),
    };
  });
}

function defaultHardware(): Record<string, unknown> {
  const off = { power: 'off', network: 'off', ...DEFAULT_NODE };
  return { node1: off, node2: off, node3: off };
}

function defaultServices(): Record<string, unknown> {
  const sids = ['vm:101', 'vm:102', 'vm:103', 'vm:104', 'vm:105', 'vm:106'];
  return Object.fromEntries(sids.map((sid, i) => [sid, { node: `node${(i % 3) + 1}` }]));
}

function fromKeys<Value>(table: Readonly<Record<string, unknown>>, value: (key: string) => Value) {
  return Object.fromEntries(sortedKeys(table).map((key) => [key, value(key)])) as Record<string, Value>;
}

function jsonObject(
  files: ScenarioFiles,
  name: string,
  otherwise: () => Record<string, unknown>,
): Record<string, unknown> {
  const text = files[name];
  if (text === undefined) return otherwise();
  const value = parseJson(name, text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${name} is not an object`);
  return value as Record<string, unknown>;
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`);
  }
}
