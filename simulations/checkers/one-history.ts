/**
 * Within the promise of §13.2.1 there is one history: a version means the same change on every node for ever, and a state
 * transfer brings a state of that history. It is why the highest version holds every acknowledged change.
 */
import { createHash } from 'node:crypto';
import type { CheckerFactory, ObservedNode, TreeChange } from './observation.ts';

/** The digest of a whole tree is compared at so many versions. */
const COMPARED_EVERY = 8;

export const oneHistory: CheckerFactory = (view, fail) => {
  const history = new Map<number, string>();
  /** Index digests by version. */
  const states = new Map<number, string>();

  const checkState = ({ nodeid, process }: ObservedNode, how: string): void => {
    if (process === undefined || process.memdb.errorFlag) return;
    const { memdb } = process;
    const digest = createHash('sha1').update(memdb.encodeIndex()).digest('hex');
    const known = states.get(memdb.root.version);
    if (known === undefined) states.set(memdb.root.version, digest);
    else if (known !== digest) fail(`n${nodeid} ${how} another version ${memdb.root.version} than the others`);
  };

  return {
    rule: 'one history',
    why: 'two meanings of one version are a fork: after the next merge one of them is gone, acknowledged or not',
    changed: (node, change) => {
      if (view.profile !== 'promise' || change.result < 0) return;
      const { versionAfter } = change;
      const text = textOf(change);
      const known = history.get(versionAfter);
      if (known === undefined) history.set(versionAfter, text);
      else if (known !== text) fail(`version ${versionAfter} is (${known}), and on n${node.nodeid} (${text})`);
      if (versionAfter % COMPARED_EVERY === 0) checkState(node, 'came to');
    },
    replaced: (node, { isGood }) => {
      if (view.profile === 'promise' && isGood) checkState(node, 'adopted');
    },
    quiet: () => {
      if (view.profile === 'promise') for (const node of view.nodes) checkState(node, 'ended with');
    },
  };
};

function textOf({ kind, path, detail, writer, time_s }: TreeChange): string {
  return `${kind} '${path}' ${detail} by n${writer} at ${time_s}`;
}
