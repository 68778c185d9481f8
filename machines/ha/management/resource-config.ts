/** `/cluster/ha/resources`: which guests are HA resources (spec/ha.md §13.3). */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { type HaResource, type ResourceSet, writeResources } from '../resources.ts';
import { type Rule, writeRules } from '../rules/rule-set.ts';
import { answered, badParameters, type Outcome, type Refused, refused, written } from './outcome.ts';
import {
  type CheckedParameters,
  checkParameters,
  optionalFlag,
  optionalText,
  type ParameterSchema,
  type Parameters,
  updateParameters,
} from './parameters.ts';
import { errorStateRefusal, resolveResourceId } from './resource-id.ts';
import { digestMismatch, nextOrder, updatedValues, valuesOf } from './section-update.ts';
import { areGroupsMigrated, configuredNode, type HaState, RESOURCES_FILE, RULES_FILE } from './state.ts';

const sid = { type: 'string', format: 'pve-ha-resource-or-vm-id' } as const;
const type = { type: 'string', enum: ['ct', 'vm'], optional: 1 } as const;
const count = { type: 'integer', minimum: 0, optional: 1 } as const;

const options: ParameterSchema = {
  comment: optionalText(4096),
  failback: optionalFlag,
  group: { type: 'string', format: 'pve-configid', optional: 1 },
  max_relocate: count,
  max_restart: count,
  state: { type: 'string', enum: ['started', 'stopped', 'enabled', 'disabled', 'ignored'], optional: 1 },
};

/** As the API shows a resource: its options as they are in the file. */
export interface ResourceEntry extends HaResource {
  readonly sid: string;
  readonly digest: string;
  /** What is wrong with it, by option. */
  readonly errors?: Readonly<Record<string, string>>;
}

/** GET `/resources`: sorted by sid. */
export function listResources(state: HaState, given: Parameters): Outcome<readonly ResourceEntry[]> {
  const checked = checkParameters(given, { type });
  if (!checked.ok) return checked;
  const wanted = checked.parameters.get('type');
  return answered(
    [...state.resources.ids]
      .filter(([, resource]) => wanted === undefined || resource.type === wanted)
      .sort(([a], [b]) => byBytes(a, b))
      .map(([id, resource]) => ({ ...entryOf(state, id, resource), ...errorsOf(state, id, resource) })),
  );
}

/** GET `/resources/{sid}`. */
export function readResource(state: HaState, given: Parameters): Outcome<ResourceEntry> {
  const checked = checkParameters(given, { sid });
  if (!checked.ok) return checked;
  const found = configured(state, checked.parameters);
  return found.ok ? answered(entryOf(state, found.sid, found.resource)) : found;
}

/** POST `/resources`. The guest must be there. */
export function createResource(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkParameters(given, { sid, type, ...options });
  if (!checked.ok) return checked;
  const { parameters } = checked;
  const id = resolveResourceId(state, parameters.get('sid')!);
  if (!id.ok) return id;
  if ((parameters.get('type') ?? id.type) !== id.type) {
    return badParameters({ type: `resource '${id.sid}' is not of this type` });
  }
  const groupError = groupRefusal(state, parameters);
  if (groupError !== undefined) return groupError;
  if (state.resources.ids.has(id.sid)) {
    return refused('already-defined', `resource ID '${id.sid}' already defined`);
  }
  if (configuredNode(state, id.sid) === undefined) {
    return refused('no-such-guest', `cannot add resource '${id.sid}': there is no such guest`);
  }
  const values = valuesOf(options, parameters);
  return written(withResource(state.resources, id.sid, { type: id.type, ...values }));
}

/** PUT `/resources/{sid}`. */
export function updateResource(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkParameters(given, { sid, ...options, ...updateParameters });
  if (!checked.ok) return checked;
  const { parameters } = checked;
  const modified = digestMismatch(parameters, state.resources.digest);
  if (modified !== undefined) return modified;
  const groupError = groupRefusal(state, parameters);
  if (groupError !== undefined) return groupError;
  const found = configured(state, parameters);
  if (!found.ok) return found;
  const inError = parameters.get('state') === 'disabled' ? undefined : errorStateRefusal(state, found.sid);
  if (inError !== undefined) return inError;
  const { type: kind, ...current } = found.resource;
  const updated = updatedValues(options, current, valuesOf(options, parameters), parameters);
  if (!updated.ok) return updated;
  return written(withResource(state.resources, found.sid, { type: kind, ...updated.values }));
}

/** DELETE `/resources/{sid}`: with `purge`, which is the default, rules forget it too, and a rule about nothing is deleted. */
export function removeResource(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkParameters(given, { sid, purge: optionalFlag });
  if (!checked.ok) return checked;
  const { parameters } = checked;
  const id = resolveResourceId(state, parameters.get('sid')!);
  if (!id.ok) return id;
  if (!state.resources.ids.has(id.sid)) {
    return refused('not-managed', `cannot delete service '${id.sid}', not HA managed!`);
  }
  const ids = new Map(state.resources.ids);
  ids.delete(id.sid);
  const resources = [RESOURCES_FILE, writeResources({ ids, order: state.resources.order })] as const;
  const isUsed = [...state.rules.ids.values()].some((rule) => rule.resources.has(id.sid));
  if (parameters.get('purge') === '0' || !isUsed) return written(resources);
  // The rules first: should the second write fail, the resource is still there to be removed again.
  return written([RULES_FILE, rulesWithout(state, id.sid)], resources);
}

function rulesWithout({ rules }: HaState, sid: string): string {
  const ids = new Map<string, Rule>();
  for (const [id, rule] of rules.ids) {
    const resources = new Set([...rule.resources].filter((one) => one !== sid));
    if (resources.size > 0 || rule.resources.size === 0) ids.set(id, { ...rule, resources });
  }
  return writeRules({ ids, order: rules.order });
}

function configured(state: HaState, parameters: CheckedParameters) {
  const id = resolveResourceId(state, parameters.get('sid')!);
  if (!id.ok) return id;
  const resource = state.resources.ids.get(id.sid);
  if (resource === undefined) return refused('no-such-resource', `no such resource '${id.sid}'`);
  return { ok: true, sid: id.sid, resource } as const;
}

function groupRefusal(state: HaState, parameters: CheckedParameters): Refused | undefined {
  const group = parameters.get('group');
  if (group === undefined) return undefined;
  if (areGroupsMigrated(state)) {
    return refused('groups-migrated', "invalid parameter 'group': ha groups have been migrated to rules");
  }
  return state.groups.ids.has(group) ? undefined : refused('no-such-group', `HA group '${group}' does not exist`);
}

function withResource(resources: ResourceSet, sid: string, values: object): readonly [string, string] {
  const ids = new Map(resources.ids).set(sid, values as HaResource);
  const order = new Map(resources.order);
  if (!resources.ids.has(sid)) order.set(sid, nextOrder(order));
  return [RESOURCES_FILE, writeResources({ ids, order })];
}

function entryOf({ resources }: HaState, sid: string, resource: HaResource): ResourceEntry {
  return { sid, ...resource, digest: resources.digest };
}

function errorsOf(state: HaState, sid: string, { group }: HaResource): Pick<ResourceEntry, 'errors'> {
  const errors = {
    ...(configuredNode(state, sid) === undefined && { sid: `there is no guest '${sid}'` }),
    ...(group !== undefined && !state.groups.ids.has(group) && { group: `HA group '${group}' does not exist` }),
  };
  return Object.keys(errors).length > 0 ? { errors } : {};
}
