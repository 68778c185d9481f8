/** The text form of a transformed and compiled rule set that the rules corpus compares (spec/ha.md §5.7). */
import { byBytes, textToUtf8 } from '../../../runtime/formats/byte-string.ts';
import { compileRules } from './compile.ts';
import { parseRules, type Rule, type RuleSet } from './rule-set.ts';
import { transformRules } from './transform.ts';

/** A byte string: what the rules file comes to for these nodes. */
export function ruleConformanceOutput(text: string, nodes: readonly string[]): string {
  const { rules, messages } = transformRules(parseRules(text).rules, nodes);
  const compiled = compileRules(rules, nodes);
  const priorities = (nodeMap: ReadonlyMap<string, number>) =>
    new Map([...nodeMap].map(([node, priority]) => [node, new Map([['priority', priority]])]));
  const compiledTree = new Map<string, Tree>([
    [
      'node-affinity',
      new Map([...compiled.nodeAffinity].map(([sid, nodeMap]) => [sid, new Map([['nodes', priorities(nodeMap)]])])),
    ],
    [
      'resource-affinity',
      new Map([
        ['positive', setsTree(compiled.positive)],
        ['negative', setsTree(compiled.negative)],
      ]),
    ],
  ]);
  return textToUtf8(
    [
      '--- Log ---',
      ...messages,
      '--- Config ---',
      jsonText(configTree(rules)),
      '--- Compiled Config ---',
      jsonText(compiledTree),
      '',
    ].join('\n'),
  );
}

type Tree = string | number | null | ReadonlyMap<string, Tree>;

function configTree(rules: RuleSet): Tree {
  const ids = new Map<string, Tree>([...rules.ids].map(([id, rule]) => [id, ruleTree(rule)]));
  for (const id of rules.invalid) ids.set(id, null);
  return new Map<string, Tree>([
    ['digest', rules.digest],
    ['ids', ids],
    ['order', rules.order],
  ]);
}

function ruleTree(rule: Rule): Tree {
  return new Map<string, Tree>(
    Object.entries(rule).map(([key, value]): [string, Tree] => {
      if (value instanceof Set) return [key, setTree(value)];
      if (!(value instanceof Map)) return [key, value as string | number];
      return [key, new Map([...(value as Map<string, number>)].map(([node, n]) => [node, new Map([['priority', n]])]))];
    }),
  );
}

function setsTree(sets: ReadonlyMap<string, ReadonlySet<string>>): Tree {
  return new Map([...sets].map(([sid, others]) => [sid, setTree(others)]));
}

function setTree(set: ReadonlySet<string>): Tree {
  return new Map([...set].map((item) => [item, 1]));
}

/** Keys sorted, three blanks of indentation per level, blanks on both sides of the colon. */
function jsonText(tree: Tree, indentation = ''): string {
  if (!(tree instanceof Map)) return JSON.stringify(tree);
  if (tree.size === 0) return '{}';
  const deeper = `${indentation}   `;
  const lines = [...(tree as ReadonlyMap<string, Tree>)]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([key, value]) => `${deeper}${JSON.stringify(key)} : ${jsonText(value, deeper)}`);
  return `{\n${lines.join(',\n')}\n${indentation}}`;
}
