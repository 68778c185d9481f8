/**
 * A node's root: the supervisor of its daemons and the boot socket, by which tools look at them and restart one.
 *
 * Which daemons there are, where each lives and the bounds of their lives stand in `actors.json`.
 */
import { childLife } from '../../machines/daemons/child-life.ts';
import { ActorSystem } from '../../runtime/actor-system/actor-system.ts';
import { type ActorEntry, childSpecOf, readActorsFile } from '../../runtime/actor-system/actors-file.ts';
import { address } from '../../runtime/actor-system/address.ts';
import { createComedyHost } from '../../runtime/actor-system/comedy-host.ts';
import { askPromise } from '../../runtime/actor-system/promises.ts';
import type { Clock } from '../../runtime/clock/clock.ts';
import { type ControlHandler, type ControlOutcome, startControlServer } from '../../runtime/ipc/control-server.ts';
import { logLine } from '../../runtime/log/line.ts';
import type { Log } from '../../runtime/log/log.ts';
import type { LogEntry, MemoryLog } from '../../runtime/log/memory.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import type { Random } from '../../runtime/random/random.ts';
import type { FaceStatus, StatusProtocol } from './cluster/actor.ts';
import type { ClusterParameters } from './cluster/ports.ts';
import { FirstStartPolicy } from './first-start-policy.ts';

export interface BootOptions {
  readonly layout: NodeLayout;
  /** Text of `actors.json`, and its name for complaints. */
  readonly actorsFile: { readonly text: string; readonly name: string };
  /** Start only these; all of the file where it is undefined. */
  readonly only: readonly string[] | undefined;
  readonly parameters: ClusterParameters;
  readonly clock: Clock;
  readonly random: Random;
  /** Takes the lines of all daemons. */
  readonly log: Log;
  /** What `log` answers from. */
  readonly recent: MemoryLog;
  /** Aborted when the node is to end before it has started. */
  readonly signal: AbortSignal;
  /** Starts the watchdog multiplexer, which the daemons of high availability need. */
  readonly startWatchdog?: () => Promise<{ stop(): Promise<void> }>;
  /** The supervisor has given up after it had started. */
  readonly onFailure: (reason: string) => void;
}

export interface BootedNode {
  /** Ends all daemons in reverse order, each within its bound. */
  stop(): Promise<void>;
}

/** The parts of the cluster process without which a node that starts is of no use to anybody. */
const FACES = ['file-system', 'ipc', 'control'] as const;
const ASK_DEADLINE_MS = 5000;
const OPENING_POLL_MS = 20;

/** Resolves when all daemons run and are open to others; rejects with a sentence when one can't be started. */
export async function bootNode(options: BootOptions): Promise<BootedNode> {
  const { layout, parameters, clock, random, log } = options;
  const read = readActorsFile(options.actorsFile.text, options.actorsFile.name);
  if (!read.ok) throw new Error(read.errors.join('\n'));
  const policy = new FirstStartPolicy(read.file);
  const node = parameters.nodeName;
  let isUp = false;
  const system = new ActorSystem({
    node,
    clock,
    log,
    host: createComedyHost({ node, clock, random, log }),
    supervision: { life: childLife, restarts: policy },
    onChildState: (child, state) => {
      if (state === 'running') policy.noteRunning(child);
    },
    onFailure: (reason) => {
      if (isUp) options.onFailure(reason);
    },
  });
  const entries = wanted(read.file.actors, options);
  const [first, others] = [entries.filter(isCluster), entries.filter((entry) => !isCluster(entry))];
  for (const entry of first) system.add(childSpecOf(entry, parameters));
  const listener = await startControlServer({
    path: layout.bootSocket,
    domain: 'main',
    log,
    handlers: bootHandlers(system, options.recent),
  });
  if ('failure' in listener) {
    const { code, message } = listener.failure;
    throw new Error(code === 'in-use' ? `this node is running already: ${message}` : message);
  }
  let watchdog: { stop(): Promise<void> } | undefined;
  const stop = async () => {
    await new Promise<void>((resolve) => {
      system.stop(resolve);
    });
    await watchdog?.stop();
    await listener.close();
  };
  options.signal.addEventListener('abort', () => system.stop(() => {}));
  const failure = await new Promise<string | undefined>((resolve) => {
    system.start(resolve);
  });
  if (failure !== undefined) {
    await stop();
    throw new Error(policy.refusal ?? failure);
  }
  const refusal = await firstRefusal(system, options);
  if (refusal !== undefined) {
    await stop();
    throw new Error(refusal);
  }
  if (others.some(isHa)) {
    watchdog = await options.startWatchdog?.().catch((error: Error) => {
      log.write('main', 'error', `${error.message}; services of high availability can't be run here`);
      return undefined;
    });
  }
  const laterFailure = await startInTurn(system, others, options);
  if (laterFailure !== undefined) {
    await stop();
    throw new Error(policy.refusal ?? laterFailure);
  }
  isUp = true;
  return { stop };
}

