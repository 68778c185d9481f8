/** What-if: the loss of each node in turn. Who goes where, what doesn't fit, what can't move. */
import type { ClusterDescription } from '../../actors/doctor/cluster-description.ts';
import { bondsOf } from '../../actors/doctor/service-checks.ts';
import { list } from '../explain/fence/told-time.ts';
import { readActs } from './acts.ts';
import { type Assumptions, nodeMemory } from './assumptions.ts';
import { byRules, range, rowsOf } from './forecast-text.ts';
import type { Futures } from './futures.ts';
import { startsUp, wasRunning } from './starting-point.ts';
import { EXIT, exitCode, type Forecast, forecast, type Range } from './timeline.ts';

export interface NodeLoss {
  readonly node: string;
  readonly forecast: Forecast;
  /** Service → node, of those that find one. */
  readonly placed: Readonly<Record<string, string>>;
  readonly staysDown: readonly { readonly sid: string; readonly why: string }[];
  /** Guests that HA doesn't manage. */
  readonly unmanaged: readonly string[];
  /** Nodes whose guests want more memory than they have afterwards. */
  readonly overfull: readonly { readonly node: string; readonly wanted_bytes: number; readonly memory_bytes: number }[];
  readonly back_s: Range | undefined;
  readonly hasQuorum: boolean;
}

/** About a cluster, to be answered by many futures of several courses of things. */
export interface ManyQuestion {
  readonly cluster: ClusterDescription;
  readonly assumptions: Assumptions;
  /** Of each course. */
  readonly phases: number;
  readonly futures: Futures;
}

export interface EachNodeReport {
  readonly losses: readonly NodeLoss[];
  /** Nodes whose memory isn't known. */
  readonly unsized: readonly string[];
  /** Guests that stay where they are, whatever happens. */
  readonly bound: readonly { readonly sid: string; readonly node: string; readonly why: readonly string[] }[];
}

export async function reportEachNode(question: ManyQuestion): Promise<EachNodeReport> {
  const { assumptions, cluster } = question;
  const up = cluster.nodes.filter((node) => startsUp(cluster, node));
  const losses: NodeLoss[] = [];
  for (const node of up) losses.push(await loseNode(question, node));
  return {
    losses,
    unsized: cluster.nodes.filter((node) => nodeMemory(cluster, assumptions, node) === undefined),
    bound: [...cluster.guests.values()]
      .filter(({ isTemplate }) => !isTemplate)
      .map((guest) => ({ sid: guest.sid, node: guest.node, why: bondsOf(cluster, guest) }))
      .filter(({ why }) => why.length > 0),
  };
}

export function eachNodeCode({ losses }: EachNodeReport): number {
  const codes = losses.map((loss) => exitCode(loss.forecast));
  if (codes.includes(EXIT.differs)) return EXIT.differs;
  const isBad = losses.some(
    ({ hasQuorum, overfull, staysDown }) => !hasQuorum || overfull.length > 0 || staysDown.length > 0,
  );
  return isBad ? EXIT.staysDown : EXIT.recovers;
}

async function loseNode(
  { assumptions, cluster, futures: runner, phases }: ManyQuestion,
  node: string,
): Promise<NodeLoss> {
  const acts = readActs([`power ${node} off`], { nodes: cluster.nodes, sids: [] });
  if ('problem' in acts) throw new Error(acts.problem);
  const futures = await runner.run({ cluster, acts, assumptions, phases });
  const told = forecast(futures);
  const placed: Record<string, string> = {};
  for (const { began, ends, isLeftDown, sid } of told.services) {
    const [end] = ends.keys();
    if (!isLeftDown && end !== undefined && end !== '' && end !== began) placed[sid] = end;
  }
  const backs = told.services.flatMap(({ back_s, isLeftDown }) => (back_s === undefined || isLeftDown ? [] : [back_s]));
  return {
    node,
    forecast: told,
    placed,
    staysDown: told.services
      .filter(({ isLeftDown }) => isLeftDown)
      .map(({ sid }) => ({ sid, why: `${whyDown(told, sid)}${byRules(cluster, sid)}` })),
    unmanaged: [...new Set(told.outcomes.flatMap(({ outcome }) => outcome.unmanagedDown))],
    overfull: overfullNodes(cluster, assumptions, node, placed),
    back_s:
      backs.length === 0
        ? undefined
        : { from: Math.min(...backs.map(({ from }) => from)), to: Math.max(...backs.map(({ to }) => to)) },
    hasQuorum: futures.every(({ quorateAtEnd }) => quorateAtEnd.length > 0),
  };
}

