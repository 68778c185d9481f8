/** I3 of spec/pmxcfs.md §10.1. */
import { EACCES } from '../../runtime/file-system/errno.ts';
import type { CheckerFactory, Request } from './observation.ts';

export const quorateWrites: CheckerFactory = (view, fail) => {
  /** Requests that came while their node had no quorum. */
  const refused = new Set<Request>();
  return {
    rule: 'I3',
    why: 'a node without quorum may be the one that the others have given up: what it writes is lost, or destroys theirs',
    changed: ({ nodeid, process }, { kind, path }) => {
      if (process?.node.quorate === false) fail(`n${nodeid} applied ${kind} of '${path}' without quorum`);
    },
    invoked: (request) => {
      const node = view.nodes.find(({ nodeid }) => nodeid === request.nodeid);
      if (node?.process?.node.quorate === false) refused.add(request);
    },
    returned: (request) => {
      if (!refused.delete(request)) return;
      const isRefusedAtOnce = request.result === -EACCES && request.returned_ms === request.invoked_ms;
      if (isRefusedAtOnce) return;
      fail(`request ${request.id} of n${request.nodeid} came without quorum and got ${request.result}, not EACCES`);
    },
    quiet: () => {
      for (const { id, nodeid } of refused) fail(`request ${id} of n${nodeid} came without quorum and was not refused`);
    },
  };
};
