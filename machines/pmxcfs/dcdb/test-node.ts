/** One dcdb application with a world that remembers what it was told; for tests. */
import assert from 'node:assert';
import type { Buffer } from 'node:buffer';
import type { DfsmIo } from '../dfsm/application.ts';
import type { DfsmMember } from '../dfsm/members.ts';
import * as messages from '../messages/file-message.ts';
import { Memdb, type RowChange, type TreeMode } from '../tree/memdb.ts';
import { DcdbApplication } from './application.ts';

export const ONE: DfsmMember = { nodeid: 1, pid: 101 };
export const TWO: DfsmMember = { nodeid: 2, pid: 102 };
export const THREE: DfsmMember = { nodeid: 3, pid: 103 };

export type TestNode = ReturnType<typeof node>;

/** A replica's application with what its world was told. */
export function node(self: DfsmMember = ONE, mode: TreeMode = 'solo') {
  const memdb = new Memdb({ mode });
  const world = {
    isQuorate: true,
    ring: 4,
    primaryRing: 0,
    proven: 0,
    configured: [1, 2, 3],
    hasMajority: true,
    now_s: 1000,
    refusal: undefined as string | undefined,
    ringRefusal: undefined as string | undefined,
    lowest: 1,
  };
  const logs: string[] = [];
  const effects: string[] = [];
  const commits: (readonly RowChange[])[] = [];
  const posts: { subtype: number; payload: Buffer }[] = [];
  const updates: Buffer[] = [];
  const application = new DcdbApplication({
    memdb,
    mode,
    port: {
      isQuorate: () => world.isQuorate,
      ring: () => world.ring,
      primaryRing: {
        load: () => world.primaryRing,
        save: (ring) => {
          if (world.ringRefusal !== undefined) return { message: world.ringRefusal };
          world.primaryRing = ring;
          return undefined;
        },
      },
      proven: {
        mark: {
          load: () => world.proven,
          save: (mark) => {
            world.proven = mark;
            return undefined;
          },
        },
        hasMajority: () => world.hasMajority,
        isWhole: (nodeids) => world.configured.every((nodeid) => nodeids.includes(nodeid)),
      },
      monotonic_s: () => world.now_s,
      commit: (changes) => {
        if (world.refusal !== undefined) return { message: world.refusal };
        commits.push(changes);
        return undefined;
      },
      hostConfig: (notify) => effects.push(`host config ${notify}`),
      keepLosingDatabase: (paths) => {
        effects.push(`keep ${paths.join()}`);
        return undefined;
      },
    },
  });
  const io: DfsmIo = {
    self,
    lowestNodeid: () => world.lowest,
    post: (subtype, payload) => posts.push({ subtype, payload }),
    sendUpdate: (payload) => updates.push(payload()),
    sendUpdateComplete: () => effects.push('complete'),
    log: (level, message, domain) => logs.push(`${domain ?? 'dcdb'} ${level} ${message}`),
  };
  application.attach(io);
  const deliver = (subtype: number, payload: Buffer, sender = self) =>
    application.deliver(sender, subtype, 1_700_000_000, payload, sender === self);
  const file = (subtype: number, message: Parameters<typeof messages.encodeFileMessage>[0], sender = self) =>
    deliver(subtype, messages.encodeFileMessage(message), sender);
  return { application, memdb, world, logs, effects, commits, posts, updates, deliver, file };
}

/** A round in ring `ring`: quorate or not, each member to its end. */
export function round(ring: number, isQuorate: boolean, members: readonly (readonly [DfsmMember, TestNode])[]): void {
  for (const [, { application, world }] of members) {
    application.configurationBegins();
    Object.assign(world, { ring, isQuorate });
  }
  const states = members.map(([member, { application }]) => {
    const state = application.getState();
    for (const replay of application.replays()) {
      for (const [, to] of members) assert.equal(to.application.processReplay(member, replay), undefined);
    }
    return { member, state, note: application.stateNote() };
  });
  for (const [, member] of members) member.updates.length = 0;
  const verdicts = members.map(([, { application }]) => application.processStates(states));
  const updates = members.flatMap(([, member]) => member.updates);
  for (const [at, [self, { application }]] of members.entries()) {
    const verdict = verdicts[at]!;
    if ('failure' in verdict) throw new Error('a round of well-formed states has a verdict');
    if (!verdict.synced.some(({ nodeid }) => nodeid === self.nodeid)) {
      for (const update of updates) assert.equal(application.processUpdate(update), undefined);
      assert.equal(application.commit(), undefined);
    }
    assert.equal(application.synced(), undefined);
    application.cleanup();
  }
}
