/** `pvecm status`, `nodes` and `expected N` (spec/pmxcfs.md §8.5). */
import { formatConfProblem, readClusterConfig } from '../../runtime/formats/corosync-conf-read.ts';
import { readClusterConf } from './cluster-config-file.ts';
import { PvecmFailure, QUORUM_TOOL } from './failure.ts';
import type { PvecmPorts } from './ports.ts';
import { clusterBlock, nodesBlock, type QuorumState, quorumBlocks, timersBlock } from './status-report.ts';

/** Prints all blocks; the result is the exit code. */
export function showStatus(ports: PvecmPorts): Promise<number> {
  return asQuorumTool(async () => {
    const conf = await readClusterConf(ports.client);
    ports.print(`${clusterBlock(conf.sections)}\n`);
    const { timers, state } = await quorumState(ports, conf.text);
    ports.print(`${quorumBlocks(state)}\n${timersBlock(timers)}`);
    return exitCodeOf(state);
  });
}

/** Prints who is in the membership; the result is the exit code. */
export function showNodes(ports: PvecmPorts): Promise<number> {
  return asQuorumTool(async () => {
    const conf = await readClusterConf(ports.client);
    const { state } = await quorumState(ports, conf.text);
    ports.print(`\n${nodesBlock(state)}`);
    return exitCodeOf(state);
  });
}

/** Sets the expected votes of the partition until the engine restarts (§7.3); the result is the exit code. */
export function setExpectedVotes({ client }: PvecmPorts, votes: number): Promise<number> {
  return asQuorumTool(async () => {
    await readClusterConf(client);
    try {
      await client.call('set-expected', { votes });
    } catch (error) {
      throw new Error(`Unable to set expected votes: ${(error as Error).message}`);
    }
    return QUORUM_TOOL.quorate;
  });
}

/** Whatever fails in these commands has the quorum tool's exit code. */
async function asQuorumTool(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    throw new PvecmFailure((error as Error).message, QUORUM_TOOL.failed);
  }
}

function exitCodeOf({ view }: QuorumState): number {
  return view.quorate ? QUORUM_TOOL.quorate : QUORUM_TOOL.notQuorate;
}

async function quorumState({ client, clock }: PvecmPorts, confText: string) {
  const { cluster, quorum, totem } = await client.describe();
  if (cluster === undefined || quorum === undefined || totem === undefined) {
    throw new Error('the cluster engine is not running: this node is in local mode');
  }
  const read = readClusterConfig(confText, client.fullPath('corosync.conf'));
  if ('errors' in read) throw new Error(read.errors.map(formatConfProblem).join('\n'));
  const state: QuorumState = {
    wall_ms: clock.wall_ms(),
    nodeid: totem.nodeid,
    view: quorum,
    options: read.config.quorum,
    nodes: cluster.nodes,
  };
  return { timers: cluster.timers, state };
}
