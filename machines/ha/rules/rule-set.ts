/**
 * HA rules: reading and writing `ha/rules.cfg` (spec/ha.md §5.1, §5.2).
 *
 *  I1 What is read is either a whole rule or none: a section that lacks a required property is in `invalid`, and no
 *     rule processing sees it.
 *  I2 Reading what was written gives the same rules in the same order (disable 0 and priority 0 are not written).
 */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { type Section, type SectionConfig, writeSections } from '../../../runtime/formats/section-config.ts';
import { readRuleSections, ruleHandling, ruleSections } from './rule-sections.ts';

interface RuleHead {
  readonly resources: ReadonlySet<string>;
  /** The mere presence disables the rule (§5.2), whatever the number. */
  readonly disable?: number;
  /** Unicode text. */
  readonly comment?: string;
}

export interface NodeAffinityRule extends RuleHead {
  readonly type: 'node-affinity';
  /** Node name to priority. */
  readonly nodes: ReadonlyMap<string, number>;
  readonly strict?: number;
}

export interface ResourceAffinityRule extends RuleHead {
  readonly type: 'resource-affinity';
  readonly affinity: 'positive' | 'negative';
}

export type Rule = NodeAffinityRule | ResourceAffinityRule;

export interface RuleSet {
  /** SHA-1 in hex of the raw text that it was read from. */
  readonly digest: string;
  readonly ids: ReadonlyMap<string, Rule>;
  /** Ids of sections that lack a required property; they have an order number too. */
  readonly invalid: ReadonlySet<string>;
  readonly order: ReadonlyMap<string, number>;
}

export function parseRules(text: string, fileName = 'ha/rules.cfg'): { rules: RuleSet; warnings: readonly string[] } {
  const config = readRuleSections(text, fileName);
  return { rules: rulesOf(config), warnings: config.warnings };
}

function rulesOf(config: SectionConfig): RuleSet {
  const ids = new Map<string, Rule>();
  const invalid = new Set<string>();
  for (const [id, section] of config.ids) {
    if (section === null) invalid.add(id);
    else ids.set(id, { type: section.type, ...Object.fromEntries(section.values) } as unknown as Rule);
  }
  return { digest: config.digest, ids, invalid, order: config.order };
}

/** The text of `ha/rules.cfg`. Invalid sections are left out. */
export function writeRules(rules: Pick<RuleSet, 'ids' | 'order'>): string {
  const ids = new Map<string, Section>();
  for (const [id, { type, ...values }] of rules.ids) ids.set(id, { type, values: new Map(Object.entries(values)) });
  const written = writeSections(ruleSections, { ids, order: rules.order }, ruleHandling);
  if ('error' in written) throw new Error(written.error);
  return written.text;
}

/** Rules that take part in anything, by id in byte-wise order. */
export function enabledRules(rules: RuleSet): readonly (readonly [id: string, rule: Rule])[] {
  return [...rules.ids].filter(([, rule]) => rule.disable === undefined).sort(([a], [b]) => byBytes(a, b));
}
