/**
 * G8 and G3 of runtime/process-group/process-group.ts, seen from a client: what a member of the group has sent comes back to it, in the
 * order of sending. So as long as a node stays in the group no request ends with an outcome that nobody knows, and none is delivered
 * while an older one of the same node is still out.
 */
import { EBUSY, EIO, EPERM } from '../../runtime/file-system/errno.ts';
import type { CheckerFactory, Request } from './observation.ts';

const UNKNOWN: ReadonlySet<number> = new Set([-EBUSY, -EIO, -EPERM]);
/** Modes of a replica that is no member, or will be none. */
const OUTSIDE: ReadonlySet<string> = new Set(['start', 'leaving', 'error', 'versionError']);
/** A message that was refused by flow control for 10 s (spec/pmxcfs.md §4.7). */
const NOT_SENT = 'cpg_send_message failed';

export const ownDelivery: CheckerFactory = (_view, fail) => {
  /** Nodes whose replica is outside, and how often each was. */
  const outside = new Set<number>();
  const departures = new Map<number, number>();
  /** How often its node had been outside when a request came. */
  const open = new Map<Request, number>();
  /** Requests by id that were delivered before they are answered. */
  const delivered = new Set<number>();

  const depart = (nodeid: number): void => {
    departures.set(nodeid, (departures.get(nodeid) ?? 0) + 1);
  };
  const departuresOf = (nodeid: number): number => departures.get(nodeid) ?? 0;

  return {
    rule: 'own delivery',
    why: 'a request that is lost while its node is well leaves its caller with a change that may be there or not',
    booted: ({ nodeid }) => {
      outside.add(nodeid);
      depart(nodeid);
    },
    died: ({ nodeid }) => {
      depart(nodeid);
      for (const request of open.keys()) if (request.nodeid === nodeid) open.delete(request);
    },
    logged: ({ nodeid }, _domain, message) => {
      if (message.startsWith(NOT_SENT)) depart(nodeid);
    },
    transition: ({ nodeid }, { machine, event, detail }) => {
      if (machine !== 'dcdb') return;
      if (event === 'CONNECTION_LOST') depart(nodeid);
      const { after } = detail as { readonly after: string };
      if (!OUTSIDE.has(after)) outside.delete(nodeid);
      else if (!outside.has(nodeid)) {
        outside.add(nodeid);
        depart(nodeid);
      }
    },
    invoked: (request) => {
      if (!outside.has(request.nodeid)) open.set(request, departuresOf(request.nodeid));
    },
    changed: ({ nodeid }, { kind, path, detail, writer }) => {
      if (writer !== nodeid || kind === 'remove' || kind === 'mtime') return;
      const id = markedIn(kind === 'create' || kind === 'mkdir' ? path : detail);
      if (id === undefined) return;
      delivered.add(id);
      for (const [request, before] of open) {
        if (request.id >= id) break;
        if (request.nodeid !== nodeid || before !== departuresOf(nodeid) || !isMarked(request)) continue;
        if (!delivered.has(request.id)) fail(`n${nodeid} got its request ${id} back, but not request ${request.id}`);
      }
    },
    returned: (request) => {
      const { id, nodeid, kind, path, result } = request;
      const before = open.get(request);
      open.delete(request);
      delivered.delete(id);
      if (before === undefined || result === undefined || !UNKNOWN.has(result)) return;
      if (before !== departuresOf(nodeid)) return;
      fail(
        `request ${id} (${kind} '${path}') of n${nodeid} got ${result}, though its replica was never out of the group`,
      );
    },
  };
};

function markedIn(text: string): number | undefined {
  const digits = /op#(\d+)#/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Its delivery is found by a mark of its own: elsewhere none is, or that of an older request. */
function isMarked({ id, kind, path, to, content }: Request): boolean {
  if (kind === 'write') return markedIn(content) === id;
  if (kind === 'rename') return markedIn(to) === id;
  return (kind === 'create' || kind === 'mkdir') && markedIn(path) === id;
}
