/** Nodes of different software meet in these files: a word that the other doesn't know stops it. */
import type { LrmStatus, ManagerStatus, ServiceStatus } from '../../../machines/ha/state-files.ts';
import type { Invariant } from './checker.ts';

const serviceStates = new Set([
  'stopped',
  'request_stop',
  'request_start',
  'request_start_balance',
  'started',
  'fence',
  'recovery',
  'migrate',
  'relocate',
  'freeze',
  'error',
]);
const nodeStates = new Set(['online', 'maintenance', 'unknown', 'fence', 'gone']);
const lrmStates = new Set(['wait_for_agent_lock', 'active', 'maintenance', 'lost_agent_lock']);
const lrmModes = new Set(['active', 'restart', 'shutdown', 'maintenance', 'disarm']);
const moving = new Set(['migrate', 'relocate', 'request_start_balance']);

export function vocabulary(): Invariant {
  let before: ManagerStatus = {};
  return {
    name: '16.8 state vocabulary',
    deed: ({ ask }) => {
      if (ask.op !== 'write') return undefined;
      if (ask.what === 'lrm_status') return wrongLrmStatus(ask.value as LrmStatus);
      if (ask.what !== 'manager_status') return undefined;
      const last = before;
      before = ask.value as ManagerStatus;
      return wrongManagerStatus(last, before);
    },
  };
}

/** What is wrong with a status that was written after `last`; undefined where nothing is. */
export function wrongManagerStatus(last: ManagerStatus, { node_status = {}, service_status = {} }: ManagerStatus) {
  const wrongNode = Object.values(node_status).find((state) => !nodeStates.has(state));
  if (wrongNode !== undefined) return `node state ${wrongNode}`;
  for (const [sid, service] of Object.entries(service_status)) {
    const wrong = wrongService(service, last.service_status?.[sid]);
    if (wrong !== undefined) return `${sid}: ${wrong}`;
  }
  return undefined;
}

export function wrongLrmStatus({ mode, state }: LrmStatus): string | undefined {
  if (!lrmStates.has(state ?? '')) return `LRM state ${state}`;
  return lrmModes.has(mode ?? '') ? undefined : `LRM mode ${mode}`;
}

function wrongService(service: ServiceStatus, before: ServiceStatus | undefined): string | undefined {
  const { state, target, uid } = service;
  if (!serviceStates.has(state)) return `state ${state}`;
  if (moving.has(state) !== (target !== undefined)) return `target ${target} in state ${state}`;
  const isSameAnswer = before !== undefined && before.state !== state && before.uid === uid;
  return isSameAnswer ? `the uid outlived the change from ${before.state} to ${state}` : undefined;
}
