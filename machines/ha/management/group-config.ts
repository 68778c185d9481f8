/** `/cluster/ha/groups`: legacy groups, until the manager has made rules of them (spec/ha.md §6, §13.3). */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { type Section, writeSections } from '../../../runtime/formats/section-config.ts';
import { type Group, groupHandling, groupSections } from '../groups.ts';
import { decodeRuleValue, encodeRuleValue } from '../rules/rule-sections.ts';
import { answered, type Outcome, type Refused, refused, written } from './outcome.ts';
import {
  type CheckedParameters,
  checkParameters,
  optionalFlag,
  optionalText,
  type ParameterSchema,
  type Parameters,
  updateParameters,
} from './parameters.ts';
import { digestMismatch, nextOrder, optionalAll, updatedValues, valuesOf } from './section-update.ts';
import { areGroupsMigrated, GROUPS_FILE, type HaState } from './state.ts';

const group = { type: 'string', format: 'pve-configid' } as const;

const options: ParameterSchema = {
  comment: optionalText(4096),
  nodes: { type: 'string', format: 'pve-ha-node-list' },
  nofailback: optionalFlag,
  restricted: optionalFlag,
};

/** As the API shows a group. */
export interface GroupEntry {
  readonly group: string;
  readonly type: 'group';
  /** `<node>[:<priority>]`, sorted, with commas. */
  readonly nodes: string;
  readonly restricted?: number;
  readonly nofailback?: number;
  readonly comment?: string;
  readonly digest: string;
}

/** GET `/groups`: sorted by id. */
export function listGroups(state: HaState, given: Parameters): Outcome<readonly GroupEntry[]> {
  const checked = prepared(state, 'index', given, {});
  if (!checked.ok) return checked;
  return answered([...state.groups.ids].sort(([a], [b]) => byBytes(a, b)).map(([id, one]) => entryOf(state, id, one)));
}

/** GET `/groups/{group}`. */
export function readGroup(state: HaState, given: Parameters): Outcome<GroupEntry> {
  const checked = prepared(state, 'read', given, { group });
  if (!checked.ok) return checked;
  const found = existing(state, checked.parameters);
  return found.ok ? answered(entryOf(state, found.id, found.group)) : found;
}

/** POST `/groups`. */
export function createGroup(state: HaState, given: Parameters): Outcome<null> {
  const type = { type: 'string', enum: ['group'], optional: 1 } as const;
  const checked = prepared(state, 'create', given, { group, type, ...options });
  if (!checked.ok) return checked;
  const id = checked.parameters.get('group')!;
  if (state.groups.ids.has(id)) return refused('already-defined', `HA group '${id}' already defined`);
  return written(withGroups(state, new Map(state.groups.ids).set(id, groupOf(valuesIn(checked.parameters)))));
}

/** PUT `/groups/{group}`. */
export function updateGroup(state: HaState, given: Parameters): Outcome<null> {
  const checked = prepared(state, 'update', given, { group, ...optionalAll(options), ...updateParameters });
  if (!checked.ok) return checked;
  const { parameters } = checked;
  const modified = digestMismatch(parameters, state.groups.digest);
  if (modified !== undefined) return modified;
  const found = existing(state, parameters);
  if (!found.ok) return found;
  const updated = updatedValues(options, { ...found.group }, valuesIn(parameters), parameters);
  if (!updated.ok) return updated;
  return written(withGroups(state, new Map(state.groups.ids).set(found.id, groupOf(updated.values))));
}

/** DELETE `/groups/{group}`: refused while a resource names it. */
export function removeGroup(state: HaState, given: Parameters): Outcome<null> {
  const checked = prepared(state, 'delete', given, { group });
  if (!checked.ok) return checked;
  const found = existing(state, checked.parameters);
  if (!found.ok) return found;
  const user = [...state.resources.ids].sort(([a], [b]) => byBytes(a, b)).find(([, one]) => one.group === found.id);
  if (user !== undefined) return refused('group-in-use', `HA group '${found.id}' is used by resource '${user[0]}'`);
  const ids = new Map(state.groups.ids);
  ids.delete(found.id);
  return written(withGroups(state, ids));
}

function prepared(state: HaState, verb: string, given: Parameters, schema: ParameterSchema) {
  const checked = checkParameters(given, schema);
  if (!checked.ok || !areGroupsMigrated(state)) return checked;
  const what = verb === 'index' ? 'groups' : 'group';
  return refused('groups-migrated', `cannot ${verb} ${what}: ha groups have been migrated to rules`);
}

function existing(
  { groups }: HaState,
  parameters: CheckedParameters,
): Refused | { readonly ok: true; readonly id: string; readonly group: Group } {
  const id = parameters.get('group')!;
  const found = groups.ids.get(id);
  if (found === undefined) return refused('no-such-group', `HA group '${id}' does not exist`);
  return { ok: true, id, group: found };
}

function valuesIn(parameters: CheckedParameters) {
  return valuesOf(options, parameters, (key, text) => {
    if (key === 'comment') return text;
    const decoded = decodeRuleValue(key, text);
    return 'value' in decoded ? decoded.value : text;
  });
}

function groupOf(values: Readonly<Record<string, unknown>>): Group {
  return values as unknown as Group;
}

function withGroups({ groups }: HaState, groupsById: ReadonlyMap<string, Group>): readonly [string, string] {
  const order = new Map(groups.order);
  const ids = new Map<string, Section>();
  for (const [id, one] of groupsById) {
    if (!order.has(id)) order.set(id, nextOrder(order));
    ids.set(id, { type: 'group', values: new Map(Object.entries(one)) });
  }
  const text = writeSections(groupSections, { ids, order }, groupHandling);
  if ('error' in text) throw new Error(text.error);
  return [GROUPS_FILE, text.text];
}

function entryOf({ groups }: HaState, id: string, { nodes, ...values }: Group): GroupEntry {
  return { group: id, type: 'group', ...values, nodes: String(encodeRuleValue('nodes', nodes)), digest: groups.digest };
}
