/** `replication.cfg` (spec/scheduler.md §5.1): which guest is copied where, and when. */
import { byBytes } from './byte-string.ts';
import { decodeText, encodeText } from './encoded-text.ts';
import { generalFormats } from './named-formats.ts';
import { replicationSections } from './replication-config.schema.ts';
import {
  readSections,
  type Section,
  type SectionConfig,
  type SectionHandling,
  type WritableConfig,
  writeSections,
} from './section-config.ts';

const jobId = /^([0-9]+)-([0-9]+)$/;
const firstGuest = 100;

export const replicationHandling: SectionHandling = {
  formats: generalFormats(),
  header(_type, text) {
    const [, guest, number] = jobId.exec(text) ?? [];
    if (guest === undefined || number === undefined) return undefined;
    const id = `${Number(guest)}-${Number(number)}`;
    if (Number(guest) >= firstGuest) return { id };
    return { id, error: `invalid replication job id '${id}' (guest IDs < ${firstGuest} are reserved)` };
  },
  decode: (_type, key, value) => ({ value: key === 'comment' ? decodeText(String(value)) : value }),
  encode: (_type, key, value) => (key === 'comment' ? encodeText(String(value)) : value),
};

/** Jobs by id, with `guest`, `jobnum` and `id` as values of their own; a second job to the same target is dropped. */
export function readReplicationConfig(text: string, fileName = 'replication.cfg'): SectionConfig {
  const config = readSections(replicationSections, fileName, text, replicationHandling);
  const ids = new Map<string, Section | null>();
  const warnings = [...config.warnings];
  const targets = new Set<string>();
  const duplicates = new Set<string>();
  for (const id of [...config.ids.keys()].sort(byBytes)) {
    const job = config.ids.get(id);
    if (job === undefined || job === null) continue;
    const guest = Number(id.split('-')[0]);
    const target = `${job.type}/${job.values.get('target')}`;
    const pair = `${guest} ${target}`;
    if (targets.has(pair)) {
      warnings.push(`delete job ${id}: replication job for guest '${guest}' to target '${target}' already exists`);
      duplicates.add(id);
    }
    targets.add(pair);
  }
  for (const [id, job] of config.ids) {
    if (!duplicates.has(id)) ids.set(id, job === null ? null : identified(id, job));
  }
  const order = new Map([...config.order].filter(([id]) => !duplicates.has(id)));
  return { ...config, ids, order, warnings };
}

function identified(id: string, { type, values }: Section): Section {
  const [guest, jobnum] = id.split('-').map(Number);
  return { type, values: new Map<string, unknown>([...values, ['guest', guest], ['jobnum', jobnum], ['id', id]]) };
}

/** An error is the original's sentence. */
export function writeReplicationConfig(config: WritableConfig): { readonly text: string } | { readonly error: string } {
  return writeSections(replicationSections, config, replicationHandling);
}
