import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { totemTimers } from '../../../runtime/formats/totem-timers.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';

const FILE = 'totem-timeouts.json';

interface Row {
  readonly nodes: number;
  readonly token: number;
  readonly coefficient: number;
  readonly effective_token: number;
  readonly token_retransmit: number;
  readonly hold: number;
  readonly consensus: number;
  readonly join: number;
  readonly merge: number;
}

/** One case per row: the timers of `nodes` nodes (spec/pmxcfs.md §7.4). */
export async function run(directory: string): Promise<readonly CorpusCase[]> {
  let rows: readonly Row[];
  try {
    rows = JSON.parse(readFileSync(join(directory, FILE), 'utf8')) as readonly Row[];
  } catch (error) {
    return [judged(FILE, `unreadable: ${String(error)}`)];
  }
  return rows.map((row, index) => {
    const timers = totemTimers({ token: row.token, token_coefficient: row.coefficient }, row.nodes);
    const actual: Row = {
      nodes: row.nodes,
      token: row.token,
      coefficient: row.coefficient,
      effective_token: timers.token_ms,
      token_retransmit: timers.token_retransmit_ms,
      hold: timers.hold_ms,
      consensus: timers.consensus_ms,
      join: timers.join_ms,
      merge: timers.merge_ms,
    };
    const name = `${FILE} ${index + 1} nodes=${row.nodes} token=${row.token} coefficient=${row.coefficient}`;
    return judged(name, differenceOf(actual, row));
  });
}
