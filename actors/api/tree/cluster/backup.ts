import { randomUuid } from '../../../../runtime/access/fresh-secrets.ts';
import { superuser } from '../../../../runtime/formats/access/identity.ts';
import { jobSections } from '../../../../runtime/formats/jobs-config.schema.ts';
import { jobHandling, readJobsConfig, writeJobsConfig } from '../../../../runtime/formats/jobs-config.ts';
import { splitList } from '../../../../runtime/formats/list-text.ts';
import type { Section } from '../../../../runtime/formats/section-config.ts';
import { createSection, updateSection } from '../../../../runtime/formats/section-update.ts';
import { ApiFailure, parameterFailure } from '../../failure.ts';
import { changesOf, identityOf, method, requiredText, textOf } from '../../method.ts';
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
  path: 'jobs.cfg',
  lock: 'file-jobs_cfg',
  decode: readJobsConfig,
  encode: writeJobsConfig,
};
const NOT_OPTIONS: ReadonlySet<string> = new Set(['id', 'delete', 'digest', 'starttime', 'dow']);
const ROOT_ONLY = ['tmpdir', 'dumpdir', 'script'] as const;

function shown(id: string, job: Section) {
  return { id, type: 'vzdump', ...shownValues(job) };
}

async function jobsOf(call: Call) {
  const { ids } = await readSectionFile(call.world, file);
  return [...ids].filter((entry): entry is [string, Section] => entry[1]?.type === 'vzdump');
}

async function read(call: Call) {
  const id = requiredText(call, 'id');
  const job = (await jobsOf(call)).find(([one]) => one === id);
  if (job === undefined) throw new ApiFailure(`No such job '${id}'`);
  return shown(...job);
}

/** Old clients give a time and days instead of a schedule. */
function optionsOf(call: Call): Map<string, unknown> {
  for (const name of ROOT_ONLY) {
    if (name in call.params && identityOf(call) !== superuser) {
      throw parameterFailure({ [name]: 'Only root may set this option.' });
    }
  }
  const options = givenValues(call.params, NOT_OPTIONS);
  const [starttime, days] = [textOf(call, 'starttime'), textOf(call, 'dow')];
  if (starttime !== undefined && !options.has('schedule')) {
    options.set('schedule', days === undefined ? starttime : `${splitList(days).join(',')} ${starttime}`);
  }
  return options;
}

async function create(call: Call): Promise<null> {
  const id = textOf(call, 'id') ?? randomUuid(call.world.random);
  const job = changedSection(createSection(jobSections, 'vzdump', optionsOf(call), jobHandling));
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    if (ids.has(id)) throw new ApiFailure(`Job '${id}' already exists`);
    ids.set(id, job);
  });
  return null;
}

async function update(call: Call): Promise<null> {
  const id = requiredText(call, 'id');
  const change = { set: optionsOf(call), delete: splitList(textOf(call, 'delete') ?? '') };
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    const job = ids.get(id);
    if (job?.type !== 'vzdump') throw new ApiFailure(`no such vzdump job`);
    ids.set(id, changedSection(updateSection(jobSections, job, change, jobHandling)));
  });
  return null;
}

async function remove(call: Call): Promise<null> {
  const id = requiredText(call, 'id');
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    if (ids.get(id)?.type !== 'vzdump') throw new ApiFailure(`No such job '${id}'`);
    ids.delete(id);
  });
  return null;
}

export const methods = [
  method('GET', '/cluster/backup', async (call) => (await jobsOf(call)).map(([id, job]) => shown(id, job))),
  method('POST', '/cluster/backup', create),
  method('GET', '/cluster/backup/{id}', read),
  method('PUT', '/cluster/backup/{id}', update),
  method('DELETE', '/cluster/backup/{id}', remove),
];
