/** §7.4: a node joins in forming a ring only when its sequence is higher than that of any ring that it has helped to form. */
import type { CheckerFactory } from './observation.ts';

interface CommitTransition {
  readonly before: string;
  readonly after: string;
  readonly event: { readonly token: { readonly ring: { readonly seq: number } } };
}

export const commitSequence: CheckerFactory = (_view, fail) => {
  const highest = new Map<number, number>();
  return {
    rule: 'commit sequence',
    why: 'a commit token that was on its way for long would bring back a ring that its members have given up',
    transition: ({ nodeid }, { machine, event, detail }) => {
      if (machine !== 'membership' || event !== 'COMMIT_TOKEN') return;
      const { before, after, event: taken } = detail as CommitTransition;
      if (before !== 'gather' || after === 'gather') return;
      const { seq } = taken.token.ring;
      const known = highest.get(nodeid) ?? 0;
      if (seq <= known) fail(`n${nodeid} took a commit token for ring sequence ${seq}, after one for ${known}`);
      highest.set(nodeid, Math.max(seq, known));
    },
  };
};
