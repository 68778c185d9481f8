/** What-if: a plan to reboot all nodes, one after the other, without an interruption: each step is tried out before it is proposed. */
import type { ClusterDescription } from '../../actors/doctor/cluster-description.ts';
import { votesOf } from '../../actors/doctor/quorum-checks.ts';
import { bondsOf } from '../../actors/doctor/service-checks.ts';
import { list } from '../explain/fence/told-time.ts';
import { readActs } from './acts.ts';
import type { ManyQuestion } from './each-node.ts';
import { range, rowsOf } from './forecast-text.ts';
import type { Future } from './happening.ts';
import { startsUp, wasRunning } from './starting-point.ts';
import { EXIT, exitCode, type Forecast, forecast, type Range, rangeOf } from './timeline.ts';

export interface RebootStep {
  readonly node: string;
  readonly isMaster: boolean;
  /** Until the node runs no service any more. */
  readonly empty_s: Range;
  /** From its reboot until it is seen online again. */
  readonly back_s: Range | undefined;
  readonly moves: readonly { readonly sid: string; readonly from: string; readonly to: string; readonly why: string }[];
  /** What doesn't leave by itself: guests that HA doesn't manage, and those that are bound to the node. */
  readonly left: readonly { readonly sid: string; readonly why: string }[];
  readonly forecast: Forecast;
}

export interface RebootPlan {
  readonly steps: readonly RebootStep[];
  /** Why no node may be rebooted now. */
  readonly obstacles: readonly string[];
}

/** Somebody notices, types and waits. */
const hand_s = 30;

export async function planRollingReboot(question: ManyQuestion): Promise<RebootPlan> {
  const { cluster } = question;
  const obstacles: string[] = [];
  const down = cluster.nodes.filter((node) => !startsUp(cluster, node));
  const { losable } = votesOf(cluster);
  if (cluster.nodes.length > 1 && losable <= down.length) {
    obstacles.push(
      `without one more node the cluster has no quorum: ${losable} may be lost, ${down.length} ${down.length === 1 ? 'is' : 'are'} down`,
    );
  }
  if (cluster.nodes.length < 2) obstacles.push('there is one node only: its guests are down while it reboots');
  if (cluster.manager.disarm !== undefined) obstacles.push('HA is disarmed: nothing moves');
  const bad = Object.entries(cluster.manager.service_status ?? {}).filter(([, { state }]) => state === 'error');
  if (bad.length > 0) obstacles.push(`mend first what is in state error: ${list(bad.map(([sid]) => sid))}`);
  if (obstacles.length > 0) return { steps: [], obstacles };
  const master = cluster.manager.master_node;
  // The master last: each change of masters costs up to two minutes.
  const order = cluster.nodes
    .filter((node) => !down.includes(node))
    .sort((a, b) => Number(a === master) - Number(b === master));
  const steps: RebootStep[] = [];
  for (const node of order) steps.push(await planStep(question, node));
  return { steps, obstacles };
}

export function planCode({ obstacles, steps }: RebootPlan): number {
  if (obstacles.length > 0) return EXIT.staysDown;
  const codes = steps.map((step) => exitCode(step.forecast));
  return codes.find((code) => code !== EXIT.recovers) ?? EXIT.recovers;
}

async function planStep({ assumptions, cluster, futures, phases }: ManyQuestion, node: string): Promise<RebootStep> {
  const run = (texts: readonly string[]): Promise<readonly Future[]> => {
    const acts = readActs(texts, { nodes: cluster.nodes, sids: [] });
    if ('problem' in acts) throw new Error(acts.problem);
    return futures.run({ cluster, acts, assumptions, phases });
  };
  const emptied = await run([`maintenance ${node} on`]);
  const empty_s = rangeOf(emptied.map((future) => emptyAt(future, node)));
  const reboot_s = Math.ceil(empty_s.to) + hand_s;
  const end_s = reboot_s + assumptions.boot_s + 2 * hand_s;
  const whole = await run([
    `maintenance ${node} on`,
    `reboot ${node} at ${reboot_s}s`,
    `maintenance ${node} off at ${end_s}s`,
  ]);
  const told = forecast(whole);
  const backs = whole.flatMap(({ happenings }) => {
    const up = happenings.find(({ happening }) => happening.what === 'node-up' && happening.node === node);
    return up === undefined ? [] : [up.at_s - reboot_s];
  });
  return {
    node,
    isMaster: cluster.manager.master_node === node,
    empty_s,
    back_s: backs.length === 0 ? undefined : rangeOf(backs),
    moves: rowsOf(told, 'moving').map(({ happening: { from, sid, to, why } }) => ({ sid, from, to, why })),
    left: leftBehind(cluster, node),
    forecast: told,
  };
}

