/** A round while HA is disarmed (spec/ha.md §3.9). */
import type { ManagerMemory } from './memory.ts';

export type DisarmRound =
  /** Only these go on: they can't be left where they are. */
  | { readonly round: 'deferred'; readonly sids: readonly string[] }
  /** Nothing more is to be done, and the round is flushed. */
  | { readonly round: 'done' }
  /** The mode isn't known: the round ends unflushed. */
  | { readonly round: 'refused' };

const unsettled = new Set(['fence', 'recovery', 'migrate', 'relocate']);
const freezable = new Set(['started', 'stopped', 'request_stop', 'request_start', 'request_start_balance']);

/** @param mode mode of a node's LRM in this round, undefined where the node was first seen in it */
export function disarmRound(memory: ManagerMemory, mode: (node: string) => string | undefined): DisarmRound {
  const disarm = memory.disarm!;
  if (disarm.mode !== 'freeze' && disarm.mode !== 'ignore') {
    memory.log('err', `unknown disarm-mode '${disarm.mode}', ignoring`);
    return { round: 'refused' };
  }
  const deferred = memory.sids.filter((sid) => unsettled.has(memory.services[sid]!.state));
  for (const sid of deferred) {
    const { state } = memory.services[sid]!;
    const level = state === 'fence' || state === 'recovery' ? 'warning' : 'info';
    memory.log(level, `deferring disarm - service '${sid}' is in '${state}' state`);
  }
  if (deferred.length > 0) return { round: 'deferred', sids: deferred };

  if (disarm.mode === 'freeze') for (const sid of memory.sids) freeze(memory, sid);
  else for (const sid of memory.sids) suspend(memory, sid);
  if (disarm.state !== 'disarmed' && memory.nodes.online.every((node) => mode(node) === 'disarm')) {
    memory.log('info', 'all LRMs disarmed, HA stack is now fully disarmed');
    memory.disarm = { ...disarm, state: 'disarmed' };
  }
  memory.isFullyDisarmed = memory.disarm!.state === 'disarmed';
  return { round: 'done' };
}

function freeze(memory: ManagerMemory, sid: string): void {
  const { state } = memory.services[sid]!;
  if (!freezable.has(state)) return;
  memory.log('info', `disarm: freezing service '${sid}' (was '${state}')`);
  const resource = memory.resource(sid);
  resource.disarm(memory.newUid());
  memory.refresh(resource);
}

function suspend(memory: ManagerMemory, sid: string): void {
  const { cmd, failed_nodes, running, target, timeout } = memory.services[sid]!;
  if ([cmd, failed_nodes, running, target, timeout].every((field) => field === undefined)) return;
  memory.amend(sid, {
    cmd: undefined,
    failed_nodes: undefined,
    running: undefined,
    target: undefined,
    timeout: undefined,
  });
}
