import { privilegeRefusal } from '../../../machines/access/permission-check.ts';
import { forgetStorage } from '../../../machines/access/pools.ts';
import { storageSections } from '../../../machines/storage/storage-config.schema.ts';
import {
  readStorageConfig,
  type StorageDefinition,
  storageHandling,
  writeStorageConfig,
} from '../../../machines/storage/storage-config.ts';
import { splitList } from '../../../runtime/formats/list-text.ts';
import { createSection, updateSection } from '../../../runtime/formats/section-update.ts';
import { changeCoded, userFile } from '../access-files.ts';
import { ApiFailure } from '../failure.ts';
import { changesOf, identityOf, method, requiredText, textOf } from '../method.ts';
import {
  changedSection,
  changeSectionFile,
  givenValues,
  readSectionFile,
  type SectionContent,
  type SectionFile,
  shownValues,
} from '../section-file.ts';
import type { Call } from '../world.ts';

const file: SectionFile = {
  path: 'storage.cfg',
  lock: 'file-storage_cfg',
  decode: readStorageConfig,
  encode: writeStorageConfig,
};
const NOT_OPTIONS: ReadonlySet<string> = new Set(['storage', 'type', 'delete', 'digest']);
const MOUNTED_TYPES: ReadonlySet<string> = new Set(['nfs', 'cifs', 'cephfs']);
/** Kept in files of their own, never in storage.cfg. */
const SECRETS: ReadonlySet<string> = new Set(['password', 'encryption-key', 'master-pubkey', 'keyring']);

async function list(call: Call) {
  const { ids, digest } = await readSectionFile(call.world, file);
  const question = { config: await call.world.userConfig(), caller: identityOf(call) };
  const type = textOf(call, 'type');
  const sees = (id: string) =>
    privilegeRefusal(question, `/storage/${id}`, ['Datastore.Audit', 'Datastore.AllocateSpace'], 'any') === undefined;
  return [...ids]
    .filter((entry): entry is [string, StorageDefinition] => entry[1] !== null)
    .filter(([id, definition]) => (type === undefined || definition.type === type) && sees(id))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, definition]) => shown(id, definition, digest));
}

function shown(storage: string, definition: StorageDefinition, digest: string) {
  return { storage, type: definition.type, ...shownValues(definition), digest };
}

async function read(call: Call) {
  const id = requiredText(call, 'storage');
  const content = await readSectionFile(call.world, file);
  return shown(id, existing(content.ids, id), content.digest);
}

function existing(ids: SectionContent['ids'], id: string): StorageDefinition {
  const definition = ids.get(id);
  if (definition == null) throw new ApiFailure(`storage '${id}' does not exist`);
  return definition;
}

function givenOptions({ params }: Call): ReadonlyMap<string, unknown> {
  const options = givenValues(params, NOT_OPTIONS);
  for (const key of options.keys()) {
    if (SECRETS.has(key)) throw new ApiFailure(`storage secrets ('${key}') are not in this release`, 501);
  }
  return options;
}

/** Network file systems are mounted at a place of their own unless one is given. */
function withMountPoint(id: string, type: string, given: ReadonlyMap<string, unknown>): ReadonlyMap<string, unknown> {
  return MOUNTED_TYPES.has(type) && !given.has('path') ? new Map([...given, ['path', `/mnt/pve/${id}`]]) : given;
}

async function create(call: Call) {
  const id = requiredText(call, 'storage');
  const type = requiredText(call, 'type');
  const options = withMountPoint(id, type, givenOptions(call));
  const definition = changedSection(createSection(storageSections, type, options, storageHandling));
  await changeSectionFile(changesOf(call), file, undefined, (ids) => {
    if (ids.has(id)) throw new ApiFailure(`storage ID '${id}' already defined`);
    ids.set(id, definition);
  });
  return { storage: id, type };
}

async function update(call: Call) {
  const id = requiredText(call, 'storage');
  const change = { set: givenOptions(call), delete: splitList(textOf(call, 'delete') ?? '') };
  let type = '';
  await changeSectionFile(changesOf(call), file, textOf(call, 'digest'), (ids) => {
    const before = existing(ids, id);
    type = before.type;
    ids.set(id, changedSection(updateSection(storageSections, before, change, storageHandling)));
  });
  return { storage: id, type };
}

/** Its ACL entries and pool memberships go, too. */
async function remove(call: Call): Promise<null> {
  const id = requiredText(call, 'storage');
  const changes = changesOf(call);
  await changeSectionFile(changes, file, undefined, (ids) => {
    existing(ids, id);
    ids.delete(id);
  });
  await changeCoded(changes, userFile, (before) => ({ ok: true, value: forgetStorage(before, id) }));
  return null;
}

export const methods = [
  method('GET', '/storage', list),
  method('POST', '/storage', create),
  method('GET', '/storage/{storage}', read),
  method('PUT', '/storage/{storage}', update),
  method('DELETE', '/storage/{storage}', remove),
];
