/**
 * The status service as an application of the dfsm: group `pve_kvstore_v1`, protocol 0 (spec/pmxcfs.md §6.1, §6.3, §9.5).
 * No checksum, no updates, no quorum: a round merges the cluster logs, and everybody sends its own keys again.
 *
 * Invariants:
 *  I1 no message of a peer makes the node leave, but for an UPDATE of a round, which nobody sends;
 *  I2 own messages change nothing on delivery: their effect was there when they were sent.
 */
import { Buffer } from 'node:buffer';
import type { DfsmApplication, DfsmDelivery, DfsmFailure, DfsmIo, DfsmState } from '../dfsm/application.ts';
import { type DfsmMember, isSameMember } from '../dfsm/members.ts';
import { decodeClusterLogEntry } from '../messages/cluster-log-entry.ts';
import { decodeKvUpdate, KV_LOG, KV_UPDATE } from '../messages/kv-update.ts';
import { LogRing, MAX_ENTRY_BYTES } from './log-ring.ts';
import type { Status } from './status.ts';

export interface StatusApplicationOptions {
  readonly status: Status;
  /** Address of this node at start, published until a client sets another. */
  readonly address: string;
}

const DONE: DfsmDelivery = { result: 0 };

export class StatusApplication implements DfsmApplication {
  readonly group = 'pve_kvstore_v1';
  readonly protocolVersion = 0;
  readonly logDomain = 'status';
  readonly #status: Status;
  readonly #address: string;
  #io: DfsmIo | undefined;

  constructor({ status, address }: StatusApplicationOptions) {
    this.#status = status;
    this.#address = address;
  }

  attach(io: DfsmIo): void {
    this.#io = io;
    this.#status.sender = (subtype, payload) => io.post(subtype, payload);
  }

  deliver(sender: DfsmMember, subtype: number, _time_s: number, payload: Buffer, own: boolean): DfsmDelivery {
    if (own) return DONE;
    if (subtype === KV_UPDATE) this.#deliverUpdate(sender, payload);
    else if (subtype === KV_LOG) this.#deliverLog(payload);
    else this.#io?.log('crit', `received unknown message type ${subtype}`);
    return DONE;
  }

  #deliverUpdate(sender: DfsmMember, payload: Buffer): void {
    const update = decodeKvUpdate(payload);
    if ('failures' in update) {
      for (const line of update.failures) this.#io?.log('crit', line);
      return;
    }
    // The value is kept: it must not hold on to the whole message.
    this.#status.applyRemote(sender.nodeid, update.key, Buffer.from(update.value));
  }

  #deliverLog(payload: Buffer): void {
    this.#io?.log('notice', 'received log');
    const entry = decodeClusterLogEntry(payload);
    if ('failures' in entry) {
      for (const line of entry.failures) this.#io?.log('crit', line);
      return;
    }
    if (payload.length > MAX_ENTRY_BYTES) {
      this.#io?.log('crit', 'cant parse log message');
      return;
    }
    if (!this.#status.clusterLog.insert(entry, payload)) this.#status.logDuplicate();
  }

  getState(): Buffer {
    return this.#status.clusterLog.state();
  }

  processStates(states: readonly DfsmState[]): { readonly synced: readonly DfsmMember[] } {
    const self = this.#io?.self;
    const own = states.findIndex(({ member }) => self !== undefined && isSameMember(member, self));
    const rings = states.map(({ state }) => {
      const ring = LogRing.of(state);
      if (ring === undefined) this.#io?.log('crit', `received log with wrong size ${state.length}`);
      return ring;
    });
    this.#status.clusterLog.merge(rings, own);
    this.#status.sendOwnKeys();
    return { synced: states.map(({ member }) => member) };
  }

  processUpdate(_payload: Buffer): DfsmFailure {
    this.#io?.log('crit', 'dfsm_process_update: received unexpected update message');
    return 'leave';
  }

  commit(): undefined {
    return undefined;
  }

  cleanup(): void {}

  configurationChanged(members: readonly DfsmMember[]): void {
    this.#status.info.setOnline(members);
  }

  synced(): undefined {
    this.#status.publishAddress(this.#address);
  }
}
