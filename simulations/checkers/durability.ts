/**
 * §13.2.1 by contents: what was acknowledged is in the final tree, unless a later operation has overwritten it. Knows only
 * requests and answers, and compares with the final files.
 */

import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { FILE } from '../../machines/pmxcfs/tree/tree-entry.ts';
import { EBUSY, EIO, EPERM } from '../../runtime/file-system/errno.ts';
import type { CheckerFactory, Request } from './observation.ts';

/** Answers after which the change may be there or not: peers may have applied what failed or got lost here. */
const UNKNOWN: ReadonlySet<number> = new Set([-EBUSY, -EIO, -EPERM]);

/** Paths below this one are changed by one client at a time, which leaves a path alone after an unknown outcome. */
export const PRIVATE_FOLDER = 'clients/';
/** Locks go by expiry too. */
const LOCK_FOLDER = 'priv/lock/';

export const durability: CheckerFactory = (view, fail) => {
  const byPath = new Map<string, Request[]>();
  const note = (path: string, request: Request): void => {
    const requests = byPath.get(path);
    if (requests === undefined) byPath.set(path, [request]);
    else requests.push(request);
  };
  return {
    rule: 'durability (13.2.1)',
    why: 'an acknowledged change is a promise: somebody acted on it',
    invoked: (request) => {
      note(request.path, request);
      if (request.kind === 'rename') note(request.to, request);
    },
    quiet: () => {
      const memdb = view.nodes[0]?.process?.memdb;
      if (view.profile !== 'promise' || memdb === undefined) return;
      for (const [path, requests] of byPath) {
        if (path.startsWith(LOCK_FOLDER)) continue;
        const problem = path.startsWith(PRIVATE_FOLDER)
          ? privateProblem(memdb, path, requests)
          : sharedProblem(memdb, path, requests);
        if (problem !== undefined) fail(`'${path}': ${problem}`);
      }
    },
  };
};

const isDone = ({ result }: Request): boolean => result !== undefined && result >= 0;
const isUnknown = ({ result }: Request): boolean => result === undefined || UNKNOWN.has(result);

/** The content of a file, `(directory)`, or undefined where there is nothing. */
function contentOf(memdb: Memdb, path: string): string | undefined {
  const entry = memdb.lookup(path);
  if (entry === undefined) return undefined;
  return entry.type === FILE ? entry.data.toString('latin1') : '(directory)';
}

/** One client, one request after the other: what may be there follows from the answers. */
function privateProblem(memdb: Memdb, path: string, requests: readonly Request[]): string | undefined {
  let possible: readonly (string | undefined)[] = [undefined];
  for (const request of requests) {
    if (!isDone(request) && !isUnknown(request)) continue;
    const after = possible.map((state) => stateAfter(state, path, request));
    possible = isDone(request) ? after : [...possible, ...after];
  }
  const found = contentOf(memdb, path);
  if (possible.includes(found)) return undefined;
  const last = requests.at(-1)!;
  const expected = [...new Set(possible)].map(short).join(' or ');
  return `ends as ${short(found)} instead of ${expected}; last request ${last.id} (${last.kind}) got ${last.result}`;
}

function stateAfter(state: string | undefined, path: string, { kind, to, content, size }: Request): string | undefined {
  switch (kind) {
    case 'create':
      return '';
    case 'mkdir':
      return '(directory)';
    case 'write':
      return content;
    case 'truncate':
      return state?.slice(0, size).padEnd(size, '\0');
    case 'unlink':
    case 'rmdir':
      return undefined;
    case 'rename':
      // The content that a target gets is its client's to name.
      return path === to ? content : undefined;
    case 'mtime':
      return state;
  }
}

/** Many clients: the last word is not one that was over before an acknowledged one began. */
function sharedProblem(memdb: Memdb, path: string, requests: readonly Request[]): string | undefined {
  const found = contentOf(memdb, path);
  const changes = requests.filter((request) => request.kind !== 'mtime' && (isDone(request) || isUnknown(request)));
  const makers = changes.filter((request) => stateAfter(found, path, request) === found);
  if (makers.length === 0) {
    const isUntouched = changes.every(isUnknown);
    return isUntouched ? undefined : `ends as ${short(found)}, which nobody has made`;
  }
  const lastInvocation_ms = Math.max(...changes.filter(isDone).map(({ invoked_ms }) => invoked_ms));
  const isOvertaken = (request: Request): boolean => isDone(request) && request.returned_ms < lastInvocation_ms;
  if (makers.every(isOvertaken)) return `ends as ${short(found)}, though a later change was acknowledged`;
  return undefined;
}

function short(content: string | undefined): string {
  if (content === undefined) return 'absent';
  return content.length <= 40 ? `'${content}'` : `'${content.slice(0, 40)}…' (${content.length} bytes)`;
}
