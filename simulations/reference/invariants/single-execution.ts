/**
 * Two nodes that run one guest write to one disk: its data is lost.
 *
 * Two exceptions, both of the original's own making. A guest that a person moved by hand leaves its running mark on the old node.
 * And whoever disarms HA takes lock and watchdog from guests that run on: where such a node is cut off before HA is armed again,
 * its free lock passes as proof that it was fenced, and its guests are started a second time.
 */
import type { DaemonHost } from '../daemon-host.ts';
import type { RoundRobinWorld } from '../round-robin.ts';
import { type Invariant, lrmOf } from './checker.ts';

export function singleExecution(): Invariant {
  const movedByHand = new Set<string>();
  /** Node → its guests run without a watchdog since a disarm. */
  const unguarded = new Set<string>();
  const judge = (world: RoundRobinWorld) => runningTwice(world, movedByHand, unguarded);
  return {
    name: '16.1 single execution',
    iteration: (host, world) => {
      noteGuard(host, world, unguarded);
      return judge(world);
    },
    command: (text, world) => {
      const [, sid = '', verb] = text.split(' ');
      // A service may be added as running on one node while it still runs on another: that is the scenario's doing.
      if (verb === 'manual-migrate' || verb === 'add') movedByHand.add(sid);
      return judge(world);
    },
  };
}

function noteGuard(host: DaemonHost, { hardware }: RoundRobinWorld, unguarded: Set<string>): void {
  for (const name of unguarded) if (!hardware.node(name).power) unguarded.delete(name);
  const lrm = lrmOf(host);
  if (lrm === undefined) return;
  if (lrm.state === 'active') unguarded.delete(host.node);
  else if (lrm.mode === 'disarm' && lrm.state === 'wait_for_agent_lock') unguarded.add(host.node);
}

function runningTwice(
  { hardware }: RoundRobinWorld,
  except: ReadonlySet<string>,
  unguarded: ReadonlySet<string>,
): string | undefined {
  const seen = new Map<string, string>();
  for (const [name, { power, running }] of hardware.nodes) {
    if (!power || unguarded.has(name)) continue;
    for (const [sid, isRunning] of running) {
      if (!isRunning || except.has(sid)) continue;
      const other = seen.get(sid);
      if (other !== undefined) return `${sid} runs on ${other} and ${name}`;
      seen.set(sid, name);
    }
  }
  return undefined;
}
