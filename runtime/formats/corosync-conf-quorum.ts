/** The section `quorum { }` (spec/pmxcfs.md §7.3): the options of vote counting, and which of them exclude each other. */
import type { ClusterNode, QuorumOptions } from './cluster-config.ts';
import type { Complain, ConfSection } from './corosync-conf-lines.ts';
import { quorumRules, readOptions } from './corosync-conf-options.ts';

/** What holds where the section, or an option in it, is missing. */
export const QUORUM_DEFAULTS: QuorumOptions = {
  provider: undefined,
  expected_votes: undefined,
  two_node: false,
  wait_for_all: false,
  last_man_standing: false,
  last_man_standing_window_ms: 10_000,
  auto_tie_breaker: false,
  auto_tie_breaker_node: 'lowest',
  expected_votes_tracking: false,
  allow_downscale: false,
};

/** Effective options: what an option turns on by itself is on. */
export function readQuorum(
  section: ConfSection | undefined,
  nodes: readonly ClusterNode[],
  complain: Complain,
  warn: Complain,
): QuorumOptions {
  if (!section) return QUORUM_DEFAULTS;
  const { values, lineOf } = readOptions(section, 'quorum', quorumRules, complain, warn);
  const device = section.sections.find(({ name }) => name === 'device');
  for (const { name, line } of section.sections) {
    warn(
      line,
      name === 'device'
        ? 'quorum.device: the votes of a device are not counted by this transport; the nodes alone decide'
        : `section 'quorum.${name}' is not known here; it is ignored`,
    );
  }
  const two_node = values.two_node === true && nodes.length <= 2;
  if (values.two_node === true && !two_node) {
    warn(lineOf('two_node'), `quorum.two_node is ignored with ${nodes.length} nodes; remove it`);
  }
  const wait_for_all = values.wait_for_all ?? two_node;
  const oneVoteEach = nodes.every(({ votes }) => votes === 1);
  const exclusions: [boolean | undefined, string, string][] = [
    [
      values.two_node && values.auto_tie_breaker,
      'two_node',
      'two_node and auto_tie_breaker exclude each other; remove one',
    ],
    [values.two_node && device !== undefined, 'two_node', 'two_node and a device exclude each other; remove one'],
    [
      values.auto_tie_breaker && nodes.length % 2 === 1 && !wait_for_all,
      'auto_tie_breaker',
      "auto_tie_breaker with an odd number of nodes needs 'wait_for_all: 1'; add it",
    ],
    [
      values.last_man_standing && !oneVoteEach,
      'last_man_standing',
      'last_man_standing needs exactly one vote per node; set quorum_votes to 1, or remove it',
    ],
    [
      values.last_man_standing && device !== undefined,
      'last_man_standing',
      'last_man_standing and a device exclude each other; remove one',
    ],
  ];
  for (const [excluded, key, message] of exclusions) if (excluded) complain(lineOf(key), `quorum.${message}`);
  return {
    ...QUORUM_DEFAULTS,
    provider: values.provider,
    expected_votes: values.expected_votes,
    two_node,
    wait_for_all,
    last_man_standing: values.last_man_standing ?? false,
    last_man_standing_window_ms: values.last_man_standing_window ?? QUORUM_DEFAULTS.last_man_standing_window_ms,
    auto_tie_breaker: values.auto_tie_breaker ?? false,
    auto_tie_breaker_node: tieBreaker(values.auto_tie_breaker_node, nodes, lineOf('auto_tie_breaker_node'), complain),
    expected_votes_tracking: (values.expected_votes_tracking ?? false) || (values.allow_downscale ?? false),
    allow_downscale: values.allow_downscale ?? false,
  };
}

function tieBreaker(
  text: string | undefined,
  nodes: readonly ClusterNode[],
  line: number,
  complain: Complain,
): QuorumOptions['auto_tie_breaker_node'] {
  if (text === undefined || text === 'lowest' || text === 'highest') return text ?? 'lowest';
  const ids = text.split(/\s+/).map(Number);
  const unknown = ids.find((id) => !nodes.some(({ nodeid }) => nodeid === id));
  if (unknown !== undefined) {
    complain(
      line,
      `quorum.auto_tie_breaker_node is '${text}', but must be lowest, highest or a list of nodeids of the node list`,
    );
  }
  return ids;
}
