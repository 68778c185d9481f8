import { parseCalendarEvent } from '../../../../runtime/formats/calendar-event.ts';
import { nextOccurrence } from '../../../../runtime/formats/calendar-next.ts';
import { localZone } from '../../../../runtime/formats/civil-time.ts';
import { jobSections } from '../../../../runtime/formats/jobs-config.schema.ts';
import { jobHandling, readJobsConfig, writeJobsConfig } from '../../../../runtime/formats/jobs-config.ts';
import { splitList } from '../../../../runtime/formats/list-text.ts';
import { renderTimestampGmt } from '../../../../runtime/formats/renderers.ts';
import type { Section } from '../../../../runtime/formats/section-config.ts';
import { createSection, updateSection } from '../../../../runtime/formats/section-update.ts';
import { ApiFailure } from '../../failure.ts';
import { changesOf, index, method, numberOf, requiredText, textOf } from '../../method.ts';
import {
  changedSection,
  changeSectionFile,
  givenValues,
  readSectionFile,
  type SectionFile,
  shownValues,
} from '../../section-file.ts';
import type { Call } from '../../world.ts';

const file: SectionFile = { path: 'jobs.cfg', lock: 'file-jobs_cfg', decode: readJobsConfig, encode: writeJobsConfig };
const job = '/cluster/jobs/realm-sync/{id}';
const NOT_OPTIONS: ReadonlySet<string> = new Set(['id', 'delete', 'digest']);

async function jobsOf(call: Call) {
  const { ids } = await readSectionFile(call.world, file);
  return [...ids].filter((entry): entry is [string, Section] => entry[1]?.type === 'realm-sync');
}

async function read(call: Call) {
  const id = requiredText(call, 'id');
  const found = (await jobsOf(call)).find(([one]) => one === id);
  if (found === undefined) throw new ApiFailure(`No such realm-sync job '${id}'`);
  return { id, type: 'realm-sync', ...shownValues(found[1]) };
}

async function create(call: Call): Promise<null> {
  const id = requiredText(call, 'id');
  const section = changedSection(
    createSection(jobSections, 'realm-sync', givenValues(call.params, NOT_OPTIONS), jobHandling),
  );
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    if (ids.has(id)) throw new ApiFailure(`Job '${id}' already exists`);
    ids.set(id, section);
  });
  return null;
}

async function update(call: Call): Promise<null> {
  const id = requiredText(call, 'id');
  const change = { set: givenValues(call.params, NOT_OPTIONS), delete: splitList(textOf(call, 'delete') ?? '') };
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    const before = ids.get(id);
    if (before?.type !== 'realm-sync') throw new ApiFailure(`No such realm-sync job '${id}'`);
    ids.set(id, changedSection(updateSection(jobSections, before, change, jobHandling)));
  });
  return null;
}

async function remove(call: Call): Promise<null> {
  const id = requiredText(call, 'id');
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    if (ids.get(id)?.type !== 'realm-sync') throw new ApiFailure(`No such realm-sync job '${id}'`);
    ids.delete(id);
  });
  return null;
}

const DEFAULT_ITERATIONS = 10;

/** When a schedule comes next, several times. */
function analyzeSchedule(call: Call) {
  const parsed = parseCalendarEvent(requiredText(call, 'schedule'));
  if ('error' in parsed) throw new ApiFailure(parsed.error);
  const times: object[] = [];
  let last_s = numberOf(call, 'starttime') ?? Math.floor(call.world.clock.wall_ms() / 1000);
  for (let round = numberOf(call, 'iterations') ?? DEFAULT_ITERATIONS; round > 0; round--) {
    const next_s = nextOccurrence(parsed.value, last_s, localZone);
    if (next_s === undefined) break;
    times.push({ timestamp: next_s, utc: `${renderTimestampGmt(next_s)} UTC` });
    last_s = next_s;
  }
  return times;
}

export const methods = [
  method('GET', '/cluster/jobs/schedule-analyze', analyzeSchedule),
  index('/cluster/jobs', ['schedule-analyze', 'realm-sync']),
  method('GET', '/cluster/jobs/realm-sync', async (call) =>
    (await jobsOf(call)).map(([id, section]) => ({ id, ...shownValues(section) })),
  ),
  method('GET', job, read),
  method('POST', job, create),
  method('PUT', job, update),
  method('DELETE', job, remove),
];
