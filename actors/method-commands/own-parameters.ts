/** Parameters of the commands that stand for no method, by tool and words (spec/cli.md's inventory). */
import type { Parameter } from '../api/inventory/registry.ts';

const exportFormats = ['raw+size', 'tar+size', 'qcow2+size', 'vmdk+size', 'zfs', 'btrfs'];
const text = (name: string): Parameter => ({ name, type: 'string' });
const optionalText = (name: string): Parameter => ({ name, type: 'string', optional: true });
const count = (name: string): Parameter => ({ name, type: 'integer', minimum: 0, optional: true });
const userid: Parameter = { name: 'userid', type: 'string', format: 'pve-userid', maxLength: 64 };

export const ownParameters: Readonly<Record<string, readonly Parameter[]>> = {
  'pveum user tfa delete': [userid, optionalText('id')],
  'pveum user tfa list': [{ ...userid, optional: true }],
  'pveum user token permissions': [userid, text('tokenid'), optionalText('path')],
  'pvenode acme account register': [
    { name: 'name', type: 'string', format: 'pve-configid', default: 'default', optional: true },
    { name: 'contact', type: 'string', format: 'email-list' },
    { name: 'directory', type: 'string', optional: true },
  ],
  'pvesm apiinfo': [],
  'pvesm export': [
    text('volume'),
    { name: 'format', type: 'string', enum: exportFormats },
    text('filename'),
    optionalText('base'),
    optionalText('snapshot'),
    { name: 'snapshot-list', type: 'string', format: 'string-list', optional: true },
    { name: 'with-snapshots', type: 'boolean', default: 0, optional: true },
  ],
  'pvesm extractconfig': [text('volume')],
  'pvesm import': [
    text('volume'),
    { name: 'format', type: 'string', enum: exportFormats },
    text('filename'),
    { name: 'allow-rename', type: 'boolean', default: 0, optional: true },
    optionalText('base'),
    optionalText('delete-snapshot'),
    optionalText('snapshot'),
    { name: 'with-snapshots', type: 'boolean', default: 0, optional: true },
  ],
  'pvesm path': [{ name: 'volume', type: 'string', format: 'pve-volume-id' }],
  'pvesm prune-backups': [
    { name: 'storage', type: 'string', format: 'pve-storage-id' },
    { name: 'dry-run', type: 'boolean', optional: true },
    { name: 'keep-all', type: 'boolean', optional: true },
    ...['daily', 'hourly', 'last', 'monthly', 'weekly', 'yearly'].map((period) => count(`keep-${period}`)),
    { name: 'type', type: 'string', enum: ['qemu', 'lxc'], optional: true },
    { name: 'vmid', type: 'integer', format: 'pve-vmid', minimum: 100, maximum: 999999999, optional: true },
  ],
};
