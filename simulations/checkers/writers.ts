/** §4.6: a message that was queued is delivered only while its sender is a member; what a dead one left in the queue is void. */
import type { CheckerFactory } from './observation.ts';

/** Written at the beginning of every change of the group, before anything is delivered in it. */
const MEMBERS_LINE = /^members: (.+)$/;
/** Changes that a quorate ring has left behind: the next round gives them to all its members, whoever wrote them. */
const REPLAY_LINE = /^applying (\d+) changes of an earlier quorate ring$/;

export const writers: CheckerFactory = (_view, fail) => {
  /** Changes by node that such a round makes now. */
  const replayed = new Map<number, number>();
  const members = new Map<number, readonly string[]>();
  return {
    rule: 'writers are members',
    why: 'members that came later never had that message, so that its change would be on some nodes alone',
    died: ({ nodeid }) => {
      replayed.delete(nodeid);
      members.delete(nodeid);
    },
    logged: ({ nodeid }, domain, message) => {
      if (domain !== 'dcdb') return;
      const listed = MEMBERS_LINE.exec(message)?.[1];
      if (listed !== undefined) members.set(nodeid, listed.split(', '));
      const count = REPLAY_LINE.exec(message)?.[1];
      if (count !== undefined) replayed.set(nodeid, Number(count));
    },
    transition: ({ nodeid }, { machine }) => {
      if (machine === 'dcdb') replayed.delete(nodeid);
    },
    changed: ({ nodeid }, { kind, path, writer }) => {
      const left = replayed.get(nodeid) ?? 0;
      if (left > 0) {
        replayed.set(nodeid, left - 1);
        return;
      }
      const listed = members.get(nodeid);
      if (listed === undefined || listed.some((member) => member.startsWith(`${writer}/`))) return;
      fail(`n${nodeid} applied ${kind} of '${path}' by n${writer}, which is not among ${listed.join(', ')}`);
    },
  };
};
