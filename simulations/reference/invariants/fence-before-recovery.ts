/** A service that is recovered while its old node still runs it runs twice. */
import type { Deed } from '../daemon-host.ts';
import type { RoundRobinWorld } from '../round-robin.ts';
import { agentOf, crmOf, type Invariant, isGranted } from './checker.ts';

export function fenceBeforeRecovery(): Invariant {
  /** Services whose node was fenced since they entered `fence`; they may be in recovery. */
  const fenced = new Set<string>();
  let isFirst = true;

  const flushed = ({ hardware }: RoundRobinWorld): string | undefined => {
    for (const [sid, { state }] of Object.entries(hardware.managerStatus.service_status ?? {})) {
      if (state !== 'recovery') fenced.delete(sid);
      else if (!fenced.has(sid)) return `${sid} is in recovery, and its node was not fenced`;
    }
    return undefined;
  };
  return {
    name: '16.5 fence before recovery',
    deed: (deed, world) => {
      const { ask, host } = deed;
      if (isFirst) noteRecoveries(world, fenced);
      isFirst = false;
      if (ask.op === 'lock' && ask.do === 'acquire' && isGranted(deed)) noteVictims(deed, ask.name, fenced);
      if (ask.op === 'steal' && !fenced.has(ask.sid))
        return `${host.node} recovered ${ask.sid} before its node was fenced`;
      return ask.op === 'write' && ask.what === 'manager_status' ? flushed(world) : undefined;
    },
  };
}

/** What a scenario begins with is trusted. */
function noteRecoveries({ hardware }: RoundRobinWorld, fenced: Set<string>): void {
  for (const [sid, { state }] of Object.entries(hardware.managerStatus.service_status ?? {})) {
    if (state === 'recovery') fenced.add(sid);
  }
}

/** A master has the agent lock of a node: its services in fence are free. */
function noteVictims({ host }: Deed, lock: string, fenced: Set<string>): void {
  const node = agentOf(lock);
  const status = crmOf(host)?.snapshot.manager?.service_status ?? {};
  for (const [sid, service] of Object.entries(status)) {
    if (service.state === 'fence' && service.node === node) fenced.add(sid);
  }
}
