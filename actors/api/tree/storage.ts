import { privilegeRefusal } from '../../../machines/access/permission-check.ts';
import { forgetStorage } from '../../../machines/access/pools.ts';
import { storageSections } from '../../../machines/storage/storage-config.schema.ts';
import { type StorageDefinition, storageHandling } from '../../../machines/storage/storage-config.ts';
import { splitList } from '../../../runtime/formats/list-text.ts';
import { type ChangedSection, createSection, updateSection } from '../../../runtime/formats/section-update.ts';
import { changeCoded, userFile } from '../access-files.ts';
import { ApiFailure } from '../failure.ts';
import { changesOf, identityOf, method, requiredText, textOf } from '../method.ts';
import { changeStorages, shownDefinition, storageConfig } from '../storage-definitions.ts';
import type { Call } from '../world.ts';

const NOT_OPTIONS = new Set(['storage', 'type', 'delete', 'digest']);
/** Kept in files of their own, never in storage.cfg. */
const SECRETS: ReadonlySet<string> = new Set(['password', 'encryption-key', 'master-pubkey', 'keyring']);

async function list(call: Call) {
  const { ids, digest } = await storageConfig(call.world);
  const question = { config: await call.world.userConfig(), caller: identityOf(call) };
  const type = textOf(call, 'type');
  const sees = (id: string) =>
    privilegeRefusal(question, `/storage/${id}`, ['Datastore.Audit', 'Datastore.AllocateSpace'], 'any') === undefined;
  return [...ids]
    .filter((entry): entry is [string, StorageDefinition] => entry[1] !== null)
    .filter(([id, definition]) => (type === undefined || definition.type === type) && sees(id))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, definition]) => shownDefinition(id, definition, digest));
}

async function read(call: Call) {
  const id = requiredText(call, 'storage');
  const { ids, digest } = await storageConfig(call.world);
  return shownDefinition(id, existing(ids, id), digest);
}

function existing(ids: ReadonlyMap<string, StorageDefinition | null>, id: string): StorageDefinition {
  const definition = ids.get(id);
  if (definition == null) throw new ApiFailure(`storage '${id}' does not exist`);
  return definition;
}

/** Parameters that are options of the type. */
function givenOptions({ params }: Call): ReadonlyMap<string, unknown> {
  const options = new Map<string, unknown>();
  for (const [key, value] of Object.entries(params)) {
    if (NOT_OPTIONS.has(key) || value === null || value === undefined) continue;
    if (SECRETS.has(key)) throw new ApiFailure(`storage secrets ('${key}') are not in this release`, 501);
    options.set(key, value);
  }
  return options;
}

function sectionOf(changed: ChangedSection): StorageDefinition {
  if ('error' in changed) throw new ApiFailure(changed.error);
  return changed.section;
}

async function create(call: Call) {
  const id = requiredText(call, 'storage');
  const type = requiredText(call, 'type');
  const definition = sectionOf(createSection(storageSections, type, givenOptions(call), storageHandling));
  await changeStorages(changesOf(call), undefined, (ids, order) => {
    if (ids.has(id)) throw new ApiFailure(`storage ID '${id}' already defined`);
    ids.set(id, definition);
    order.set(id, Math.max(0, ...order.values()) + 1);
  });
  return { storage: id, type };
}

async function update(call: Call) {
  const id = requiredText(call, 'storage');
  const change = { set: givenOptions(call), delete: splitList(textOf(call, 'delete') ?? '') };
  let type = '';
  await changeStorages(changesOf(call), textOf(call, 'digest'), (ids) => {
    const before = existing(ids, id);
    type = before.type;
    ids.set(id, sectionOf(updateSection(storageSections, before, change, storageHandling)));
  });
  return { storage: id, type };
}

/** Its ACL entries and pool memberships go, too. */
async function remove(call: Call): Promise<null> {
  const id = requiredText(call, 'storage');
  const changes = changesOf(call);
  await changeStorages(changes, undefined, (ids, order) => {
    existing(ids, id);
    ids.delete(id);
    order.delete(id);
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
