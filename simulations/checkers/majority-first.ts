/**
 * Decision 2 of ARCHITECTURE.md, the ground under §13.2.1: no change is applied anywhere before members with a majority of the
 * votes have received it. Receiving is seen at the datagrams, by the mark that every request carries; the ring's own
 * books are not asked.
 */
import type { CheckerFactory, ObservedNode } from './observation.ts';

const MARK = Buffer.from('op#', 'latin1');
const HASH = '#'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);

export const majorityFirst: CheckerFactory = (view, fail) => {
  /** Nodes that have received a request. One that died meanwhile counts: the ring can't know yet. */
  const holders = new Map<number, Set<number>>();
  const applied = new Set<number>();

  const note = (id: number, nodeid: number): void => {
    const nodes = holders.get(id);
    if (nodes === undefined) holders.set(id, new Set([nodeid]));
    else nodes.add(nodeid);
  };
  const check = (id: number, { nodeid }: ObservedNode): void => {
    if (applied.has(id)) return;
    applied.add(id);
    const nodes = holders.get(id) ?? new Set();
    // While nodes come and go, the votes of both node lists may be asked for.
    const majority = Math.floor(view.leastNodes / 2) + 1;
    if (nodes.size < majority && !view.areVotesLowered)
      fail(`n${nodeid} applied request ${id} when only {${[...nodes]}} had received it`);
  };

  return {
    rule: 'majority-stable delivery',
    why: 'a change that a minority applied can be lost with it, and can win over acknowledged changes before',
    frame: ({ nodeid }, payload) => {
      for (let at = payload.indexOf(MARK); at >= 0; at = payload.indexOf(MARK, at + MARK.length)) {
        const id = numberAt(payload, at + MARK.length);
        if (id !== undefined) note(id, nodeid);
      }
    },
    changed: (node, { kind, path, detail }) => {
      const id = idIn(kind === 'write' || kind === 'rename' ? detail : path);
      if (id !== undefined) check(id, node);
    },
  };
};

function numberAt(payload: Buffer, start: number): number | undefined {
  let value = 0;
  for (let at = start; at < payload.length; at += 1) {
    const byte = payload[at]!;
    if (byte === HASH) return at > start ? value : undefined;
    if (byte < ZERO || byte > ZERO + 9) return undefined;
    value = value * 10 + byte - ZERO;
  }
  return undefined;
}

function idIn(text: string): number | undefined {
  const digits = /op#(\d+)#/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
