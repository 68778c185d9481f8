/**
 * Branches of a simulated run: the same run, in which something else happens at one instant. All that was done to the cluster
 * afterwards is done again at its time; what was expected of the cluster afterwards isn't, for the future is another one. Only
 * that all is at rest at the end, when what should be equal is compared.
 */
import type { Act } from '../../cluster/act.ts';
import type { Schedule } from '../../schedule/schedule.ts';
import type { Step } from '../../schedule/step.ts';

/** Acts that need nothing but a node. */
export const NODE_ACTS = ['crash', 'lose-power', 'shut-down', 'pause', 'resume', 'boot', 'isolate'] as const;
export type NodeAct = (typeof NODE_ACTS)[number];

export type BranchOrder =
  | { readonly act: NodeAct; readonly node: number }
  /** What `from` sends to `to` at that instant is lost. */
  | { readonly act: 'drop'; readonly from: number; readonly to: number };

/** Half a microsecond: nothing else happens in between. */
const moment_ms = 0.0005;

export function branched({ options, steps }: Schedule, at_ms: number, order: BranchOrder): Schedule {
  const by = order.act === 'drop' ? 'dropped message' : `branch: ${order.act}`;
  const placed = actsOf(order, at_ms, options.nodeCount).map(({ at_ms: when, act }) => ({ ...act, by, at_ms: when }));
  const before = steps.filter((step) => (step.at_ms ?? 0) < at_ms);
  const after = steps.filter((step, at) => (step.at_ms ?? 0) >= at_ms && isKept(step, steps[at + 1]));
  const first_ms = placed[0]?.at_ms ?? at_ms;
  const later: Step[] = [...placed, ...after].sort((a, b) => (a.at_ms ?? 0) - (b.at_ms ?? 0));
  return {
    options,
    steps: [...before.slice(0, -1), ...before.slice(-1).map((step) => untilInstant(step, first_ms)), ...later],
  };
}

function isKept(step: Step, next: Step | undefined): boolean {
  return !('expect' in step) || (next !== undefined && 'stage' in next && next.stage === 'quiet');
}

/** The step during which the instant comes would hold back what happens then: it lasts until that instant. */
function untilInstant(step: Step, at_ms: number): Step {
  const isWaiting = 'expect' in step || ('stage' in step && step.stage === 'wait');
  if (!isWaiting) return step;
  const begin_ms = step.at_ms ?? 0;
  return { stage: 'wait', wait_ms: Math.max(0, at_ms - begin_ms), at_ms: begin_ms };
}

function actsOf(order: BranchOrder, at_ms: number, nodeCount: number): readonly { at_ms: number; act: Act }[] {
  if (order.act === 'drop') {
    const ways: [number, number][] = [[order.from, order.to]];
    return [
      { at_ms: Math.max(0, at_ms - moment_ms), act: { act: 'cut', ways } },
      { at_ms: at_ms + moment_ms, act: { act: 'mend', ways } },
    ];
  }
  const { act, node } = order;
  if (act === 'isolate') {
    const others = Array.from({ length: nodeCount }, (_, at) => at + 1).filter((other) => other !== node);
    const ways = others.flatMap((other): [number, number][] => [
      [node, other],
      [other, node],
    ]);
    return [{ at_ms, act: { act: 'cut', ways } }];
  }
  return [{ at_ms, act: act === 'lose-power' ? { act, node, kept: 0 } : { act, node } }];
}

/** From the query of a request; else a sentence. */
export function readBranchOrder(query: URLSearchParams, nodeCount: number): BranchOrder | string {
  const node = (name: string): number | undefined => {
    const value = Number(query.get(name));
    return Number.isInteger(value) && value >= 1 && value <= nodeCount ? value : undefined;
  };
  const act = query.get('act') ?? '';
  if (act === 'drop') {
    const [from, to] = [node('from'), node('to')];
    return from === undefined || to === undefined || from === to
      ? 'a message is dropped between two nodes'
      : { act, from, to };
  }
  const known = NODE_ACTS.find((one) => one === act);
  const of = node('node');
  if (known === undefined) return `there is no act '${act}'`;
  return of === undefined ? 'which node?' : { act: known, node: of };
}
