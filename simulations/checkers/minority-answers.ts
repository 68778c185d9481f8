/**
 * §13.2.1 from outside: a change can be acknowledged only by a node that could reach a majority at some moment between the
 * request and the answer. Judged by the network's cables and the nodes' power, not by what nodes believe.
 */
import type { CheckerFactory, Request } from './observation.ts';

export const minorityAnswers: CheckerFactory = (view, fail) => {
  /** Requests of a node that has had no majority around it since they came. */
  const cutOff = new Map<number, Set<Request>>();
  const hasMajority = (nodeid: number): boolean =>
    view.connectedWith(nodeid).length >= Math.floor(view.leastNodes / 2) + 1;
  return {
    rule: 'no acknowledgement in a minority',
    why: 'the majority goes on without that change, and it is gone after the merge',
    invoked: (request) => {
      if (view.areVotesLowered || hasMajority(request.nodeid)) return;
      const requests = cutOff.get(request.nodeid);
      if (requests === undefined) cutOff.set(request.nodeid, new Set([request]));
      else requests.add(request);
    },
    rewired: () => {
      for (const nodeid of cutOff.keys()) if (hasMajority(nodeid)) cutOff.delete(nodeid);
    },
    returned: (request) => {
      if (cutOff.get(request.nodeid)?.delete(request) !== true || view.areVotesLowered) return;
      const { id, kind, path, result, nodeid } = request;
      if (result !== undefined && result >= 0)
        fail(`request ${id} (${kind} '${path}') was acknowledged by n${nodeid}, cut off`);
    },
  };
};
