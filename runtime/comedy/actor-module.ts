/**
 * Loads an actor by the paths in `actors.json`. A module exports `actor` (a definition or group); a ports module exports
 * `realPorts(base, parameters)`, and may export `realTrace(base, parameters)`.
 */
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Hostable } from '../actor-system/definition.ts';
import type { Clock } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import type { Random } from '../random/random.ts';
import type { Trace } from '../trace/trace.ts';

/** Ports that every real actor gets; `realPorts` builds the others upon them. */
export interface BasePorts {
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface ActorModule {
  readonly actor: Hostable<unknown>;
}

export interface PortsModule {
  realPorts(base: BasePorts, parameters: unknown): unknown;
  realTrace?(base: BasePorts, parameters: unknown): Trace;
}

/** Are we running the TypeScript sources (under tsx), or what tsc made of them? */
export const runsFromSource = import.meta.url.endsWith('.ts');

const tree = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** The root of the running tree: the repository, or its `dist/`, which has all that was bundled too. */
const root = basename(tree) === 'bundled' ? dirname(tree) : tree;

/** The URL of a module named relative to the root with its `.ts` extension, in whichever tree is running. */
export function moduleUrl(path: string): string {
  return pathToFileURL(join(root, runsFromSource ? path : path.replace(/\.ts$/, '.js'))).href;
}

/** Loads the definition. Rejects with a sentence where the module exports none. */
export async function loadActor(url: string): Promise<Hostable<unknown>> {
  const module = (await import(url)) as Partial<ActorModule>;
  if (typeof module.actor?.name !== 'string') throw new Error(`${url} exports no "actor"`);
  return module.actor;
}

/** Builds the real ports; the base ports alone where there is no ports module. */
export async function loadPorts(
  url: string,
  base: BasePorts,
  parameters: unknown,
): Promise<{ readonly ports: unknown; readonly trace?: Trace }> {
  if (url === '') return { ports: base };
  const module = (await import(url)) as Partial<PortsModule>;
  if (typeof module.realPorts !== 'function') throw new Error(`${url} exports no "realPorts"`);
  const ports: unknown = await module.realPorts(base, parameters);
  const trace = module.realTrace?.(base, parameters);
  return trace === undefined ? { ports } : { ports, trace };
}
