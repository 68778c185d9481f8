/** The state that HA management decides on, read from a node, and what it decides put in place there (spec/ha.md §8, §13.3). */
import { Buffer } from 'node:buffer';
import type { Changes, Outcome } from '../../machines/ha/management/outcome.ts';
import { type HaState, type HaTexts, nodesOfInterest, readState } from '../../machines/ha/management/state.ts';
import { encodeRequestBody, requestId } from '../../machines/pmxcfs/ipc/requests.ts';
import { wallSeconds } from '../../runtime/clock/clock.ts';
import { connectIpc } from '../../runtime/ipc/client.ts';
import { withClusterLock } from '../pvecm/locks.ts';
import type { PvecmPorts } from '../pvecm/ports.ts';
import { failureOf } from './failure.ts';

const DOMAIN_LOCK = 'domain-ha';
const COMMANDS_FILE = 'ha/crm_commands';

/** Answers from the state as it is. */
export async function ask<Result>(
  ports: PvecmPorts,
  node: string,
  question: (state: HaState) => Outcome<Result>,
): Promise<Result> {
  return resultOf(question(await currentState(ports, node, ports.warn))).result;
}

/** Decides and writes under the cluster's `ha` domain lock, so that nobody changes the files in between. */
export async function change<Result>(
  ports: PvecmPorts,
  node: string,
  decide: (state: HaState) => Outcome<Result>,
): Promise<Result> {
  // What is refused now needs no lock, and no quorum.
  resultOf(decide(await currentState(ports, node, ports.warn)));
  return withClusterLock(ports, DOMAIN_LOCK, async () => {
    const { result, changes } = resultOf(decide(await currentState(ports, node)));
    await apply(ports, changes);
    return result;
  });
}

/** @param warn takes what is wrong with the configuration files, as the original tells it on standard error */
async function currentState(ports: PvecmPorts, node: string, warn?: (line: string) => void): Promise<HaState> {
  const read = readState(await readTexts(ports, node));
  if (!read.ok) throw failureOf(read.refusal);
  if (warn !== undefined) for (const warning of read.warnings) warn(warning);
  return read.state;
}

function resultOf<Result>(outcome: Outcome<Result>): { readonly result: Result; readonly changes: Changes } {
  if (!outcome.ok) throw failureOf(outcome.refusal);
  return outcome;
}

async function apply({ client }: PvecmPorts, { files, commands }: Changes): Promise<void> {
  if (files.size === 0 && commands.length === 0) return;
  await client.makeDirectories('ha');
  for (const [path, text] of files) await client.replace(path, Buffer.from(text, 'latin1'));
  if (commands.length === 0) return;
  const before = (await client.read(COMMANDS_FILE)) ?? Buffer.alloc(0);
  const lines = commands.map((line) => `${line}\n`).join('');
  await client.replace(COMMANDS_FILE, Buffer.concat([before, Buffer.from(lines, 'latin1')]));
}

async function readTexts({ client, clock, layout }: PvecmPorts, node: string): Promise<HaTexts> {
  const text = async (path: string) => (await client.read(path))?.toString('latin1');
  const own = {
    node,
    now_s: wallSeconds(clock),
    members: await text('.members'),
    vmlist: await text('.vmlist'),
    resources: await text('ha/resources.cfg'),
    rules: await text('ha/rules.cfg'),
    groups: await text('ha/groups.cfg'),
    managerStatus: await text('ha/manager_status'),
    datacenter: await text('datacenter.cfg'),
  };
  const lrmStatus = new Map<string, string | undefined>();
  const agentLocks = new Set<string>();
  const nodes = nodesOfInterest(own);
  for (const name of nodes) {
    lrmStatus.set(name, await text(`nodes/${name}/lrm_status`));
    if (await client.exists(`priv/lock/ha_agent_${name}_lock`)) agentLocks.add(name);
  }
  return { ...own, lrmStatus, agentLocks, versions: await publishedVersions(layout.ipcSocket, nodes) };
}

/** Versions of pve-manager that the nodes have published; nothing where the cluster process has no IPC service. */
async function publishedVersions(socket: string, nodes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  const client = await connectIpc(socket);
  if ('failure' in client) return versions;
  for (const node of nodes) {
    const body = encodeRequestBody({ kind: 'get-status', key: 'kv/version-info', node });
    const reply = await client.request(requestId('get-status'), body);
    const version = 'failure' in reply || reply.error !== 0 ? undefined : versionIn(reply.body.toString());
    if (version !== undefined) versions.set(node, version);
  }
  client.close();
  return versions;
}

function versionIn(text: string): string | undefined {
  try {
    const { version } = JSON.parse(text.replace(/\0$/, '')) as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
