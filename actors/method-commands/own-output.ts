/** Results that a tool prints in a form of its own (spec/cli.md §7, §12; spec/access.md §11; spec/storage.md §4). */
import { encodeText } from '../../runtime/formats/encoded-text.ts';
import type { Terminal } from '../command-line/output-format.ts';
import { type Row, tableText } from '../command-line/table.ts';
import type { Given } from './given.ts';

interface Look {
  readonly format: Given['format'];
  readonly terminal: Terminal;
}

type OwnOutput = (result: unknown, look: Look) => string;
type Fields = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));
const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const byText = (name: string) => (one: Fields, other: Fields) =>
  text(one[name]) < text(other[name]) ? -1 : Number(text(one[name]) > text(other[name]));

/** A line of one member per row. */
const namesIn =
  (name: string): OwnOutput =>
  (result) =>
    linesOf((result as readonly Fields[]).map((row) => text(row[name])).sort());

/** The first member padded to the longest, then the second. */
const pairsIn =
  (first: string, second: string): OwnOutput =>
  (result) => {
    const rows = [...(result as readonly Fields[])].sort(byText(first));
    const width = longest(rows.map((row) => text(row[first])));
    return linesOf(rows.map((row) => `${text(row[first]).padEnd(width)} ${text(row[second])}`));
  };

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

const KIB = 1024;

function storageStatus(result: unknown): string {
  const rows = [...(result as readonly Fields[])].sort(byText('storage'));
  const width = longest(rows.map(({ storage }) => text(storage))) + 1;
  const line = (name: string, ...others: readonly [string, string, string, string, string, string]) => {
    const [type, status, total, used, avail, share] = others;
    const sizes = [total, used, avail].map((size) => size.padStart(15)).join(' ');
    return `${name.padEnd(width)} ${type.padStart(10)} ${status.padStart(10)} ${sizes} ${share.padStart(8)}`;
  };
  const kib = (value: unknown) => String(Math.trunc(Number(value ?? 0) / KIB));
  const body = rows.map(({ storage, type, enabled, active, total, used, avail }) => {
    const isEnabled = Number(enabled ?? 1) !== 0;
    const status = !isEnabled ? 'disabled' : Number(active ?? 0) !== 0 ? 'active' : 'inactive';
    const share = Number(total ?? 0) > 0 ? (100 * Number(used ?? 0)) / Number(total) : 0;
    const percent = isEnabled ? `${share.toFixed(2)}%` : 'N/A';
    return line(text(storage), text(type), status, kib(total), kib(used), kib(avail), percent);
  });
  const head = line('Name', 'Type', 'Status', 'Total (KiB)', 'Used (KiB)', 'Available (KiB)', '%');
  return linesOf([head, ...body]);
}

/** First what belongs to guests, then the rest by its format. */
function volumes(result: unknown): string {
  const rows = result as readonly Fields[];
  if (rows.length === 0) return '';
  const key = ({ volid }: Fields) => text(volid).toLowerCase();
  const byVolume = (one: Fields, other: Fields) => (key(one) < key(other) ? -1 : Number(key(one) > key(other)));
  const owned = rows.filter(({ vmid }) => vmid !== undefined).sort(byVolume);
  const free = rows.filter(({ vmid }) => vmid === undefined).sort((a, b) => byText('format')(a, b) || byVolume(a, b));
  const sizeOf = ({ size, 'approximate-size': approximate }: Fields) =>
    text(size) !== '' ? text(size) : text(approximate) !== '' ? `~${text(approximate)}` : '-';
  const all = [...owned, ...free];
  const width = longest(all.map(({ volid }) => text(volid)));
  const sizeWidth = longest(['Size', ...all.map(sizeOf)]);
  const line = (volid: string, format: string, type: string, size: string, vmid: string) =>
    `${volid.padEnd(width)} ${format.padEnd(7)} ${type.padEnd(9)} ${size.padStart(sizeWidth)} ${vmid}`;
  const body = all.map((row) => {
    const { volid, format, content, vmid } = row;
    return line(text(volid), text(format), text(content), sizeOf(row), text(vmid)).trimEnd();
  });
  return linesOf([line('Volid', 'Format', 'Type', 'Size', 'VMID'), ...body]);
}

