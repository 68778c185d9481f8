/** The types of jobs in jobs.cfg and their properties (spec/scheduler.md §2). */
import type { Properties, PropertySchema } from './property-schema.ts';
import { definedSections, type OptionFlags } from './section-config-types.ts';

const text = { type: 'string', optional: 1 } as const satisfies PropertySchema;
const flag = { type: 'boolean', optional: 1 } as const satisfies PropertySchema;
const integer = { type: 'integer', optional: 1 } as const satisfies PropertySchema;

const base: Properties = {
  type: { type: 'string', description: 'Kind of job.' },
  id: { type: 'string', format: 'pve-configid', maxLength: 64, description: 'The job ID.' },
  enabled: { ...flag, default: 1 },
  schedule: { type: 'string', format: 'pve-calendar-event', maxLength: 128 },
  comment: { ...text, maxLength: 512 },
  'repeat-missed': { ...flag, default: 0 },
};

/** Every option of a backup, and the node that the job is pinned to. */
const backupProperties: Properties = {
  all: { ...flag, default: 0 },
  bwlimit: { ...integer, minimum: 0, default: 0 },
  compress: { ...text, enum: ['0', '1', 'gzip', 'lzo', 'zstd'], default: '0' },
  dumpdir: text,
  exclude: { ...text, format: 'pve-vmid-list' },
  'exclude-path': { type: 'array', items: { type: 'string' }, optional: 1 },
  fleecing: { ...text, format: 'backup-fleecing' },
  ionice: { ...integer, minimum: 0, maximum: 8, default: 7 },
  lockwait: { ...integer, minimum: 0, default: 180 },
  mailnotification: { ...text, enum: ['always', 'failure'], default: 'always' },
  mailto: { ...text, format: 'email-or-username-list' },
  mode: { ...text, enum: ['snapshot', 'suspend', 'stop'], default: 'snapshot' },
  node: { ...text, format: 'pve-node' },
  'notes-template': { ...text, maxLength: 1024, requires: 'storage' },
  'notification-mode': { ...text, enum: ['auto', 'legacy-sendmail', 'notification-system'], default: 'auto' },
  'pbs-change-detection-mode': { ...text, enum: ['legacy', 'data', 'metadata'] },
  performance: { ...text, format: 'backup-performance' },
  pigz: { ...integer, default: 0 },
  pool: text,
  protected: { ...flag, requires: 'storage' },
  'prune-backups': { ...text, format: 'prune-backups', default: 'keep-all=1' },
  quiet: { ...flag, default: 0 },
  remove: { ...flag, default: 1 },
  script: text,
  stdexcludes: { ...flag, default: 1 },
  stop: { ...flag, default: 0 },
  stopwait: { ...integer, minimum: 0, default: 10 },
  storage: { ...text, format: 'pve-storage-id' },
  tmpdir: text,
  vmid: { ...text, format: 'pve-vmid-list' },
  zstd: { ...integer, default: 1 },
};

const realmSyncProperties: Properties = {
  realm: { type: 'string', format: 'pve-realm', maxLength: 32 },
  scope: { ...text, enum: ['users', 'groups', 'both'] },
  'remove-vanished': {
    ...text,
    pattern: '(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none',
    default: 'none',
  },
  'enable-new': { ...flag, default: 1 },
};

const optional: OptionFlags = { optional: 1 };
const common = { enabled: optional, schedule: {}, comment: optional };

export const jobSections = definedSections({
  base,
  types: {
    vzdump: {
      properties: backupProperties,
      options: {
        ...common,
        'repeat-missed': optional,
        ...Object.fromEntries(Object.keys(backupProperties).map((key) => [key, optional])),
      },
    },
    'realm-sync': {
      properties: realmSyncProperties,
      options: {
        ...common,
        realm: { fixed: 1 },
        scope: {},
        'remove-vanished': optional,
        'enable-new': optional,
      },
    },
  },
});
