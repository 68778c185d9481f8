/** Named formats of storage definitions and volumes (spec/storage.md §2.1, §2.2, §3). */

import { generalFormats } from '../../runtime/formats/named-formats.ts';
import { isAddressOrDnsName } from '../../runtime/formats/network-formats.ts';
import type { FormatCheck, NamedFormats } from '../../runtime/formats/property-schema.ts';
import { parseVolumeId } from './volume-name.ts';

export const contentTypes = ['images', 'rootdir', 'vztmpl', 'iso', 'backup', 'snippets', 'import', 'none'] as const;

export type ContentType = (typeof contentTypes)[number];

export function isContentType(word: string): word is ContentType {
  return (contentTypes as readonly string[]).includes(word);
}

function matching(pattern: RegExp, complaint: (text: string) => string): FormatCheck {
  return (text) => (pattern.test(text) ? undefined : complaint(text));
}

/** `host[:port]`, `[v6][:port]`, `v6[.port]` */
function isPortal(text: string): boolean {
  const [, bracketed] = /^\[([^\]]+)\](?::[0-9]+)?$/.exec(text) ?? [];
  if (bracketed !== undefined) return bracketed.includes(':') && isAddressOrDnsName(bracketed);
  const colons = text.split(':').length - 1;
  if (colons > 1) return isAddressOrDnsName(text) || isAddressOrDnsName(text.replace(/\.[0-9]+$/, ''));
  return isAddressOrDnsName(text.replace(/:[0-9]+$/, ''));
}

/** An item of `content-dirs`; the directory may not leave the storage's path. */
export function parseDirectoryOverride(
  text: string,
): { readonly content: ContentType; readonly directory: string } | { readonly error: string } {
  const [, content = '', directory = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const isInside = !directory.startsWith('/') && !directory.split('/').includes('..');
  if (!isContentType(content) || directory === '' || !isInside) return { error: `invalid override '${text}'` };
  return { content, directory };
}

function volumeIdComplaint(text: string): string | undefined {
  const id = parseVolumeId(text);
  return 'error' in id ? id.error : undefined;
}

function overrideComplaint(text: string): string | undefined {
  const override = parseDirectoryOverride(text);
  return 'error' in override ? override.error : undefined;
}

// The path is judged by its beginning only (spec/storage.md §2.2).
const formats: readonly (readonly [string, FormatCheck])[] = [
  ['pve-storage-path', matching(/^\/[^;()]+/, () => 'value does not look like a valid absolute path')],
  [
    'pve-storage-server',
    (text) => (isAddressOrDnsName(text) ? undefined : 'value does not look like a valid server name or IP address'),
  ],
  [
    'pve-storage-vgname',
    matching(/^[a-z0-9][a-z0-9\-_.]*[a-z0-9]$/i, (text) => `lvm name '${text}' contains illegal characters`),
  ],
  ['pve-storage-options', matching(/^\S+$/, (text) => `invalid options '${text}'`)],
  ['pve-storage-content', (text) => (isContentType(text) ? undefined : `invalid content type '${text}'`)],
  [
    'pve-storage-portal-dns',
    (text) => (isPortal(text) ? undefined : 'value does not look like a valid portal address'),
  ],
  ['pve-dir-override', overrideComplaint],
  ['pve-volume-id', volumeIdComplaint],
];

/** The general formats with those of storages. */
export const storageFormats: NamedFormats = new Map([...generalFormats(), ...formats]);