function whyDown(told: Forecast, sid: string): string {
  const obstacle = rowsOf(told, 'obstacle').find(({ happening }) => happening.sid === sid)?.happening.why;
  const noRoom = rowsOf(told, 'no-room').find(({ happening }) => happening.sid === sid)?.happening.why;
  return obstacle ?? noRoom ?? '';
}

function overfullNodes(
  cluster: ClusterDescription,
  assumptions: Assumptions,
  lost: string,
  placed: Readonly<Record<string, string>>,
): NodeLoss['overfull'] {
  const wanted = new Map<string, number>();
  for (const guest of cluster.guests.values()) {
    const node = placed[guest.sid] ?? guest.node;
    if (node === lost || !wasRunning(cluster, guest)) continue;
    wanted.set(node, (wanted.get(node) ?? 0) + guest.memory_bytes);
  }
  return [...wanted].sort().flatMap(([node, wanted_bytes]) => {
    const memory_bytes = nodeMemory(cluster, assumptions, node);
    // What overflowed before isn't the loss's doing.
    const isFuller = Object.values(placed).includes(node);
    return memory_bytes !== undefined && wanted_bytes > memory_bytes && isFuller
      ? [{ node, wanted_bytes, memory_bytes }]
      : [];
  });
}

export function eachNodeText({ bound, losses, unsized }: EachNodeReport): string {
  const lines: string[] = [];
  for (const loss of losses) lines.push(...lossLines(loss), '');
  if (bound.length > 0) lines.push('Guests that cannot move');
  for (const { node, sid, why } of bound) lines.push(`  ${sid} on ${node}: ${list(why)}`);
  if (unsized.length > 0) {
    lines.push(
      `The memory of ${list(unsized)} isn't known, so nobody has looked whether it suffices: --node-memory GiB tells it.`,
    );
  }
  return lines.join('\n').trimEnd();
}

function lossLines({
  back_s,
  forecast: told,
  hasQuorum,
  node,
  overfull,
  placed,
  staysDown,
  unmanaged,
}: NodeLoss): readonly string[] {
  const lines = [`Without ${node}`];
  if (!hasQuorum) lines.push('  the others have no quorum: nothing is recovered, /etc/pve is read-only');
  const moved = Object.entries(placed);
  const when = back_s === undefined ? '' : `, back after ${range(back_s)}`;
  const byNode = new Map<string, string[]>();
  for (const [sid, to] of moved) byNode.set(to, [...(byNode.get(to) ?? []), sid]);
  for (const [to, sids] of [...byNode].sort()) lines.push(`  to ${to}: ${sids.join(', ')}`);
  if (moved.length > 0) lines.push(`  ${moved.length} recovered${when}`);
  if (moved.length === 0 && staysDown.length === 0 && hasQuorum) lines.push('  no service has to move');
  for (const { sid, why } of staysDown) lines.push(`  STAYS DOWN: ${sid}${why === '' ? '' : `, ${why}`}`);
  for (const { memory_bytes, node: full, wanted_bytes } of overfull) {
    lines.push(`  TOO FULL: the guests of ${full} then want ${gibibytes(wanted_bytes)} of ${gibibytes(memory_bytes)}`);
  }
  if (unmanaged.length > 0) lines.push(`  not managed by HA, down until ${node} is back: ${unmanaged.join(', ')}`);
  if (told.outcomes.length > 1)
    lines.push(`  it depends on chance: ${told.outcomes.length} outcomes in ${told.futures} futures`);
  return lines;
}

function gibibytes(bytes: number): string {
  return `${Math.round((bytes / 1024 ** 3) * 10) / 10} GiB`;
}
