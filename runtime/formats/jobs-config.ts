/** `jobs.cfg` (spec/scheduler.md §2): what pvescheduler runs. */
import { accessFormats } from './access/access-formats.ts';
import { decodeText, encodeText } from './encoded-text.ts';
import { jobSections } from './jobs-config.schema.ts';
import { generalFormats } from './named-formats.ts';
import { readPropertyString, writePropertyString } from './property-check.ts';
import type { NamedFormats, PropertyValues } from './property-schema.ts';
import {
  type Decoded,
  readSections,
  type Section,
  type SectionConfig,
  type SectionHandling,
  type WritableConfig,
  writeSections,
} from './section-config.ts';

/** Keys that are maps of text, by the name of their format. */
const propertyStrings: ReadonlyMap<string, string> = new Map([
  ['prune-backups', 'prune-backups'],
  ['fleecing', 'backup-fleecing'],
  ['performance', 'backup-performance'],
]);

const formats: NamedFormats = new Map([...generalFormats(), ...accessFormats]);

export const jobHandling: SectionHandling = {
  formats,
  decode(_type, key, value): Decoded {
    if (key === 'comment') return { value: decodeText(String(value)) };
    const format = propertyStrings.get(key);
    if (format === undefined) return { value };
    const read = readPropertyString(String(value), format, formats);
    return 'error' in read ? read : { value: read.values };
  },
  encode(_type, key, value) {
    if (key === 'comment') return encodeText(String(value));
    const format = formats.get(propertyStrings.get(key) ?? '');
    if (typeof format !== 'object') return value;
    const written = writePropertyString(value as PropertyValues, format.properties, formats);
    // What was read was checked by the same format; a program's own mistake must not get into the file.
    if ('error' in written) throw new Error(`${key}: ${written.error}`);
    return written.text;
  },
};

/** Jobs by id; `enabled` is filled in, comments are Unicode text, property strings are maps of text. */
export function readJobsConfig(text: string, fileName = 'jobs.cfg'): SectionConfig {
  const config = readSections(jobSections, fileName, text, jobHandling);
  const ids = new Map<string, Section | null>();
  for (const [id, job] of config.ids) {
    ids.set(id, job === null ? null : { type: job.type, values: new Map([['enabled', 1], ...job.values]) });
  }
  return { ...config, ids };
}

/** An error is the original's sentence. */
export function writeJobsConfig(config: WritableConfig): { readonly text: string } | { readonly error: string } {
  return writeSections(jobSections, config, jobHandling);
}
