/** What an LRM does with its node's services when it is asked to end (spec/ha.md §4.6). */
import type { In, LogLevel } from '../port.ts';
import type { LrmMode } from '../state-files.ts';

export type ShutdownRequest = Extract<In, { type: 'SHUTDOWN_REQUEST' }>;

interface Line {
  readonly level: LogLevel;
  readonly text: string;
}

const policies = new Set(['conditional', 'freeze', 'failover', 'migrate']);

export interface ShutdownPlan {
  readonly lines: readonly Line[];
  /** All services of the node are to be stopped. */
  readonly isStopping: boolean;
  /** undefined: stays as it is. */
  readonly mode: 'restart' | 'shutdown' | 'maintenance' | undefined;
}

/** @param configured `shutdown_policy` of datacenter.cfg */
export function shutdownPlan(
  marker: ShutdownRequest['marker'],
  configured: string | undefined,
  mode: LrmMode,
): ShutdownPlan {
  const policy = configured || 'conditional';
  const unknown: Line[] = policies.has(policy)
    ? []
    : [{ level: 'err', text: `unknown shutdown policy '${policy}', fall back to conditional` }];
  // The original judges the policy also where only the daemon ends.
  const plan = marker === '' ? restartPlan(mode) : nodePlan(marker, policy, mode);
  const announcement: Line[] =
    marker === '' ? [] : [{ level: 'info', text: `got shutdown request with shutdown policy '${policy}'` }];
  return { ...plan, lines: [...announcement, ...unknown, ...plan.lines] };
}

/** Only the daemon ends. */
function restartPlan(mode: LrmMode): ShutdownPlan {
  if (mode === 'maintenance') {
    const text = 'Restarting LRM in maintenance mode may be delayed until all services are moved';
    return { lines: [{ level: '\n\t    info', text }], isStopping: false, mode: undefined };
  }
  return { lines: [{ level: 'info', text: 'restart LRM, freeze all services' }], isStopping: false, mode: 'restart' };
}

/** The node goes down. */
function nodePlan(marker: 'shutdown' | 'reboot', policy: string, mode: LrmMode): ShutdownPlan {
  const isMigrating = policy === 'migrate';
  const end = (text: string, as: ShutdownPlan['mode']): ShutdownPlan => ({
    lines: [{ level: 'info', text }],
    isStopping: !isMigrating,
    mode: as,
  });
  if (mode === 'maintenance') {
    return isMigrating
      ? end(`${marker} LRM, ignore maintenance policy, already in maintenance mode`, undefined)
      : end(`${marker} LRM, ignore ${policy} policy as manual maintenance mode is enabled`, undefined);
  }
  if (isMigrating) return end(`${marker} LRM, doing maintenance, removing this node from active list`, 'maintenance');
  const isFreezing = policy === 'freeze' || (policy !== 'failover' && marker === 'reboot');
  if (isFreezing) return end(`${marker} LRM, stop and freeze all services`, 'restart');
  return end('shutdown LRM, stop all services', 'shutdown');
}
