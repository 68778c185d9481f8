import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VoteQuorum } from '../../../machines/cluster/votequorum.ts';
import { clusterConfig } from '../../totem/cluster-samples.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';

const FILE = 'quorum-table.json';

interface Row {
  readonly expected: number;
  readonly total: number;
  readonly quorum: number;
  readonly quorate: boolean;
}

/** One case per row of the single-vote table and of the two-node table (spec/pmxcfs.md §7.3). */
export async function run(directory: string): Promise<readonly CorpusCase[]> {
  let table: { readonly rows: readonly Row[]; readonly two_node: readonly Row[] };
  try {
    table = JSON.parse(readFileSync(join(directory, FILE), 'utf8'));
  } catch (error) {
    return [judged(FILE, `unreadable: ${String(error)}`)];
  }
  return [
    ...table.rows.map((row, i) => judge(`rows ${i + 1}`, row, false)),
    ...table.two_node.map((row, i) => judge(`two_node ${i + 1}`, row, true)),
  ];
}

/** A node of one vote that sees `total` votes. With none, it is a member without votes of its own. */
function judge(place: string, row: Row, two_node: boolean): CorpusCase {
  const config = clusterConfig(Math.max(1, row.expected, row.total), { two_node, expected_votes: row.expected });
  const self = 1;
  const nodes = row.total > 0 ? config.nodes : config.nodes.map((node) => ({ ...node, votes: 0 }));
  const votequorum = new VoteQuorum(self, config.quorum, nodes);
  const infos = nodes.slice(0, Math.max(1, row.total)).map(({ nodeid, votes }) => {
    return [nodeid, { votes, expected_votes: row.expected, quorate: false, waiting: false }] as const;
  });
  votequorum.membersChanged(new Map(infos), []);
  const { total, quorum, quorate } = votequorum.count;
  const name = `${FILE} ${place} expected=${row.expected} total=${row.total}`;
  return judged(name, differenceOf({ expected: row.expected, total, quorum, quorate }, row));
}
