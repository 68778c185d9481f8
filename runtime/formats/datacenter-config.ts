/**
 * `datacenter.cfg`: `key: value` lines (spec/ha.md §8.6). What HA and the LRM read is checked; everything else is somebody else's and
 * stays as it is. Texts are byte strings.
 *
 *  I1 Reading always succeeds: a line or a value that can't be used is left out with a warning, and its default counts.
 *  I2 An edit changes the lines of its keys only; comments, empty lines and lines that can't be read keep their place.
 */
import { byBytes } from './byte-string.ts';
import { checkValue, readPropertyString } from './property-check.ts';
import type { NamedFormats, PropertySchema, PropertyStringFormat } from './property-schema.ts';

export type FencingMode = 'watchdog' | 'hardware' | 'both';

export interface DatacenterConfig {
  readonly ha?: { readonly shutdown_policy: string };
  /** Numbers and flags as numbers; threshold and margin of the rebalancing as fractions. */
  readonly crs?: Readonly<Record<string, string | number>>;
  readonly fencing: FencingMode;
  /** How many commands an LRM runs at once. */
  readonly max_workers: number;
  /** All keys of the file as they are written there, also those that had a warning. */
  readonly values: ReadonlyMap<string, string>;
}

export interface DatacenterReading {
  /**
   * What `ha-auto-rebalance-threshold` and `-margin` are written in (spec/ha.md §3.3: the schema documents percent, HA 5.2.0 compares
   * the numbers as fractions).
   */
  readonly rebalanceUnit?: 'percent' | 'fraction';
  /** As it shall stand in warnings. */
  readonly fileName?: string;
}

export const DEFAULT_MAX_WORKERS = 4;

const haFormat: PropertyStringFormat = {
  shutdown_policy: { type: 'string', enum: ['freeze', 'failover', 'conditional', 'migrate'] },
};

const percentage = { type: 'number', minimum: 0, maximum: 100, optional: 1 } as const;

const crsFormat: PropertyStringFormat = {
  ha: { type: 'string', enum: ['basic', 'static', 'dynamic'], optional: 1 },
  'ha-rebalance-on-start': { type: 'boolean', optional: 1 },
  'ha-auto-rebalance': { type: 'boolean', optional: 1 },
  'ha-auto-rebalance-threshold': percentage,
  'ha-auto-rebalance-method': { type: 'string', enum: ['bruteforce', 'topsis'], optional: 1 },
  'ha-auto-rebalance-hold-duration': { type: 'number', minimum: 0, optional: 1 },
  'ha-auto-rebalance-margin': percentage,
};

const AUTO_REBALANCE = 'ha-auto-rebalance';
const needsAutoRebalance = new Set(Object.keys(crsFormat).filter((key) => key.startsWith(`${AUTO_REBALANCE}-`)));
const inRebalanceUnit = new Set([`${AUTO_REBALANCE}-threshold`, `${AUTO_REBALANCE}-margin`]);

const plainValues: Readonly<Record<string, PropertySchema>> = {
  fencing: { type: 'string', enum: ['watchdog', 'hardware', 'both'] },
  max_workers: { type: 'integer', minimum: 1 },
};

const noFormats: NamedFormats = new Map();
const keyLine =
  /^([^ \t\r\n\f\v:#][^ \t\r\n\f\v:]*):[ \t\r\f\v]*([^ \t\r\n\f\v](?:[^\n]*[^ \t\r\n\f\v])?)[ \t\r\f\v]*$/;
const noLine = /^[ \t\r\f\v]*(?:#|$)/;

export function readDatacenterConfig(
  text: string,
  { rebalanceUnit = 'percent', fileName = 'datacenter.cfg' }: DatacenterReading = {},
): { readonly config: DatacenterConfig; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const values = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (noLine.test(line)) continue;
    const match = keyLine.exec(line);
    if (match === null) warnings.push(`file ${fileName} line ${index + 1} - ignore config line: ${line}`);
    else values.set(match[1]!, match[2]!);
  }
  const complain = (key: string, error: string) => {
    for (const one of error.split('\n')) warnings.push(`file ${fileName} - ignore value of '${key}': ${one}`);
    return undefined;
  };
  const ha = readHa(values.get('ha'), complain);
  const crs = readCrs(values.get('crs'), rebalanceUnit, complain);
  const plain = (key: string) => {
    const value = values.get(key);
    if (value === undefined) return undefined;
    const error = checkValue(value, plainValues[key]!, noFormats);
    return error === undefined ? value : complain(key, error);
  };
  return {
    config: {
      ...(ha !== undefined && { ha }),
      ...(crs !== undefined && { crs }),
      fencing: (plain('fencing') ?? 'watchdog') as FencingMode,
      max_workers: Number(plain('max_workers') ?? DEFAULT_MAX_WORKERS),
      values,
    },
    warnings,
  };
}

type Complain = (key: string, error: string) => undefined;

function readHa(text: string | undefined, complain: Complain): DatacenterConfig['ha'] {
  if (text === undefined) return undefined;
  const read = readPropertyString(text, haFormat, noFormats);
  return 'error' in read ? complain('ha', read.error) : { shutdown_policy: read.values.get('shutdown_policy')! };
}

function readCrs(
  text: string | undefined,
  unit: 'percent' | 'fraction',
  complain: Complain,
): Readonly<Record<string, string | number>> | undefined {
  if (text === undefined) return undefined;
  const read = readPropertyString(text, crsFormat, noFormats);
  if ('error' in read) return complain('crs', read.error);
  const lonely = [...read.values.keys()].sort(byBytes).find((key) => needsAutoRebalance.has(key));
  if (lonely !== undefined && !read.values.has(AUTO_REBALANCE)) {
    return complain('crs', `${AUTO_REBALANCE}: missing property required by '${lonely}'`);
  }
  return Object.fromEntries(
    [...read.values].map(([key, value]) => {
      if (crsFormat[key]!.type === 'string') return [key, value];
      return [key, unit === 'percent' && inRebalanceUnit.has(key) ? Number(value) / 100 : Number(value)];
    }),
  );
}

/** Sets the keys to their values, or removes those whose value is null (I2). New keys come last. */
export function editDatacenterConfig(text: string, changes: ReadonlyMap<string, string | null>): string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const written = new Set<string>();
  const kept: string[] = [];
  // From the end, since the last line of a key is the one that counts.
  for (const line of lines.reverse()) {
    const key = keyLine.exec(line)?.[1];
    const value = key === undefined ? undefined : changes.get(key);
    if (key === undefined || value === undefined) kept.push(line);
    else if (value !== null && !written.has(key)) {
      kept.push(`${key}: ${value}`);
      written.add(key);
    }
  }
  kept.reverse();
  for (const [key, value] of changes) if (value !== null && !written.has(key)) kept.push(`${key}: ${value}`);
  return kept.map((line) => `${line}\n`).join('');
}
