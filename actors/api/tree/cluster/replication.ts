import { privilegeRefusal } from '../../../../machines/access/permission-check.ts';
import { splitList } from '../../../../runtime/formats/list-text.ts';
import { replicationSections } from '../../../../runtime/formats/replication-config.schema.ts';
import {
  readReplicationConfig,
  replicationHandling,
  writeReplicationConfig,
} from '../../../../runtime/formats/replication-config.ts';
import type { Section } from '../../../../runtime/formats/section-config.ts';
import { createSection, updateSection } from '../../../../runtime/formats/section-update.ts';
import { ApiFailure, failureOf, parameterFailure } from '../../failure.ts';
import { changesOf, flagOf, identityOf, method, requiredText, textOf } from '../../method.ts';
import {
  changedSection,
  changeSectionFile,
  givenValues,
  readSectionFile,
  type SectionFile,
  shownValues,
} from '../../section-file.ts';
import type { Call } from '../../world.ts';

const file: SectionFile = {
  path: 'replication.cfg',
  lock: 'file-replication_cfg',
  decode: readReplicationConfig,
  encode: writeReplicationConfig,
};
const NOT_OPTIONS: ReadonlySet<string> = new Set(['id', 'type', 'delete', 'digest']);

async function refusalFor(call: Call, id: string, privilege: string) {
  const question = { config: await call.world.userConfig(), caller: identityOf(call) };
  return privilegeRefusal(question, `/vms/${Number(id.split('-')[0])}`, [privilege]);
}

async function checkMay(call: Call, id: string, privilege: string): Promise<void> {
  const refusal = await refusalFor(call, id, privilege);
  if (refusal !== undefined) throw failureOf(refusal);
}

async function list(call: Call) {
  const { ids } = await readSectionFile(call.world, file);
  const visible: object[] = [];
  for (const [id, job] of [...ids].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (job !== null && (await refusalFor(call, id, 'VM.Audit')) === undefined) visible.push(shown(id, job));
  }
  return visible;
}

function shown(id: string, job: Section) {
  return { id, type: job.type, ...shownValues(job) };
}

async function read(call: Call) {
  const id = requiredText(call, 'id');
  await checkMay(call, id, 'VM.Audit');
  const { ids, digest } = await readSectionFile(call.world, file);
  return { ...shown(id, existing(ids, id)), digest };
}

function existing(ids: ReadonlyMap<string, Section | null>, id: string): Section {
  const job = ids.get(id);
  if (job == null) throw new ApiFailure(`no such job '${id}'`);
  return job;
}

async function create(call: Call): Promise<null> {
  const id = requiredText(call, 'id');
  await checkMay(call, id, 'VM.Replicate');
  const target = requiredText(call, 'target');
  const { nodelist = {} } = await call.world.cluster.members();
  if (!Object.hasOwn(nodelist, target)) throw parameterFailure({ target: `no such cluster node '${target}'` });
  const guest = (await call.world.cluster.guests()).get(String(Number(id.split('-')[0])));
  if (guest === undefined) throw new ApiFailure(`guest '${id.split('-')[0]}' does not exist`);
  if (guest.node === target) throw parameterFailure({ target: 'source and target must be different' });
  const values = givenValues(call.params, NOT_OPTIONS).set('source', guest.node);
  const job = changedSection(createSection(replicationSections, 'local', values, replicationHandling));
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    if (ids.has(id)) throw new ApiFailure(`replication job '${id}' already exists`);
    ids.set(id, job);
  });
  return null;
}

async function update(call: Call): Promise<null> {
  const id = requiredText(call, 'id');
  await checkMay(call, id, 'VM.Replicate');
  const change = { set: givenValues(call.params, NOT_OPTIONS), delete: splitList(textOf(call, 'delete') ?? '') };
  await changeSectionFile(changesOf(call), file, textOf(call, 'digest'), (ids) => {
    ids.set(id, changedSection(updateSection(replicationSections, existing(ids, id), change, replicationHandling)));
  });
  return null;
}

/** Marked, so that the replication removes its traces first; with `force` the entry alone goes, at once. */
async function remove(call: Call): Promise<null> {
  const id = requiredText(call, 'id');
  await checkMay(call, id, 'VM.Replicate');
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    const job = existing(ids, id);
    if (flagOf(call, 'force')) {
      ids.delete(id);
      return;
    }
    const mark = flagOf(call, 'keep') ? 'local' : 'full';
    ids.set(id, { ...job, values: new Map([...job.values, ['remove_job', mark]]) });
  });
  return null;
}

export const methods = [
  method('GET', '/cluster/replication', list),
  method('POST', '/cluster/replication', create),
  method('GET', '/cluster/replication/{id}', read),
  method('PUT', '/cluster/replication/{id}', update),
  method('DELETE', '/cluster/replication/{id}', remove),
];
