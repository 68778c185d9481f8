/** `ha/resources.cfg`: which guests are HA resources (spec/ha.md §8.4). */
import { decodeText, encodeText } from '../../runtime/formats/encoded-text.ts';
import {
  readSections,
  type Section,
  type SectionHandling,
  writeSections,
} from '../../runtime/formats/section-config.ts';
import { definedSections } from '../../runtime/formats/section-config-types.ts';

export interface HaResource {
  readonly type: 'vm' | 'ct';
  /** The file's word; `enabled` is another word for `started`, and missing means `started`. */
  readonly state?: 'started' | 'stopped' | 'enabled' | 'disabled' | 'ignored';
  readonly group?: string;
  readonly failback?: number;
  readonly max_restart?: number;
  readonly max_relocate?: number;
  /** Unicode text. */
  readonly comment?: string;
}

export interface ResourceSet {
  /** SHA-1 in hex of the raw text. */
  readonly digest: string;
  /** By sid (`vm:501`). */
  readonly ids: ReadonlyMap<string, HaResource>;
  readonly order: ReadonlyMap<string, number>;
}

const options = {
  state: { optional: 1 },
  group: { optional: 1 },
  failback: { optional: 1 },
  max_restart: { optional: 1 },
  max_relocate: { optional: 1 },
  comment: { optional: 1 },
} as const;

const count = { type: 'integer', minimum: 0, default: 1, optional: 1 } as const;

const resourceSections = definedSections({
  base: {
    type: { description: 'Kind of guest.' },
    state: {
      type: 'string',
      enum: ['started', 'stopped', 'enabled', 'disabled', 'ignored'],
      default: 'started',
      optional: 1,
      description: 'Requested state.',
    },
    group: { type: 'string', optional: 1, description: 'Legacy group.' },
    failback: { type: 'boolean', default: 1, optional: 1, description: 'Moves back to a node of higher priority.' },
    max_restart: { ...count, description: 'Attempts to start on a node before it is moved.' },
    max_relocate: { ...count, description: 'Nodes tried before it is an error.' },
    comment: { type: 'string', maxLength: 4096, optional: 1, description: 'Words for people.' },
  },
  types: { vm: { options }, ct: { options } },
});

/** Sections are keyed by sid, since `vm: 501` and `ct: 501` may both stand in a file. */
const resourceHandling: SectionHandling = {
  header: (type, id) => {
    const error = /^[1-9][0-9]+$/.test(id) ? undefined : `invalid guest id '${id}'`;
    return { id: `${type}:${id}`, ...(error !== undefined && { error }) };
  },
  writtenId: (sid) => sid.slice(sid.indexOf(':') + 1),
  decode: (_type, key, value) => ({ value: key === 'comment' ? decodeText(value as string) : value }),
  encode: (_type, key, value) => (key === 'comment' ? encodeText(value as string) : value),
};

export function parseResources(
  text: string,
  fileName = 'ha/resources.cfg',
): { readonly resources: ResourceSet; readonly warnings: readonly string[] } {
  const config = readSections(resourceSections, fileName, text, resourceHandling);
  const ids = new Map<string, HaResource>();
  for (const [sid, section] of config.ids) {
    if (section !== null) ids.set(sid, { type: section.type, ...Object.fromEntries(section.values) } as HaResource);
  }
  return { resources: { digest: config.digest, ids, order: config.order }, warnings: config.warnings };
}

export function writeResources(resources: Pick<ResourceSet, 'ids' | 'order'>): string {
  const ids = new Map<string, Section>();
  for (const [sid, { type, ...values }] of resources.ids)
    ids.set(sid, { type, values: new Map(Object.entries(values)) });
  const written = writeSections(resourceSections, { ids, order: resources.order }, resourceHandling);
  if ('error' in written) throw new Error(written.error);
  return written.text;
}
