/** I10 of spec/pmxcfs.md §10.1, and D1 of §10.3. */
import type { CheckerFactory, Request, RequestKind, TreeChange } from './observation.ts';

const TREE_KINDS: Readonly<Record<RequestKind, TreeChange['kind']>> = {
  create: 'create',
  write: 'write',
  truncate: 'write',
  mkdir: 'mkdir',
  unlink: 'remove',
  rmdir: 'remove',
  rename: 'rename',
  mtime: 'mtime',
};

export const answers: CheckerFactory = (view, fail) => {
  const pending = new Set<Request>();
  /** Versions that a node's own operations made in its tree, by operation; taken by their answers. */
  const applied = new Map<string, number[]>();
  const keyOf = (nodeid: number, kind: string, path: string, to: string): string => `${nodeid} ${kind} ${path} ${to}`;
  const requestKey = ({ nodeid, kind, path, to }: Request): string =>
    keyOf(nodeid, TREE_KINDS[kind], path, kind === 'rename' ? to : '');

  const checkDone = (request: Request): void => {
    const { id, nodeid, kind, path, result } = request;
    const node = view.nodes.find((each) => each.nodeid === nodeid);
    const version = applied.get(requestKey(request))?.shift();
    if (version === undefined) {
      fail(`request ${id} (${kind} '${path}') of n${nodeid} was answered ${result} before it was applied there`);
    } else if (node !== undefined && (node.process?.committedVersion ?? 0) < version) {
      fail(`request ${id} (${kind} '${path}') of n${nodeid} was answered ${result} before it was in the database`);
    }
  };

  return {
    rule: 'I10, D1',
    why: 'a caller that gets no answer hangs, and one that gets a wrong one goes on as if its change were there',
    died: ({ nodeid }) => {
      for (const key of applied.keys()) if (key.startsWith(`${nodeid} `)) applied.delete(key);
    },
    changed: ({ nodeid }, { kind, path, detail, writer, result, versionAfter }) => {
      if (writer !== nodeid || result < 0) return;
      const key = keyOf(nodeid, kind, path, kind === 'rename' ? detail : '');
      const versions = applied.get(key);
      if (versions === undefined) applied.set(key, [versionAfter]);
      else versions.push(versionAfter);
    },
    invoked: (request) => {
      // What an earlier one has left behind (applied, but answered EBUSY) is not for this one.
      const key = requestKey(request);
      if (![...pending].some((other) => requestKey(other) === key)) applied.delete(key);
      pending.add(request);
    },
    returned: (request) => {
      const { id, nodeid, result } = request;
      if (!pending.delete(request)) fail(`request ${id} of n${nodeid} was answered twice`);
      if (result !== undefined && result >= 0) checkDone(request);
    },
    quiet: () => {
      for (const { id, nodeid, kind, path, isOrphaned } of pending) {
        if (!isOrphaned) fail(`request ${id} (${kind} '${path}') of n${nodeid} was never answered`);
      }
    },
  };
};