function emptyAt({ happenings, services }: Future, node: string): number {
  const managed = new Set(services.map(({ sid }) => sid));
  const ends = happenings.filter(
    ({ happening }) => happening.what === 'stopped' && happening.node === node && managed.has(happening.sid),
  );
  const state = happenings.find(({ happening }) => happening.what === 'node-state' && happening.node === node);
  return Math.max(state?.at_s ?? 0, ends.at(-1)?.at_s ?? 0);
}

function leftBehind(cluster: ClusterDescription, node: string): RebootStep['left'] {
  return [...cluster.guests.values()]
    .filter((guest) => guest.node === node && wasRunning(cluster, guest))
    .flatMap((guest) => {
      if (!cluster.resources.ids.has(guest.sid)) return [{ sid: guest.sid, why: 'HA does not manage it' }];
      const bonds = bondsOf(cluster, guest);
      return bonds.length === 0 ? [] : [{ sid: guest.sid, why: list(bonds) }];
    });
}

export function planText({ obstacles, steps }: RebootPlan): string {
  if (obstacles.length > 0) return ['Not now:', ...obstacles.map((sentence) => `  ${sentence}`)].join('\n');
  const lines = [
    `Rolling reboot: ${steps.map(({ node }) => node).join(', ')}; begin a step only when the one before it has ended.`,
  ];
  for (const [index, step] of steps.entries()) lines.push('', ...stepLines(step, index + 1));
  lines.push(
    '',
    'Before each step: `pvecm status` shows every node and Quorate: Yes; `ha-manager status` shows no service in error, fence or recovery; no migration or backup runs.',
  );
  return lines.join('\n');
}

function stepLines(
  { back_s, empty_s, forecast: told, isMaster, left, moves, node }: RebootStep,
  number: number,
): readonly string[] {
  const away = moves.filter(({ from }) => from === node);
  const home = moves.filter(({ to }) => to === node);
  const others = moves.filter(({ from, to }) => from !== node && to !== node);
  const to = (all: RebootStep['moves']): string => list(all.map((move) => `${move.sid} to ${move.to}`));
  const lines = [`${number}. ${node}${isMaster ? ' (the master; another one takes over)' : ''}`];
  lines.push(`   ha-manager crm-command node-maintenance enable ${node}`);
  if (away.length > 0) lines.push(`   wait ${range(empty_s)}: ${to(away)}`);
  else lines.push(`   wait ${range(empty_s)}: it has no service that moves`);
  for (const { sid, why } of left)
    lines.push(`   ${sid} does not leave by itself (${why}): migrate or stop it by hand`);
  lines.push(`   reboot ${node}`);
  lines.push(
    back_s === undefined
      ? '   it does NOT come back in the simulation'
      : `   wait ${range(back_s)} until it is online in pvecm status`,
  );
  lines.push(`   ha-manager crm-command node-maintenance disable ${node}`);
  if (home.length > 0) lines.push(`   wait until they are back: ${list(home.map(({ sid }) => sid))}`);
  if (others.length > 0)
    lines.push(`   meanwhile also: ${list(others.map((move) => `${move.sid} from ${move.from} to ${move.to}`))}`);
  const interrupted = told.services.filter(({ down_s }) => down_s !== undefined);
  for (const { down_s, isLeftDown, sid } of interrupted) {
    lines.push(isLeftDown ? `   STAYS DOWN: ${sid}` : `   ${sid} is down for ${range(down_s!)}`);
  }
  return lines;
}
