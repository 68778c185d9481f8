/**
 * `actors.json`: which actors a node runs, where each lives, and the bounds of their lives.
 *
 * ```json
 * { "supervisor": { "strategy": "one_for_one", "intensity": 5, "period_ms": 60000 },
 *   "actors": { "cluster": { "module": "actors/…/actor.ts", "ports": "actors/…/ports.ts", "mode": "forked" } } }
 * ```
 * An actor may also have `clusterSize`, `start_timeout_ms`, `shutdown_ms`, `kill_timeout_ms`,
 * `heartbeat { interval_ms, timeout_ms }` and `back_off { initial_ms, max_ms }`.
 */
import type { ActorMode } from './host.ts';
import { type ChildBounds, type ChildSpec, defaultBounds } from './supervision.ts';

export interface ActorsFile {
  readonly intensity: number;
  readonly period_ms: number;
  readonly actors: readonly ActorEntry[];
}

export interface ActorEntry {
  readonly name: string;
  readonly mode: ActorMode;
  readonly module: string;
  readonly portsModule: string | undefined;
  readonly clusterSize: number;
  readonly bounds: ChildBounds;
}

export type ActorsFileResult =
  | { readonly ok: true; readonly file: ActorsFile }
  | { readonly ok: false; readonly errors: readonly string[] };

type Json = { readonly [key: string]: unknown };

/** Reads the text of an actors file. Every error is one sentence that names the file and the key. */
export function readActorsFile(text: string, fileName: string): ActorsFileResult {
  const errors: string[] = [];
  const read = new Reader(fileName, errors);
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (thrown) {
    return { ok: false, errors: [`${fileName}: not JSON: ${thrown instanceof Error ? thrown.message : thrown}`] };
  }
  const top = read.object(root, '', ['supervisor', 'actors']);
  const supervisor = read.object(top.supervisor, 'supervisor', ['strategy', 'intensity', 'period_ms']);
  if (supervisor.strategy !== 'one_for_one') read.error('supervisor.strategy', 'must be "one_for_one"');
  const actors = read.object(top.actors, 'actors');
  const file: ActorsFile = {
    intensity: read.integer(supervisor.intensity, 'supervisor.intensity', 0, undefined),
    period_ms: read.integer(supervisor.period_ms, 'supervisor.period_ms', 1, undefined),
    actors: Object.keys(actors).map((name) => actorEntry(read, name, actors[name])),
  };
  return errors.length === 0 ? { ok: true, file } : { ok: false, errors };
}

/** The child of an entry; `parameters` go to the `realPorts` of its ports module. */
export function childSpecOf(entry: ActorEntry, parameters: unknown): ChildSpec {
  const { name, mode, module, portsModule, clusterSize, bounds } = entry;
  return {
    name,
    mode,
    clusterSize,
    bounds,
    source: { module, parameters, ...(portsModule === undefined ? {} : { portsModule }) },
  };
}

const actorKeys = [
  'module',
  'ports',
  'mode',
  'clusterSize',
  'start_timeout_ms',
  'shutdown_ms',
  'kill_timeout_ms',
  'heartbeat',
  'back_off',
] as const;

function actorEntry(read: Reader, name: string, value: unknown): ActorEntry {
  const path = `actors.${name}`;
  if (!/^[a-z][a-z0-9-]*$/.test(name)) read.error(path, 'is not a name in kebab-case');
  const actor = read.object(value, path, actorKeys);
  const heartbeat = read.object(actor.heartbeat ?? {}, `${path}.heartbeat`, ['interval_ms', 'timeout_ms']);
  const backOff = read.object(actor.back_off ?? {}, `${path}.back_off`, ['initial_ms', 'max_ms']);
  const bound = (from: Json, key: string, fallback: number): number =>
    read.integer(from[key], `${path}.${key}`, 1, fallback);
  return {
    name,
    mode: read.mode(actor.mode, `${path}.mode`),
    module: read.text(actor.module, `${path}.module`),
    portsModule: actor.ports === undefined ? undefined : read.text(actor.ports, `${path}.ports`),
    clusterSize: bound(actor, 'clusterSize', 1),
    bounds: {
      start_timeout_ms: bound(actor, 'start_timeout_ms', defaultBounds.start_timeout_ms),
      shutdown_ms: bound(actor, 'shutdown_ms', defaultBounds.shutdown_ms),
      kill_timeout_ms: bound(actor, 'kill_timeout_ms', defaultBounds.kill_timeout_ms),
      heartbeat: {
        interval_ms: bound(heartbeat, 'interval_ms', defaultBounds.heartbeat.interval_ms),
        timeout_ms: bound(heartbeat, 'timeout_ms', defaultBounds.heartbeat.timeout_ms),
      },
      backOff: {
        initial_ms: bound(backOff, 'initial_ms', defaultBounds.backOff.initial_ms),
        max_ms: bound(backOff, 'max_ms', defaultBounds.backOff.max_ms),
      },
    },
  };
}

const modes: readonly string[] = ['in-memory', 'forked', 'threaded'] satisfies readonly ActorMode[];

/** Reads values of one file and collects what is wrong with them. */
class Reader {
  readonly #fileName: string;
  readonly #errors: string[];

  constructor(fileName: string, errors: string[]) {
    this.#fileName = fileName;
    this.#errors = errors;
  }

  error(path: string, what: string): void {
    this.#errors.push(`${this.#fileName}: ${path === '' ? 'the file' : path} ${what}`);
  }

  object(value: unknown, path: string, keys?: readonly string[]): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.error(path, 'must be an object');
      return {};
    }
    for (const key of Object.keys(value)) {
      if (keys !== undefined && !keys.includes(key)) this.error(path, `has the unknown key "${key}"`);
    }
    return value as Json;
  }

  integer(value: unknown, path: string, min: number, fallback: number | undefined): number {
    if (value === undefined && fallback !== undefined) return fallback;
    if (Number.isSafeInteger(value) && (value as number) >= min) return value as number;
    this.error(path, `must be a whole number of at least ${min}`);
    return min;
  }

  text(value: unknown, path: string): string {
    if (typeof value === 'string' && value !== '') return value;
    this.error(path, 'must be a text');
    return '';
  }

  mode(value: unknown, path: string): ActorMode {
    if (typeof value === 'string' && modes.includes(value)) return value as ActorMode;
    this.error(path, `must be one of ${modes.join(', ')}`);
    return 'in-memory';
  }
}
