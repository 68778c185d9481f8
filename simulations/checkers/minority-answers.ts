/**
 * §13.2.1 from outside: a change can be acknowledged only by a node that could reach a majority and then hear of it, between the
 * request and the answer. Judged by the network's cables and the nodes' power, not by what nodes believe. What a stopped process has in
 * its socket reaches it when it goes on, so the way there and the way back need not be open at one time.
 */
import type { CheckerFactory, Request } from './observation.ts';

/** What was possible since the request came. */
interface Ways {
  readonly there: Set<number>;
  readonly back: Set<number>;
}

export const minorityAnswers: CheckerFactory = (view, fail) => {
  /** Requests of nodes that have had no majority around them since. */
  const cutOff = new Map<Request, Ways>();
  const look = (nodeid: number, { there, back }: Ways): void => {
    for (const other of view.reachedFrom(nodeid)) there.add(other);
    for (const other of view.heardBy(nodeid)) back.add(other);
  };
  const isMajority = ({ there, back }: Ways): boolean =>
    [...there].filter((nodeid) => back.has(nodeid)).length >= Math.floor(view.leastNodes / 2) + 1;
  return {
    rule: 'no acknowledgement in a minority',
    why: 'the majority goes on without that change, and it is gone after the merge',
    invoked: (request) => {
      if (view.areVotesLowered) return;
      const ways: Ways = { there: new Set(), back: new Set() };
      look(request.nodeid, ways);
      if (!isMajority(ways)) cutOff.set(request, ways);
    },
    rewired: () => {
      for (const [request, ways] of cutOff) {
        look(request.nodeid, ways);
        if (request.isOrphaned || isMajority(ways)) cutOff.delete(request);
      }
    },
    returned: (request) => {
      if (!cutOff.delete(request) || view.areVotesLowered) return;
      const { id, kind, path, result, nodeid } = request;
      if (result !== undefined && result >= 0)
        fail(`request ${id} (${kind} '${path}') was acknowledged by n${nodeid}, cut off`);
    },
  };
};