/** What the others stand on. */
function isCluster({ name }: { readonly name: string }): boolean {
  return name === 'cluster';
}

function isHa({ name }: { readonly name: string }): boolean {
  return name.startsWith('pve-ha-');
}

/** Starts the daemons that need an open cluster process, one after the other; the sentence of the first that fails or is stopped. */
async function startInTurn(
  system: ActorSystem,
  entries: readonly ActorEntry[],
  { parameters, signal }: Pick<BootOptions, 'parameters' | 'signal'>,
): Promise<string | undefined> {
  for (const entry of entries) {
    if (signal.aborted) return 'the node was ended before all its daemons ran';
    system.add(childSpecOf(entry, parameters));
    const failure = await new Promise<string | undefined>((resolve) => system.startChild(entry.name, resolve));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Waits until the faces are open, or says which one can't be opened and why. A later refusal is only logged. */
async function firstRefusal(
  system: ActorSystem,
  { clock, parameters }: Pick<BootOptions, 'clock' | 'parameters'>,
): Promise<string | undefined> {
  for (const face of FACES) {
    const to = address<StatusProtocol>(parameters.nodeName, face);
    for (;;) {
      const reply = await askPromise(system, to, { type: 'status' }, ASK_DEADLINE_MS);
      if (!reply.ok) break;
      const { state, reason, isBearable } = reply.value as FaceStatus;
      if (state === 'refused' && !isBearable) return reason;
      if (state !== 'opening') break;
      await new Promise<void>((resolve) => {
        clock.setTimeout(resolve, OPENING_POLL_MS);
      });
    }
  }
  return undefined;
}

function wanted<E extends { readonly name: string }>(
  actors: readonly E[],
  { only, actorsFile }: BootOptions,
): readonly E[] {
  if (only === undefined) return actors;
  const names = actors.map(({ name }) => name);
  for (const name of only) {
    if (!names.includes(name)) {
      throw new Error(`--only: there is no actor '${name}' in ${actorsFile.name}; it has ${names.join(', ')}`);
    }
  }
  return actors.filter(({ name }) => only.includes(name));
}

function bootHandlers(system: ActorSystem, recent: MemoryLog): Record<string, ControlHandler> {
  /** Runs a change of one child. */
  const ofChild =
    (run: (name: string) => Promise<string | undefined>): ControlHandler =>
    async (params) => {
      const name = (params as { name?: unknown } | undefined)?.name;
      if (typeof name !== 'string') return { error: { code: 'bad-parameters', message: 'name is a text' } };
      const failure = await run(name);
      return failure === undefined ? { result: {} } : { error: { code: 'failed', message: failure } };
    };
  const stopChild = (name: string) => new Promise<string | undefined>((resolve) => system.stopChild(name, resolve));
  const startChild = (name: string) => new Promise<string | undefined>((resolve) => system.startChild(name, resolve));
  return {
    actors: () => ({ result: system.status() }),
    stop: ofChild(stopChild),
    start: ofChild(startChild),
    restart: ofChild(async (name) => (await stopChild(name)) ?? (await startChild(name))),
    log: (params, call) => followLog(recent, params, call),
  };
}

/** `{ lines, follow }`: the last lines as events, then new ones until the caller goes. */
function followLog(
  recent: MemoryLog,
  params: unknown,
  call: Parameters<ControlHandler>[1],
): ControlOutcome | Promise<ControlOutcome> {
  const { lines = 50, follow = false } = (params ?? {}) as { lines?: number; follow?: boolean };
  const send = ({ wall_ms, domain, level, message }: LogEntry) =>
    call.event({ wall_ms, line: logLine(domain, level, message) });
  const kept = recent.entries();
  for (const entry of lines > 0 ? kept.slice(-lines) : []) send(entry);
  if (!follow) return { result: {} };
  return new Promise((resolve) => {
    const unfollow = recent.follow(send);
    call.signal.addEventListener('abort', () => {
      unfollow();
      resolve({ result: {} });
    });
  });
}
