/**
 * One comedy actor system per process, tamed. What comedy does for us: actors in memory with a mailbox per actor, forked
 * processes with their channel, a tree of both. What it does not do, and we do ourselves: typed messages, asks with
 * deadlines, bounded mailboxes, supervision (its respawn is not used), heartbeats, kills, threads that can be terminated.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import comedy, { type Actor, type ActorSystem } from 'comedy';
import { runsFromSource } from './actor-module.ts';
import type { Report } from './child-protocol.ts';

/**
 * comedy's forked children ping their parent and go deaf where it doesn't answer in time, so a parent that was stalled would
 * lose them all. They learn of its death by their channel instead, so the pings are put off for days.
 */
const never_ms = 2 ** 30;

const preloadFile = join(
  dirname(fileURLToPath(import.meta.url)),
  runsFromSource ? 'without-polyfill.cts' : 'without-polyfill.cjs',
);

export interface ComedySystem {
  readonly system: ActorSystem;
  readonly root: Actor;
}

/**
 * Starts comedy without its side effects: `test` and an empty `config` silence its logger and keep it from watching
 * `actors.json`; its signal handlers, which exit without an end, are taken away. Reports of forked children arrive at
 * the root actor. comedy gives forked children the options of this process, so those get one more.
 */
export async function startComedy(report: (report: Report) => void): Promise<ComedySystem> {
  if (!process.execArgv.includes(preloadFile)) process.execArgv.push('--require', preloadFile);
  const system = comedy.createSystem({ test: true, config: {}, pingTimeout: never_ms, root: { report } });
  process.removeListener('SIGTERM', system.sigtermHandler);
  process.removeListener('SIGINT', system.sigintHandler);
  return { system, root: await system.rootActor() };
}
