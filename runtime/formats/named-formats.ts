/** The general named formats with their texts (spec/formats.md §3). Other domains add theirs to this map. */
import { readDiskSize } from './byte-size.ts';
import { calendarEventComplaint } from './calendar-event.ts';
import { idPairFormats } from './id-pairs.ts';
import { networkFormats } from './network-formats.ts';
import type { FormatCheck, NamedFormats, NamedPropertyString } from './property-schema.ts';
import { pruneBackupsFormat } from './prune-backups.ts';

export interface FormatSurroundings {
  /** Names of time zones: the third column of zone.tab (`timeZonesOf`); without it, those that the runtime knows. */
  readonly timeZones?: ReadonlySet<string>;
}

/** @param zoneTable text of `/usr/share/zoneinfo/zone.tab` */
export function timeZonesOf(zoneTable: string): ReadonlySet<string> {
  const lines = zoneTable.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Set(lines.flatMap((line) => line.split('\t')[2] ?? []));
}

/** Every general format by name. */
export function generalFormats({ timeZones }: FormatSurroundings = {}): NamedFormats {
  return new Map<string, FormatCheck | NamedPropertyString>([
    ...plainFormats,
    ...networkFormats,
    ['timezone', (text) => (isTimeZone(text, timeZones) ? undefined : `invalid time zone '${text}'`)],
    ...idPairFormats('storage-pair', storageIdComplaint),
    ...idPairFormats('bridge-pair', new Map(networkFormats).get('pve-bridge-id')!),
    ...propertyStrings,
  ]);
}

/** The runtime's list is made only when it is needed: the formats are part of every start of a command. */
function isTimeZone(text: string, known: ReadonlySet<string> | undefined): boolean {
  return text === 'UTC' || (known?.has(text) ?? Intl.supportedValuesOf('timeZone').includes(text));
}

/** The whole text by a pattern. */
function matching(pattern: RegExp, complaint: (text: string) => string): FormatCheck {
  return (text) => (pattern.test(text) ? undefined : complaint(text));
}

const configId = /^[a-z][a-z0-9_-]+$/i;
const longId = /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i;
const nodeName = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;

function longIdComplaint(what: string): FormatCheck {
  return (text) => {
    if (text.length < 2) return `${what} '${text}' cannot be shorter than 2 characters`;
    return longId.test(text) ? undefined : `${what} '${text}' contains illegal characters`;
  };
}

export const storageIdComplaint = longIdComplaint('storage ID');

export const nodeNameComplaint = matching(nodeName, () => 'value does not look like a valid node name');

const userPart = '[\\w+\\-~]+(?:\\.[\\w+\\-~]+)*';
const email = new RegExp(`^${userPart}@[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)*$`);
const emailOrUser = new RegExp(`^${userPart}(?:@[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)*)?$`);
const startupPart = /^(?:(?:order=)?|up=|down=)[0-9]+$/;
const tfaSecret = /^(?:v2-0x[0-9a-fA-F]{16,128}|v2-[A-Z2-7=]{16,128}|[A-Z2-7=]{16}|[A-Fa-f0-9]{40})$/;

function isStartupOrder(text: string): boolean {
  return text
    .split(',')
    .filter((part) => !/^\s*$/.test(part))
    .every((part) => startupPart.test(part));
}

const plainFormats: readonly (readonly [string, FormatCheck])[] = [
  ['pve-configid', matching(configId, (text) => `invalid configuration ID '${text}'`)],
  ['pve-storage-id', storageIdComplaint],
  ['acme-plugin-id', longIdComplaint('ACME plugin ID')],
  ['pve-vmid', matching(/^[1-9][0-9]{2,8}$/, () => 'value does not look like a valid VM ID')],
  ['pve-node', nodeNameComplaint],
  ['email', matching(email, () => 'value does not look like a valid email address')],
  ['email-or-username', matching(emailOrUser, () => 'value does not look like a valid email address or user name')],
  [
    'ldap-simple-attr',
    matching(/^[a-zA-Z0-9]+$/, (text) => `value '${text}' does not look like a simple ldap attribute name`),
  ],
  ['urlencoded', matching(/^[-%a-zA-Z0-9_.!~*'()]*$/, (text) => `invalid urlencoded string: ${text}`)],
  ['disk-size', diskSizeComplaint],
  ['pve-tag', matching(/^[a-z0-9_][a-z0-9_\-+.]*$/i, () => 'invalid characters in tag')],
  ['pve-startup-order', (text) => (isStartupOrder(text) ? undefined : 'unable to parse startup options')],
  ['pve-tfa-secret', matching(tfaSecret, () => 'unable to decode TFA secret')],
  ['pve-task-status-type', matching(/^(?:ok|error|warning|unknown)$/i, (text) => `invalid status '${text}'`)],
  ['pve-calendar-event', calendarEventComplaint],
];

function diskSizeComplaint(text: string): string | undefined {
  const size = readDiskSize(text);
  return 'error' in size ? size.error : undefined;
}

const limit = { type: 'number', minimum: 0, optional: 1 } as const;
const count = { type: 'integer', minimum: 1, optional: 1 } as const;

const propertyStrings: readonly (readonly [string, NamedPropertyString])[] = [
  // KiB/s (spec/formats.md §1.4).
  ['bwlimit', { properties: { clone: limit, default: limit, migration: limit, move: limit, restore: limit } }],
  ['prune-backups', pruneBackupsFormat],
  [
    'backup-fleecing',
    {
      properties: {
        enabled: { type: 'boolean', default: 0, default_key: 1, optional: 1 },
        storage: { type: 'string', format: 'pve-storage-id', optional: 1 },
      },
    },
  ],
  [
    'backup-performance',
    {
      properties: {
        'max-workers': { ...count, maximum: 256, default: 16 },
        'pbs-entries-max': { ...count, default: 1_048_576 },
      },
    },
  ],
];
