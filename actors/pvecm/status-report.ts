/** The blocks that `pvecm status` and `pvecm nodes` print (spec/pmxcfs.md §8.5), and the timers (§13.2.3). Pure. */
import type { QuorumOptions, TotemTimers } from '../../runtime/formats/cluster-config.ts';
import { optionOf, type Section, sectionOf } from '../../runtime/formats/corosync-conf.ts';
import type { QuorumView } from '../cluster/totem-node.ts';
import type { ClusterMember } from './node-client.ts';

export interface QuorumState {
  readonly wall_ms: number;
  readonly nodeid: number;
  readonly view: QuorumView;
  readonly options: QuorumOptions;
  readonly nodes: readonly ClusterMember[];
}

/** `Cluster information`, from the tree's `corosync.conf`. */
export function clusterBlock(conf: Section): string {
  const totem = sectionOf(conf, 'totem');
  return block('Cluster information', [
    // The misspelling is the original's.
    ['Name', optionOf(totem, 'cluster_name') ?? 'UNKOWN?'],
    ['Config Version', optionOf(totem, 'config_version') ?? '-1'],
    ['Transport', optionOf(totem, 'transport') ?? 'knet'],
    ['Secure auth', optionOf(totem, 'secauth') ?? 'off'],
  ]);
}

/** The quorum tool's report, with addresses and hexadecimal ids. */
export function quorumBlocks(state: QuorumState): string {
  const { view, nodeid, wall_ms } = state;
  const { rep, seq } = view.ring;
  return [
    block('Quorum information', [
      ['Date', asCtime(wall_ms)],
      ['Quorum provider', 'corosync_votequorum'],
      ['Nodes', String(view.members.length)],
      ['Node ID', hexId(nodeid)],
      ['Ring ID', `${rep.toString(16)}.${seq.toString(16)}`],
      ['Quorate', view.quorate ? 'Yes' : 'No'],
    ]),
    block('Votequorum information', [
      ['Expected votes', String(view.expected_votes)],
      ['Highest expected', String(view.highest_expected)],
      ['Total votes', String(view.total_votes)],
      ['Quorum', `${view.quorum} ${view.quorate ? ' ' : 'Activity blocked'}`],
      ['Flags', flagsOf(state)],
    ]),
    membershipBlock(state, hexId, ({ addresses, name }) => addresses[0] ?? name),
  ].join('\n');
}

/** What `pvecm nodes` prints: decimal ids and names. */
export function nodesBlock(state: QuorumState): string {
  return membershipBlock(
    state,
    (nodeid) => String(nodeid).padStart(10),
    ({ name }) => name,
  );
}

/** The timers in force, in the style of the blocks above. */
export function timersBlock(timers: TotemTimers): string {
  const ms = (value: number) => `${value} ms`;
  return block('Totem timers', [
    ['Token', ms(timers.token_ms)],
    ['Token retransmit', ms(timers.token_retransmit_ms)],
    ['Hold', ms(timers.hold_ms)],
    ['Consensus', ms(timers.consensus_ms)],
    ['Join', ms(timers.join_ms)],
    ['Merge', ms(timers.merge_ms)],
  ]);
}

function membershipBlock(
  { nodeid, view, nodes }: QuorumState,
  idText: (nodeid: number) => string,
  labelOf: (node: ClusterMember) => string,
): string {
  const rows = view.members.map((member) => {
    const node = nodes.find((candidate) => candidate.nodeid === member);
    const label = node === undefined ? '???' : labelOf(node);
    const votes = String(node?.votes ?? 0).padStart(11);
    return `${idText(member)}${votes} ${label}${member === nodeid ? ' (local)' : ''}\n`;
  });
  return `${heading('Membership information')}    Nodeid      Votes Name\n${rows.join('')}`;
}

/** Each followed by a blank. */
function flagsOf({ view, options }: QuorumState): string {
  const flags: readonly [string, boolean][] = [
    ['2Node', options.two_node],
    ['Quorate', view.quorate],
    ['WaitForAll', options.wait_for_all],
    ['LastManStanding', options.last_man_standing],
    ['AutoTieBreaker', options.auto_tie_breaker],
    ['AllowDownscale', options.allow_downscale],
  ];
  return flags.map(([flag, isOn]) => (isOn ? `${flag} ` : '')).join('');
}

function block(title: string, lines: readonly (readonly [label: string, value: string])[]): string {
  return heading(title) + lines.map(([label, value]) => `${`${label}:`.padEnd(17)} ${value}\n`).join('');
}

function heading(title: string): string {
  return `${title}\n${'-'.repeat(title.length)}\n`;
}

function hexId(nodeid: number): string {
  return `0x${nodeid.toString(16).padStart(8, '0')}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Sun Nov  2 15:16:17 2026`, local time. */
function asCtime(wall_ms: number): string {
  const date = new Date(wall_ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  const day = String(date.getDate()).padStart(2);
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${time} ${date.getFullYear()}`;
}
