/** Spec/ha.md §16.12. */
import type { CheckerFactory } from '../observation.ts';
import { firstTime, LockLedger, MANAGER_LOCK } from './lock-ledger.ts';
import { Unguarded } from './unguarded.ts';

const GUEST = /^nodes\/([^/]+)\/(?:qemu-server|lxc)\/(\d+)\.conf$/;

export const configOwnership: CheckerFactory = (view, fail) => {
  const locks = new LockLedger();
  const unguarded = new Unguarded();
  const isFirst = firstTime();
  /** Moves that somebody may make has begun: `from to`. */
  const begun = new Set<string>();
  return {
    rule: '16.12 config ownership',
    why: 'whoever has the configuration of a guest may start it',
    ...unguarded.hooks,
    configMoves: ({ name }, sid, target) => begun.add(`${name} ${target} ${vmidOf(sid)}`),
    fileCall: ({ core, kind, machine }, { op, path, to = '' }) => {
      const [, from, vmid] = GUEST.exec(path) ?? [];
      if (op !== 'rename' || from === undefined) return;
      begun.add(`${from} ${GUEST.exec(to)?.[1]} ${vmid}`);
      const what = `${machine.name} moves guest ${vmid} from ${from}`;
      if (kind !== 'crm' || core.state !== 'master') fail(`${what}, and is no master`);
      if (locks.get(MANAGER_LOCK)?.owner !== machine.nodeid) fail(`${what} without the manager's lock`);
      const old = view.ha?.machine(from);
      if (old?.guests.has(`vm:${vmid}`) === true && !unguarded.has(old)) fail(`${what}, where it runs`);
    },
    changed: (_node, change) => {
      locks.note(change, view.now_ms);
      const [, from, vmid] = GUEST.exec(change.path) ?? [];
      if (!isFirst(change) || change.kind !== 'rename' || from === undefined) return;
      const move = `${from} ${GUEST.exec(change.detail)?.[1]} ${vmid}`;
      if (!begun.has(move)) fail(`guest ${vmid} was moved from ${from} by nobody who may`);
    },
  };
};

function vmidOf(sid: string): string {
  return sid.slice(sid.indexOf(':') + 1);
}
