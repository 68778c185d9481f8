/**
 * The steps of a configuration change and of a synchronisation round, as the machine asks for them
 * (spec/pmxcfs.md §4.4, §4.5 a-d). Each is one action of `machine.ts`; a failure goes back to it as an event.
 */
import { decodeEpoch } from '../messages/epoch.ts';
import type { DfsmCore } from './core.ts';
import { takesPart } from './core.ts';
import type { ConfigurationChange, StateMessage } from './machine.ts';
import { formatMember, formatMembers, isSameMember } from './members.ts';

/** §4.4 steps 1-3: in every mode. */
export function noteChange(core: DfsmCore, change: ConfigurationChange): void {
  core.round.newEpoch(core.port.now_s());
  core.verification.invalidate();
  core.syncQueue.clear();
  core.application.configurationBegins?.();
  core.round.isSelfMember = change.members.some((member) => isSameMember(member, core.self));
  if (!takesPart(core.mode) && !core.round.isSelfMember) core.port.left();
}

/** §4.4 steps 1-3 and 5-7. */
export function beginChange(core: DfsmCore, change: ConfigurationChange): void {
  noteChange(core, change);
  if (core.round.isSelfMember || core.mode !== 'start') core.log('notice', `members: ${formatMembers(change.members)}`);
  releaseRound(core);
  core.round.setMembers(change.members);
  core.untoldChange = core.round.isSelfMember ? change : undefined;
}

export function logLeft(core: DfsmCore): void {
  core.log('notice', `we (${formatMember(core.self)}) left the process group`);
}

/** §4.4 step 9a: all members must hold the same queue after somebody has joined. */
export function resendQueue(core: DfsmCore, change: ConfigurationChange): void {
  const { messageQueue } = core;
  if (!change.hasJoined || messageQueue.length === 0) return;
  core.log('notice', `queue not emtpy - resening ${messageQueue.length} messages`);
  for (const { sender, message } of messageQueue.takeAll()) {
    if (isSameMember(sender, core.self)) core.resend(message, () => core.fail('dfsm_resend_queue failed'));
  }
}

/** §4.4 step 9c. */
export function requestStates(core: DfsmCore): void {
  if (core.round.lowestNodeid !== core.self.nodeid) return;
  core.sendState('SYNC_START', undefined, () => core.fail('failed to send SYNC_START message'));
}

/** §4.4 step 11, once per change. */
export function tellConfiguration(core: DfsmCore): void {
  const change = core.untoldChange;
  core.untoldChange = undefined;
  if (change !== undefined) core.application.configurationChanged?.(change.members);
}

/** §4.5 (a). */
export function acceptSyncStart(core: DfsmCore, { sender, epoch }: StateMessage): void {
  if (sender.nodeid !== core.round.lowestNodeid) {
    // The original says that it ignores the request, and doesn't (Q9).
    core.log('crit', `ignore sync request from wrong member ${formatMember(sender)}`);
  }
  const { counter, nodeid, pid } = decodeEpoch(epoch);
  const round = counter.toString(16).toUpperCase().padStart(8, '0');
  core.log('notice', `received sync request (epoch ${formatMember({ nodeid, pid })}/${round})`);
  core.round.adoptEpoch(epoch);
  releaseRound(core);
  const state = core.application.getState();
  if (state === undefined) {
    core.fail('dfsm_get_state_fn failed');
    return;
  }
  const onFailure = (): void => core.signal({ type: 'FAILED' });
  for (const replay of core.application.replays?.() ?? []) core.sendState('REPLAY', () => replay, onFailure);
  core.sendState('STATE', () => state, onFailure, core.application.stateNote?.() ?? 0);
}

/** §4.5 (b). */
export function storeState(core: DfsmCore, { sender, payload, note }: StateMessage): void {
  switch (core.round.storeState(sender, payload, note)) {
    case 'non-member':
      core.fail(`received state for non-member ${formatMember(sender)}`);
      return;
    case 'duplicate':
      core.fail(`received duplicate state for member ${formatMember(sender)}`);
      return;
    case 'stored':
      return;
    case 'complete':
      processStates(core);
  }
}

export function storeReplay(core: DfsmCore, { sender, payload }: StateMessage): void {
  const failure = core.application.processReplay?.(sender, payload);
  if (failure !== undefined) core.failApplication(failure);
}

function processStates(core: DfsmCore): void {
  core.log('notice', 'received all states');
  const verdict = core.application.processStates(core.round.states());
  if ('failure' in verdict) {
    core.failApplication(verdict.failure);
    return;
  }
  core.round.markSynced(verdict.synced);
  core.signal({ type: core.round.isSynced(core.self) ? 'ROUND_SYNCED' : 'ROUND_BEHIND' });
}

/** §4.5 (c). */
export function applyUpdate(core: DfsmCore, { payload }: StateMessage): void {
  const failure = core.application.processUpdate(payload);
  if (failure !== undefined) core.failApplication(failure);
}

/** §4.5 (d). */
export function commitUpdates(core: DfsmCore): void {
  const failure = core.application.commit();
  if (failure === undefined) core.signal({ type: 'COMMITTED' });
  else core.failApplication(failure);
}

export function announceSynced(core: DfsmCore): void {
  const failure = core.application.synced?.();
  if (failure !== undefined) core.failApplication(failure);
}

/** Drops what the round has left behind, in the dfsm and in the application. */
export function releaseRound(core: DfsmCore): void {
  core.round.dropStates();
  core.application.cleanup();
}

/** §4.5 (x). */
export function refuseUnknown(core: DfsmCore, { type, length }: StateMessage): void {
  core.fail(`received unknown state message type (type = ${type}, ${length} bytes)`);
}

export function refuseUnstarted(core: DfsmCore): void {
  core.fail('internal error - unknown mode 0');
}
