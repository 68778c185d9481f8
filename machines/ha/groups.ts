/** Legacy HA groups: `ha/groups.cfg` and its conversion to rules (spec/ha.md §6.1, §6.2). */
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { readSections, type SectionHandling } from '../../runtime/formats/section-config.ts';
import { definedSections } from '../../runtime/formats/section-config-types.ts';
import { decodeRuleValue, encodeRuleValue, haFormats } from './rules/rule-sections.ts';
import type { Rule, RuleSet } from './rules/rule-set.ts';

export interface Group {
  readonly nodes: ReadonlyMap<string, number>;
  readonly restricted?: number;
  readonly nofailback?: number;
  readonly comment?: string;
}

export interface GroupSet {
  /** SHA-1 in hex of the raw text. */
  readonly digest: string;
  /** Without groups that lack their nodes. */
  readonly ids: ReadonlyMap<string, Group>;
  readonly order: ReadonlyMap<string, number>;
}

export const groupSections = definedSections({
  base: { type: { description: 'Always group.' } },
  types: {
    group: {
      properties: {
        nodes: { type: 'string', format: 'ha-node-list', description: 'Nodes with priorities; the highest wins.' },
        restricted: { type: 'boolean', optional: 1, description: 'Other nodes are never used.' },
        nofailback: { type: 'boolean', optional: 1, description: 'No moving back to a node of higher priority.' },
        comment: { type: 'string', maxLength: 4096, optional: 1, description: 'Words for people.' },
      },
      options: { nodes: {}, restricted: { optional: 1 }, nofailback: { optional: 1 }, comment: { optional: 1 } },
    },
  },
});

export const groupHandling: SectionHandling = {
  formats: haFormats,
  decode: (_type, key, value) => decodeRuleValue(key, value),
  encode: (_type, key, value) => encodeRuleValue(key, value),
};

export function parseGroups(
  text: string,
  fileName = 'ha/groups.cfg',
): { groups: GroupSet; warnings: readonly string[] } {
  const config = readSections(groupSections, fileName, text, groupHandling);
  const ids = new Map<string, Group>();
  for (const [id, section] of config.ids) {
    if (section !== null) ids.set(id, Object.fromEntries(section.values) as unknown as Group);
  }
  return { groups: { digest: config.digest, ids, order: config.order }, warnings: config.warnings };
}

/**
 * The rules plus a node affinity rule `ha-group-<group>` per group that a service uses (§6.2). The result keeps the
 * digest of `rules`.
 * @param services configured services by sid
 */
export function groupsToRules(
  groups: GroupSet,
  services: Readonly<Record<string, { readonly group?: string }>>,
  rules: RuleSet,
): RuleSet {
  const ids = new Map<string, Rule>(rules.ids);
  const order = new Map(rules.order);
  for (const [name, group] of [...groups.ids].sort(([a], [b]) => byBytes(a, b))) {
    const users = Object.keys(services).filter((sid) => services[sid]!.group === name);
    if (users.length === 0) continue;
    const id = `ha-group-${name}`;
    const place = (order.size === 0 ? 0 : Math.min(...order.values())) + 1;
    ids.set(id, {
      type: 'node-affinity',
      nodes: group.nodes,
      resources: new Set(users.sort(byBytes)),
      ...(group.restricted !== undefined && { strict: group.restricted }),
      comment: group.comment ?? `Generated from HA group '${name}'.`,
    });
    order.set(id, place);
  }
  return { ...rules, ids, order };
}
