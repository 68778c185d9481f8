/** The steps of the periodic verification in mode synced (spec/pmxcfs.md §4.8), as the machine asks for them. */
import { hex16 } from '../messages/u64.ts';
import { decodeVerify, decodeVerifyRequest, encodeVerify, encodeVerifyRequest } from '../messages/verify.ts';
import type { DfsmCore } from './core.ts';
import type { StateMessage } from './machine.ts';
import { formatMember, isSameMember } from './members.ts';

/** The timer of the lowest node. */
export function sendVerifyRequest(core: DfsmCore): void {
  const { verification } = core;
  if (core.application.checksum === undefined || core.round.lowestNodeid !== core.self.nodeid) return;
  if (verification.isOutstanding) {
    core.port.log('main', 'notice', `delay verify request ${hex16(verification.nextId)}`);
    return;
  }
  const payload = encodeVerifyRequest(verification.takeNextId());
  core.sendState(
    'VERIFY_REQUEST',
    () => payload,
    () => core.log('crit', 'failed to send VERIFY_REQUEST message'),
  );
}

/** All nodes compute their checksum at this point of the message stream. */
export function answerVerifyRequest(core: DfsmCore, { sender, epoch, payload }: StateMessage): void {
  if (core.application.checksum === undefined) return;
  const id = decodeVerifyRequest(payload);
  if (id === undefined) {
    const from = `form node ${formatMember(sender)}`;
    core.fail(`cpg received verify request with wrong length (${payload.length} bytes) ${from}`);
    return;
  }
  const checksum = core.application.checksum();
  if (checksum === undefined) {
    core.fail('unable to compute data checksum');
    return;
  }
  core.verification.remember(id, epoch, checksum);
  if (!isSameMember(sender, core.self)) return;
  const answer = encodeVerify(id, checksum);
  core.sendState(
    'VERIFY',
    () => answer,
    () => core.log('crit', 'failed to send VERIFY message'),
  );
}

export function judgeVerify(core: DfsmCore, { epoch, payload }: StateMessage): void {
  if (core.application.checksum === undefined) return;
  const verify = decodeVerify(payload);
  if (verify === undefined) {
    core.fail(`cpg received verify message with wrong length (${payload.length} bytes)`);
    return;
  }
  const verdict = core.verification.judge(verify.id, epoch, verify.checksum);
  switch (verdict.kind) {
    case 'equal':
      core.log('notice', 'data verification successful');
      return;
    case 'none-saved':
      core.log('notice', 'skip verification - no checksum saved');
      return;
    case 'different':
      core.fail(`wrong checksum ${verdict.received} != ${verdict.own} - restarting`);
  }
}
