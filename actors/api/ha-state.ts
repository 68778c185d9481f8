/** What HA management decides on, read from the cluster, and what it decides put in place (spec/ha.md §8, §13.3). */
import { Buffer } from 'node:buffer';
import type { Changes, Outcome } from '../../machines/ha/management/outcome.ts';
import { type HaState, nodesOfInterest, readState } from '../../machines/ha/management/state.ts';
import { failureOf } from './failure.ts';
import { parsedJson } from './json-text.ts';
import { changesOf } from './method.ts';
import type { ApiWorld, Call, ClusterChanges } from './world.ts';

const DOMAIN_LOCK = 'domain-ha';
const COMMANDS_FILE = 'ha/crm_commands';

/** Answers from the state as it is. */
export async function haAnswer<Result>(call: Call, question: (state: HaState) => Outcome<Result>): Promise<Result> {
  return decided(question(await haState(call.world))).result;
}

/** Decides and writes under the cluster lock of the domain, so that nobody changes the files in between. */
export async function haChange<Result>(call: Call, decide: (state: HaState) => Outcome<Result>): Promise<Result> {
  const changes = changesOf(call);
  // What is refused now needs no lock, and no quorum.
  decided(decide(await haState(call.world)));
  return changes.withLock(DOMAIN_LOCK, async () => {
    const { result, changes: wanted } = decided(decide(await haState(call.world)));
    await apply(changes, wanted);
    return result;
  });
}

function decided<Result>(outcome: Outcome<Result>): { readonly result: Result; readonly changes: Changes } {
  if (!outcome.ok) throw failureOf(outcome.refusal);
  return outcome;
}

async function apply(changes: ClusterChanges, { files, commands }: Changes): Promise<void> {
  for (const [path, text] of files) await changes.replace(path, Buffer.from(text, 'latin1'));
  if (commands.length === 0) return;
  const before = (await changes.read(COMMANDS_FILE)) ?? Buffer.alloc(0);
  const lines = commands.map((line) => `${line}\n`).join('');
  await changes.replace(COMMANDS_FILE, Buffer.concat([before, Buffer.from(lines, 'latin1')]));
}

/** Locks lie below `priv`, which pveproxy doesn't see: there, an LRM that has written its state lately counts as holding its own. */
export async function haState(world: ApiWorld): Promise<HaState> {
  const { cluster, nodeName, clock } = world;
  const text = async (path: string) => (await cluster.read(path))?.toString('latin1');
  const guests = await cluster.guests();
  const own = {
    node: nodeName,
    now_s: Math.floor(clock.wall_ms() / 1000),
    members: JSON.stringify(await cluster.members()),
    vmlist: JSON.stringify({ ids: Object.fromEntries(guests) }),
    resources: await text('ha/resources.cfg'),
    rules: await text('ha/rules.cfg'),
    groups: await text('ha/groups.cfg'),
    managerStatus: await text('ha/manager_status'),
    datacenter: await text('datacenter.cfg'),
  };
  const lrmStatus = new Map<string, string | undefined>();
  const versions = new Map<string, string>();
  const agentLocks = new Set<string>();
  for (const name of nodesOfInterest(own)) {
    lrmStatus.set(name, await text(`nodes/${name}/lrm_status`));
    if (lrmStatus.get(name) !== undefined) agentLocks.add(name);
    const published = parsedJson((await cluster.nodeStatus('kv/version-info', name))?.toString());
    const version = (published as { version?: unknown } | undefined)?.version;
    if (typeof version === 'string') versions.set(name, version);
  }
  const read = readState({ ...own, lrmStatus, agentLocks, versions });
  if (!read.ok) throw failureOf(read.refusal);
  return read.state;
}
