/** The commands that stand for no single method (spec/cli.md §7, spec/access.md §11, spec/storage.md §4). */
import { volumePath } from '../../machines/storage/content-directory.ts';
import { layoutOf, readStorageConfig, type StorageDefinition } from '../../machines/storage/storage-config.ts';
import { parseStorageVolume } from '../../machines/storage/storage-volume.ts';
import { parseVolumeId } from '../../machines/storage/volume-name.ts';
import type { Verb } from '../api/inventory/registry.ts';
import type { Parameters } from '../api/parameters.ts';
import type { ApiWorld } from '../api/world.ts';
import { ToolFailure } from '../command-line/failure.ts';

interface OwnCall {
  readonly params: Parameters;
  readonly world: ApiWorld;
  /** A method here, as root@pam. */
  readonly call: (verb: Verb, path: string, params: Parameters) => Promise<unknown>;
}

interface Factor {
  readonly id: string;
}

/** Of the storage interface that the original's plug-ins are written against. */
const STORAGE_INTERFACE = { apiver: 15, apiage: 6 };

async function deleteFactors({ params, call }: OwnCall): Promise<null> {
  const { userid, id } = params;
  const path = '/access/tfa/{userid}/{id}';
  const factors =
    id === undefined ? ((await call('GET', '/access/tfa/{userid}', { userid })) as readonly Factor[]) : [{ id }];
  for (const factor of factors) await call('DELETE', path, { userid, id: factor.id });
  return null;
}

async function listFactors({ params: { userid }, call }: OwnCall): Promise<unknown> {
  return userid === undefined ? call('GET', '/access/tfa', {}) : call('GET', '/access/tfa/{userid}', { userid });
}

function tokenPermissions({ params, call }: OwnCall): Promise<unknown> {
  const { userid, tokenid, path } = params;
  return call('GET', '/access/permissions', {
    userid: `${userid}!${tokenid}`,
    ...(path !== undefined && { path }),
  });
}

async function pathOfVolume({ params, world }: OwnCall): Promise<string> {
  const id = parseVolumeId(String(params.volume));
  if ('error' in id) throw new ToolFailure(id.error);
  const config = readStorageConfig((await world.cluster.read('storage.cfg'))?.toString('utf8') ?? '');
  const parsed = parseStorageVolume(config, id.storage, id.volname);
  if ('error' in parsed) throw new ToolFailure(parsed.error);
  const definition = config.ids.get(id.storage)!;
  return blockPath(definition, id.volname) ?? directoryPath(definition, id.volname);
}

function directoryPath(definition: StorageDefinition, volname: string): string {
  const found = volumePath(layoutOf(definition), volname);
  if ('error' in found) throw new ToolFailure(found.error);
  return found.path;
}

/** spec/storage.md §3.4; undefined for a storage of directories. */
function blockPath({ type, values }: StorageDefinition, volname: string): string | undefined {
  const text = (name: string) => String(values.get(name) ?? '');
  const name = volname.split('/').at(-1)!;
  switch (type) {
    case 'lvm':
    case 'lvmthin':
      return `/dev/${text('vgname')}/${name}`;
    case 'zfspool':
      return /^(?:base)?subvol-|^subvol-/.test(name)
        ? `${text('mountpoint') || `/${text('pool')}`}/${name}`
        : `/dev/zvol/${text('pool')}/${name}`;
    case 'rbd':
    case 'pbs':
    case 'iscsi':
    case 'iscsidirect':
    case 'zfs':
      throw notInRelease(`pvesm path' for a storage of type '${type}`);
    default:
      return undefined;
  }
}

function pruneBackups({ params, call }: OwnCall): Promise<unknown> {
  const { 'dry-run': isDry, ...given } = params;
  const keeps = Object.entries(given).filter(([name]) => name.startsWith('keep-'));
  const others = Object.entries(given).filter(([name]) => !name.startsWith('keep-'));
  const retention = keeps.map(([name, value]) => `${name}=${Number(value)}`).join(',');
  return call(Number(isDry) === 1 ? 'GET' : 'DELETE', '/nodes/{node}/storage/{storage}/prunebackups', {
    ...Object.fromEntries(others),
    ...(retention !== '' && { 'prune-backups': retention }),
  });
}

function notInRelease(what: string): ToolFailure {
  return new ToolFailure(`Method '${what}' not implemented: storage is not in this release`);
}

function missing(what: string): () => Promise<never> {
  return () => Promise.reject(notInRelease(what));
}

/** By tool and words; what they result in is printed by own-output.ts or as a method's result would be. */
export const ownCommands: Readonly<Record<string, (call: OwnCall) => Promise<unknown>>> = {
  'pveum user tfa delete': deleteFactors,
  'pveum user tfa list': listFactors,
  'pveum user token permissions': tokenPermissions,
  'pvenode acme account register': ({ params, call }) => call('POST', '/cluster/acme/account', params),
  'pvesm apiinfo': () => Promise.resolve(STORAGE_INTERFACE),
  'pvesm export': missing('pvesm export'),
  'pvesm extractconfig': missing('pvesm extractconfig'),
  'pvesm import': missing('pvesm import'),
  'pvesm path': pathOfVolume,
  'pvesm prune-backups': pruneBackups,
};
