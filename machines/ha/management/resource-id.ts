/** Resource ids as people write them: `vm:100`, `ct:100`, or the number alone (spec/ha.md §13.1). */
import { badParameters, type Refused, refused } from './outcome.ts';
import type { HaState } from './state.ts';

export interface ResourceId {
  readonly ok: true;
  readonly sid: string;
  readonly type: 'vm' | 'ct';
  readonly vmid: string;
}

/** @param text has passed the format `pve-ha-resource-or-vm-id` */
export function resolveResourceId(state: HaState, text: string): ResourceId | Refused {
  if (/^[0-9]+$/.test(text)) {
    const guest = state.guests.get(text);
    if (guest === undefined) return refused('no-such-guest', `unable to find a guest with the ID '${text}'`);
    return { ok: true, sid: `${guest.type}:${text}`, type: guest.type, vmid: text };
  }
  const colon = text.indexOf(':');
  const type = text.slice(0, colon);
  const vmid = text.slice(colon + 1);
  if (type !== 'vm' && type !== 'ct') return badParameters({ sid: `unknown resource type '${type}'` });
  if (!/^[1-9][0-9]+$/.test(vmid)) return badParameters({ sid: `invalid guest id '${vmid}'` });
  return { ok: true, sid: text, type, vmid };
}

/** A resource whose error has to be looked at takes no other order than to be disabled (§13.3). */
export function errorStateRefusal(state: HaState, sid: string): Refused | undefined {
  if (state.managerStatus.service_status?.[sid]?.state !== 'error') return undefined;
  return refused('error-state', `service '${sid}' in error state, must be disabled and fixed first`);
}