function pruneMarks(result: unknown): string {
  if (!Array.isArray(result)) return '';
  if (result.length === 0) return 'No backups found\n';
  const rows = [...(result as readonly Fields[])].sort(byText('volid'));
  const width = longest(rows.map(({ volid }) => text(volid)));
  const line = (volid: string, id: string, mark: string) =>
    `${volid.padEnd(width)} ${id.padStart(15)} ${mark.padStart(10)}`;
  const note =
    'NOTE: this is only a preview and might not be what a subsequent prune call does,\nif backups are removed/added in the meantime.\n';
  const body = rows.map(({ volid, type, vmid, mark }) => {
    const owner = vmid === undefined ? text(type) : `${type}/${vmid}`;
    return line(text(volid), owner, text(mark));
  });
  return linesOf([note, line('Backup', 'Backup-ID', 'Prune-Mark'), ...body]);
}

/** The syntax of the node's file: comments first. */
function nodeConfig(result: unknown): string {
  const { description, digest: _digest, ...values } = result as Fields;
  const comment = text(description) === '' ? [] : text(description).trimEnd().split('\n');
  const options = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const lines = options.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}: ${value}`);
  return linesOf([...comment.map((line) => `#${encodeText(line)}`), ...lines]);
}

function permissions(result: unknown, { format, terminal }: Look): string {
  const paths = Object.entries(result as Readonly<Record<string, Readonly<Record<string, unknown>>>>);
  const rows: readonly Row[] = paths.map(([path, privileges]) => {
    const names = Object.keys(privileges).sort();
    const lines = names.map((name) => `${name}${Number(privileges[name]) === 1 ? ' (*)' : ''}`);
    return { 'ACL path': path, Permissions: lines.join('\n') };
  });
  const look = {
    unicode: terminal.unicode,
    border: !format.noborder,
    header: !format.noheader,
    ...(terminal.width !== undefined && { terminalWidth: terminal.width }),
  };
  const table = tableText(rows, [{ key: 'ACL path' }, { key: 'Permissions' }], look);
  return `${table}Permissions marked with '(*)' have the 'propagate' flag set.\n`;
}

interface Factors extends Fields {
  readonly userid: string;
  readonly entries: readonly Fields[];
}

function secondFactors(result: unknown): string {
  const rows = result as readonly (Fields | Factors)[];
  const entryLines = (entries: readonly Fields[], indent: string) =>
    entries.flatMap(({ type, id, description }) => [
      `${indent}${`${type}:`.padEnd(9)} ${id}`,
      ...(text(description) === '' ? [] : [`${indent}          ${description}`]),
    ]);
  const isListOfUsers = (row: Fields): row is Factors => Array.isArray(row.entries);
  return linesOf(
    rows.flatMap((row) =>
      isListOfUsers(row) ? [`${row.userid}:`, ...entryLines(row.entries, '  ')] : entryLines([row], ''),
    ),
  );
}

/** By tool and words; where a command has format options, for the format `text`. */
export const ownOutputs: Readonly<Record<string, OwnOutput>> = {
  'pvenode acme account list': namesIn('name'),
  'pvenode config get': nodeConfig,
  'pvenode task log': (result) => linesOf((result as readonly Fields[]).map(({ t }) => text(t))),
  'pvenode wakeonlan': (result) => `Wake on LAN packet send for '${result}'\n`,
  'pvesm alloc': (result) => `successfully created '${result}'\n`,
  'pvesm apiinfo': (result) => {
    const { apiver, apiage } = result as Fields;
    return `APIVER ${apiver}\nAPIAGE ${apiage}\n`;
  },
  'pvesm list': volumes,
  'pvesm path': (result) => `${result}\n`,
  'pvesm prune-backups': pruneMarks,
  'pvesm scan cifs': pairsIn('share', 'description'),
  'pvesm scan iscsi': pairsIn('target', 'portal'),
  'pvesm scan lvm': namesIn('vg'),
  'pvesm scan lvmthin': namesIn('lv'),
  'pvesm scan nfs': pairsIn('path', 'options'),
  'pvesm scan zfs': namesIn('pool'),
  'pvesm status': storageStatus,
  'pveum ticket': (result) => `${(result as Fields).ticket}\n`,
  'pveum user permissions': permissions,
  'pveum user tfa list': secondFactors,
  'pveum user token permissions': permissions,
};
