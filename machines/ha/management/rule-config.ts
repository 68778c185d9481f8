/** `/cluster/ha/rules` (spec/ha.md §13.3). What is edited must be feasible itself; conflicts of other rules don't count. */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { infeasibleRules } from '../rules/feasibility.ts';
import { decodeRuleValue, encodeRuleValue } from '../rules/rule-sections.ts';
import { type Rule, type RuleSet, writeRules } from '../rules/rule-set.ts';
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
import {
  digestMismatch,
  nextOrder,
  optionalAll,
  type SectionValues,
  updatedValues,
  valuesOf,
} from './section-update.ts';
import { areGroupsMigrated, type HaState, RULES_FILE } from './state.ts';

type RuleType = Rule['type'];

const rule = { type: 'string', format: 'pve-configid' } as const;
const typeWords = ['node-affinity', 'resource-affinity'] as const;

const head: ParameterSchema = {
  comment: optionalText(4096),
  disable: optionalFlag,
  resources: { type: 'string', format: 'pve-ha-resource-id-list' },
};

const options: Readonly<Record<RuleType, ParameterSchema>> = {
  'node-affinity': { ...head, nodes: { type: 'string', format: 'pve-ha-node-list' }, strict: optionalFlag },
  'resource-affinity': { ...head, affinity: { type: 'string', enum: ['positive', 'negative'] } },
};

/** As the API shows a rule: lists as text, sorted, with commas. */
export interface RuleEntry {
  readonly rule: string;
  readonly type: RuleType;
  readonly resources: string;
  readonly nodes?: string;
  readonly strict?: number;
  readonly affinity?: 'positive' | 'negative';
  readonly disable?: number;
  readonly comment?: string;
  readonly order: number;
  readonly digest: string;
  /** Why the rule is dropped, by property. */
  readonly errors?: Readonly<Record<string, readonly string[]>>;
}

/** GET `/rules`: in the order of the file. */
export function listRules(state: HaState, given: Parameters): Outcome<readonly RuleEntry[]> {
  const checked = checkParameters(given, {
    type: { type: 'string', enum: typeWords, optional: 1 },
    resource: { type: 'string', optional: 1 },
  });
  if (!checked.ok) return checked;
  const type = checked.parameters.get('type');
  const resource = checked.parameters.get('resource');
  const infeasible = infeasibleRules(state.rules, state.nodes);
  return answered(
    [...state.rules.ids]
      .filter(([, one]) => type === undefined || one.type === type)
      .filter(([, one]) => resource === undefined || one.resources.has(resource))
      .map(([id, one]) => {
        const messages = infeasible.get(id);
        return { ...entryOf(state.rules, id, one), ...(messages !== undefined && { errors: { resources: messages } }) };
      })
      .sort((a, b) => a.order - b.order || byBytes(a.rule, b.rule)),
  );
}

/** GET `/rules/{rule}`. */
export function readRule(state: HaState, given: Parameters): Outcome<RuleEntry> {
  const checked = checkParameters(given, { rule });
  if (!checked.ok) return checked;
  const found = existing(state, checked.parameters);
  return found.ok ? answered(entryOf(state.rules, found.id, found.rule)) : found;
}

/** POST `/rules`. */
export function createRule(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkTyped(given, { rule }, (type) => options[type]);
  if (!checked.ok) return checked;
  const { type, parameters } = checked;
  if (!areGroupsMigrated(state)) return notMigrated('create');
  const id = parameters.get('rule')!;
  if (state.rules.ids.has(id)) return refused('already-defined', `HA rule '${id}' already defined`);
  return edited(state, id, { type, ...valuesIn(type, parameters) }, parameters);
}

/** PUT `/rules/{rule}`; the type is that of the rule. */
export function updateRule(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkTyped(given, { rule, ...updateParameters }, (type) => optionalAll(options[type]));
  if (!checked.ok) return checked;
  const { type, parameters } = checked;
  if (!areGroupsMigrated(state)) return notMigrated('update');
  const modified = digestMismatch(parameters, state.rules.digest);
  if (modified !== undefined) return modified;
  const found = existing(state, parameters);
  if (!found.ok) return found;
  if (found.rule.type !== type) return badParameters({ type: `HA rule '${found.id}' is of type '${found.rule.type}'` });
  const { type: _type, ...current } = found.rule;
  const updated = updatedValues(options[type], current, valuesIn(type, parameters), parameters);
  if (!updated.ok) return updated;
  return edited(state, found.id, { type, ...updated.values }, parameters);
}

