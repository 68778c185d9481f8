/** Names of volumes on storages that are no directories (spec/storage.md §3.4). */
import type { ParsedVolume } from './volume-name.ts';

interface NameForm {
  readonly vtype: string;
  /** Groups: `base` and `basevmid` of a linked clone, `name`, `prefix`, `vmid`. */
  readonly form: RegExp;
}

const lvm: NameForm = { vtype: 'images', form: /^(?<name>(?<prefix>vm|base)-(?<vmid>[0-9]+)-\S+)$/ };
const linked: NameForm = {
  vtype: 'images',
  form: /^(?:(?<base>base-(?<basevmid>[0-9]+)-[^/\s]+)\/)?(?<name>(?<prefix>vm|base)-(?<vmid>[0-9]+)-[^/\s]+)$/,
};
const scsi: NameForm = { vtype: 'images', form: /^(?<name>[0-9]+\.[0-9]+\.[0-9]+\.\S+)$/ };

const zfs: NameForm = {
  vtype: 'images',
  form: /^(?:(?<base>base(?:vol)?-(?<basevmid>[0-9]+)-[^/\s]+)\/)?(?<name>(?<prefix>vm|base|subvol|basevol)-(?<vmid>[0-9]+)-[^/\s]+)$/,
};

const forms: ReadonlyMap<string, NameForm> = new Map([
  ['lvm', lvm],
  ['lvmthin', lvm],
  ['rbd', linked],
  ['zfs', zfs],
  ['zfspool', zfs],
  ['iscsi', scsi],
  ['iscsidirect', scsi],
  [
    'pbs',
    {
      vtype: 'backup',
      form: /^backup\/(?<name>[^/\s]+\/(?<vmid>[^/\s]+)\/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)$/,
    },
  ],
]);

/** @param format of the storage's images, where the name doesn't tell */
export function parseBlockVolume(storageType: string, volname: string, format: string): ParsedVolume {
  const known = forms.get(storageType);
  const groups = known?.form.exec(volname)?.groups;
  if (known === undefined || groups === undefined) return { error: `unable to parse volume name '${volname}'` };
  const { name = '', vmid, prefix = '', base, basevmid } = groups;
  return {
    volume: {
      vtype: known.vtype,
      name,
      format: formatOf(name, prefix, format),
      ...(vmid !== undefined && { vmid }),
      ...(base !== undefined && { basename: base }),
      ...(basevmid !== undefined && { basevmid }),
      ...(prefix.startsWith('base') && { isBase: true }),
    },
  };
}

function formatOf(name: string, prefix: string, format: string): string {
  if (prefix === 'subvol' || prefix === 'basevol') return 'subvol';
  return name.endsWith('.qcow2') ? 'qcow2' : format;
}
