/** Who may use a volume through the API (spec/storage.md §5). */
import type { Privileges } from './bandwidth-limit.ts';
import { type ParsedVolume, parseVolumeId } from './volume-name.ts';

export interface AccessQuestion {
  readonly user: string;
  /** The guest for which the volume is wanted. */
  readonly vmid?: string;
  readonly volid: string;
  /** The kind of content that it must be. */
  readonly wantedType?: string;
}

export interface AccessKnowledge {
  /** Reads a volume's name by the rules of its storage. */
  parseVolume(storage: string, volname: string): ParsedVolume;
  readonly privileges: Privileges;
}

const superuser = 'root@pam';
const sharedMaterial = new Set(['iso', 'vztmpl', 'import']);

/** Why the user may not use the volume; undefined: it is allowed. */
export function volumeAccessRefusal(
  { user, vmid, volid, wantedType }: AccessQuestion,
  known: AccessKnowledge,
): string | undefined {
  const id = parseVolumeId(volid);
  if ('error' in id) return user === superuser ? undefined : 'Only root can pass arbitrary filesystem paths.';
  const parsed = known.parseVolume(id.storage, id.volname);
  if ('error' in parsed) return parsed.error;
  const { vtype, vmid: owner } = parsed.volume;
  if (wantedType !== undefined && vtype !== wantedType && !(vtype === 'images' && wantedType === 'rootdir')) {
    return `unable to use volume ${volid} - content type needs to be '${wantedType}'`;
  }
  const onStorage = known.privileges(user, `/storage/${id.storage}`);
  if (onStorage.has('Datastore.Allocate')) return undefined;
  const onOwner = owner === undefined ? new Set<string>() : known.privileges(user, `/vms/${owner}`);
  const isAllowed =
    (sharedMaterial.has(vtype) && (onStorage.has('Datastore.AllocateSpace') || onStorage.has('Datastore.Audit'))) ||
    (owner !== undefined && owner === vmid) ||
    (vtype === 'backup' && onStorage.has('Datastore.AllocateSpace') && onOwner.has('VM.Backup')) ||
    (isImage(vtype) && onStorage.has('Datastore.Audit') && onOwner.has('VM.Config.Disk'));
  return isAllowed ? undefined : `missing privileges to access ${volid}`;
}

function isImage(vtype: string): boolean {
  return vtype === 'images' || vtype === 'rootdir';
}