/** DELETE `/rules/{rule}`. */
export function removeRule(state: HaState, given: Parameters): Outcome<null> {
  const checked = checkParameters(given, { rule });
  if (!checked.ok) return checked;
  const found = existing(state, checked.parameters);
  if (!found.ok) return found;
  const ids = new Map(state.rules.ids);
  ids.delete(found.id);
  return written([RULES_FILE, writeRules({ ids, order: state.rules.order })]);
}

/** @param parameters only what they name is asked whether it exists: the rest of a rule may be about what is gone */
function edited(state: HaState, id: string, values: SectionValues, parameters: CheckedParameters): Outcome<null> {
  // The mere presence of `disable` disables (§5.2), and 0 is not written.
  const { disable, ...rest } = values;
  const one = { ...rest, ...(disable === 1 && { disable }) } as unknown as Rule;
  const missing =
    (parameters.has('resources') ? unusableResources(state, one) : undefined) ??
    (parameters.has('nodes') && one.type === 'node-affinity' ? unusableNodes(state, one.nodes) : undefined);
  if (missing !== undefined) return missing;
  const ids = new Map(state.rules.ids).set(id, one);
  const order = new Map(state.rules.order);
  if (!state.rules.ids.has(id)) order.set(id, nextOrder(order));
  const conflicts = infeasibleRules({ ...state.rules, ids, order }, state.nodes).get(id);
  if (conflicts !== undefined) return infeasible(id, conflicts);
  return written([RULES_FILE, writeRules({ ids, order })]);
}

function infeasible(id: string, conflicts: readonly string[]): Refused {
  const errors = { resources: conflicts.join(', ') };
  return { ok: false, refusal: { code: 'infeasible-rule', status: 400, message: `Rule '${id}' is invalid.`, errors } };
}

function unusableResources(state: HaState, { resources }: Rule): Refused | undefined {
  if (resources.size === 0) return refused('no-resources', 'no resources were specified');
  const unmanaged = [...resources].filter((sid) => !state.resources.ids.has(sid)).sort(byBytes);
  if (unmanaged.length === 0) return undefined;
  return refused('unmanaged-resources', `cannot use unmanaged resource(s) ${unmanaged.join(', ')}.`);
}

function unusableNodes(state: HaState, nodes: ReadonlyMap<string, number>): Refused | undefined {
  if (nodes.size === 0) return refused('no-nodes', 'no nodes were specified');
  const unknown = [...nodes.keys()].filter((node) => !state.nodes.includes(node)).sort(byBytes);
  if (unknown.length === 0) return undefined;
  return refused('unknown-nodes', `cannot use non-existent node(s) ${unknown.join(', ')}.`);
}

/** The type chooses the properties (spec/formats.md §6.4). */
function checkTyped(given: Parameters, common: ParameterSchema, variantOf: (type: RuleType) => ParameterSchema) {
  const type = typeWords.find((word) => word === given.type);
  const schema = { ...common, type: { type: 'string', enum: typeWords } } as const;
  const checked = checkParameters(given, schema, type && { type, properties: variantOf(type) });
  return checked.ok ? { ...checked, type: type! } : checked;
}

function notMigrated(verb: 'create' | 'update'): Refused {
  return refused('groups-not-migrated', `cannot ${verb} ha rule: ha groups have not been migrated yet`);
}

function existing(
  { rules }: HaState,
  parameters: CheckedParameters,
): Refused | { readonly ok: true; readonly id: string; readonly rule: Rule } {
  const id = parameters.get('rule')!;
  const found = rules.ids.get(id);
  if (found === undefined) return refused('no-such-rule', `HA rule '${id}' does not exist`);
  return { ok: true, id, rule: found };
}

function valuesIn(type: RuleType, parameters: CheckedParameters): SectionValues {
  return valuesOf(options[type], parameters, (key, text) => {
    if (key === 'comment') return text;
    const decoded = decodeRuleValue(key, text);
    return 'value' in decoded ? decoded.value : text;
  });
}

function entryOf({ digest, order }: RuleSet, id: string, one: Rule): RuleEntry {
  const { resources, ...values } = one;
  const nodes = one.type === 'node-affinity' ? { nodes: String(encodeRuleValue('nodes', one.nodes)) } : {};
  return {
    rule: id,
    ...(values as Omit<RuleEntry, 'rule' | 'resources' | 'nodes' | 'order' | 'digest'>),
    resources: String(encodeRuleValue('resources', resources)),
    ...nodes,
    order: order.get(id) ?? 0,
    digest,
  };
}
