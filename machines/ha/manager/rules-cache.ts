/** The compiled rules of a manager, and when they are compiled anew (spec/ha.md §3.2.11). */
import { type GroupSet, groupsToRules, parseGroups } from '../groups.ts';
import { type CompiledRules, compileRules, noRules } from '../rules/compile.ts';
import { parseRules, type RuleSet } from '../rules/rule-set.ts';
import { transformRules } from '../rules/transform.ts';
import type { ServiceConfigs } from '../state-files.ts';

export interface RuleTexts {
  readonly rules: string;
  readonly groups: string;
}

export class RulesCache {
  #compiled: CompiledRules | undefined;
  #of: RuleTexts | undefined;
  readonly #parsedRules = new ParsedText((text) => parseRules(text).rules);
  readonly #parsedGroups = new ParsedText((text) => parseGroups(text).groups);

  get compiled(): CompiledRules {
    return this.#compiled ?? noRules;
  }

  groups(text: string): GroupSet {
    return this.#parsedGroups.of(text);
  }

  rules(text: string): RuleSet {
    return this.#parsedRules.of(text);
  }

  /** Compiles where a text or the list of nodes has changed; returns the messages for the log. */
  refresh(
    texts: RuleTexts,
    configs: ServiceConfigs,
    nodes: readonly string[],
    hasNodeListChanged: boolean,
  ): readonly string[] {
    const isSame = this.#of?.rules === texts.rules && this.#of.groups === texts.groups;
    if (this.#compiled !== undefined && isSame && !hasNodeListChanged) return [];
    const rules = groupsToRules(this.groups(texts.groups), configs, this.rules(texts.rules));
    const transformed = transformRules(rules, nodes);
    this.#compiled = compileRules(transformed.rules, nodes);
    this.#of = texts;
    return transformed.messages;
  }
}

/** Parses a text once. */
class ParsedText<Parsed> {
  readonly #parse: (text: string) => Parsed;
  #text: string | undefined;
  #parsed: Parsed | undefined;

  constructor(parse: (text: string) => Parsed) {
    this.#parse = parse;
  }

  of(text: string): Parsed {
    if (this.#text !== text) {
      this.#parsed = this.#parse(text);
      this.#text = text;
    }
    return this.#parsed!;
  }
}
