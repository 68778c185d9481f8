/** The section types of `ha/rules.cfg` and how their values are written (spec/ha.md §5.1, §5.2). */
import { byBytes } from '../../../runtime/formats/byte-string.ts';
import { decodeText, encodeText } from '../../../runtime/formats/encoded-text.ts';
import { splitList } from '../../../runtime/formats/list-text.ts';
import {
  type Decoded,
  readSections,
  type SectionConfig,
  type SectionHandling,
} from '../../../runtime/formats/section-config.ts';
import { definedSections } from '../../../runtime/formats/section-config-types.ts';

const nodeName = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const nodeItem = new RegExp(`^(${nodeName})(?::([0-9]+))?$`);
const resourceId = /^[a-z]+:[^ \t\r\n\f\v]+$/;
const sectionId = /^[a-zA-Z][a-zA-Z0-9_-]+$/;

export const ruleSections = definedSections({
  base: {
    type: { description: 'Type of the rule.' },
    rule: { type: 'string', description: 'Id of the rule.' },
    resources: { type: 'string', format: 'ha-resource-id-list', description: 'Resources that the rule is about.' },
    disable: { type: 'boolean', optional: 1, description: 'The rule is ignored.' },
    comment: { type: 'string', maxLength: 4096, optional: 1, description: 'Words for people.' },
  },
  types: {
    'node-affinity': {
      properties: {
        nodes: { type: 'string', format: 'ha-node-list', description: 'Nodes with priorities; the highest wins.' },
        strict: { type: 'boolean', optional: 1, description: 'Other nodes are never used.' },
      },
      options: {
        resources: {},
        nodes: {},
        strict: { optional: 1 },
        disable: { optional: 1 },
        comment: { optional: 1 },
      },
    },
    'resource-affinity': {
      properties: {
        affinity: { type: 'string', enum: ['positive', 'negative'], description: 'Together or apart.' },
      },
      options: { resources: {}, affinity: {}, disable: { optional: 1 }, comment: { optional: 1 } },
    },
  },
  propertyIsolation: 1,
});

/** Also for legacy groups, whose `nodes` and `comment` are written alike (§6.1). */
export const haFormats = new Map([
  ['ha-resource-id', (text: string) => (resourceId.test(text) ? undefined : `invalid resource id '${text}'`)],
  ['ha-node', (text: string) => (nodeItem.test(text) ? undefined : `invalid node with priority '${text}'`)],
]);

export const ruleHandling: SectionHandling = {
  formats: haFormats,
  header: (_type, id) => (sectionId.test(id) ? { id } : { id, error: `invalid configuration ID '${id}'` }),
  decode: (_type, key, value) => decodeRuleValue(key, value),
  encode: (_type, key, value) => encodeRuleValue(key, value),
};

export function decodeRuleValue(key: string, value: unknown): Decoded {
  if (key === 'resources') return { value: new Set(splitList(value as string)) };
  if (key === 'nodes') return { value: nodePriorities(value as string) };
  return { value: key === 'comment' ? decodeText(value as string) : value };
}

export function encodeRuleValue(key: string, value: unknown): unknown {
  if (key === 'resources') return [...(value as ReadonlySet<string>)].sort(byBytes).join(',');
  if (key === 'nodes') return writtenNodes(value as ReadonlyMap<string, number>);
  return key === 'comment' ? encodeText(value as string) : value;
}

/** @param text items that have passed the format `ha-node-list`; the last of a name counts */
function nodePriorities(text: string): ReadonlyMap<string, number> {
  const nodes = new Map<string, number>();
  for (const item of splitList(text)) {
    const match = nodeItem.exec(item)!;
    nodes.set(match[1]!, Number(match[2] ?? 0));
  }
  return nodes;
}

/** Sorted by name; priority 0 is the default and left out. */
function writtenNodes(nodes: ReadonlyMap<string, number>): string {
  return [...nodes]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([node, priority]) => (priority === 0 ? node : `${node}:${priority}`))
    .join(',');
}

export function readRuleSections(text: string, fileName: string): SectionConfig {
  return readSections(ruleSections, fileName, text, ruleHandling);
}
