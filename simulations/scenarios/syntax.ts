/**
 * The text of steps: a verb, then its fields in their declared order. Nodes are `n1`, directions `n1>n2` or both at once `n1-n2`,
 * texts stand in quotation marks where they are more than a word, times carry their unit (`800ms`, `2.5s`, `2min`). A single
 * number stands alone, several as `name=value`.
 */
import { ACT_FIELDS } from '../cluster/act.ts';
import { MOST_NODES } from '../schedule/calm-options.ts';
import { type Fields, type KindName, kindOf, type Way } from '../schedule/fields.ts';
import { CONDITION_FIELDS, REQUEST_FIELDS, STAGE_FIELDS, type Step } from '../schedule/step.ts';

/** What is wrong with a text, a sentence. */
export class SyntaxProblem extends Error {}

type Tokens = string[];

const LEAST_ROW = 4;

const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s"]+/g;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 };

export function tokensOf(text: string): Tokens {
  const tokens = text.match(TOKEN) ?? [];
  if (text.replaceAll(TOKEN, '').trim() !== '')
    throw new SyntaxProblem(`a quotation mark is missing in: ${text.trim()}`);
  return tokens;
}

/** `[at TIME] STEP`. */
export function parseStep(text: string): Step {
  const tokens = tokensOf(text);
  const at = tokens[0] === 'at' ? { at_ms: parseTime(expectToken(tokens.splice(0, 2), 1, 'a time')) } : {};
  const step = { ...at, ...parseBareStep(tokens) } as Step;
  if (tokens.length > 0) throw new SyntaxProblem(`'${tokens.join(' ')}' is too much here`);
  return step;
}

function parseBareStep(tokens: Tokens): object {
  const verb = expectToken(tokens, 0, 'a step');
  tokens.shift();
  if (verb in ACT_FIELDS) return { act: verb, ...parseFields(tokens, ACT_FIELDS[verb as keyof typeof ACT_FIELDS]) };
  if (verb in REQUEST_FIELDS) {
    return { request: verb, ...parseFields(tokens, REQUEST_FIELDS[verb as keyof typeof REQUEST_FIELDS]) };
  }
  if (verb in STAGE_FIELDS) {
    return { stage: verb, ...parseFields(tokens, STAGE_FIELDS[verb as keyof typeof STAGE_FIELDS]) };
  }
  if (verb === 'expect') return { expect: parseCondition(tokens), within_ms: 0 };
  if (verb === 'within') {
    const within_ms = parseTime(expectToken(tokens, 0, 'a time'));
    tokens.shift();
    return { expect: parseCondition(tokens), within_ms };
  }
  throw new SyntaxProblem(`there is no step '${verb}'`);
}

function parseCondition(tokens: Tokens): object {
  const name = expectToken(tokens, 0, 'a condition');
  if (!(name in CONDITION_FIELDS)) throw new SyntaxProblem(`there is no condition '${name}'`);
  tokens.shift();
  return { is: name, ...parseFields(tokens, CONDITION_FIELDS[name as keyof typeof CONDITION_FIELDS]) };
}

function parseFields(tokens: Tokens, fields: Fields): object {
  const isNamed = hasSeveralNumbers(fields);
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const { kind, isOptional } = kindOf(field);
    const value = kind === 'number' && isNamed ? parseNamed(tokens, name) : PARSERS[kind](tokens, name);
    if (value !== undefined) values[name] = value;
    else if (!isOptional)
      throw new SyntaxProblem(`${isNamed && kind === 'number' ? `'${shortName(name)}='` : MISSING[kind]} is missing`);
  }
  return values;
}

const MISSING: Readonly<Record<KindName, string>> = {
  node: "a node ('n1')",
  nodes: "a node ('n1')",
  ways: "a direction ('n1>n2' or 'n1-n2')",
  number: 'a number',
  text: 'a text',
  words: 'a word',
};

/** Each takes its tokens; undefined where they aren't there. */
const PARSERS: Readonly<Record<KindName, (tokens: Tokens, name: string) => unknown>> = {
  node: (tokens) => (isNode(tokens[0]) ? Number(tokens.shift()?.slice(1)) : undefined),
  nodes: (tokens) => {
    const nodes = takeWhile(tokens, (token) => NODES.test(token ?? '')).flatMap(parseNodes);
    return nodes.length === 0 ? undefined : nodes;
  },
  ways: (tokens) => {
    const ways = takeWhile(tokens, (token) => WAY.test(token ?? '')).flatMap(parseWay);
    return ways.length === 0 ? undefined : ways;
  },
  number: (tokens, name) => (tokens[0] === undefined ? undefined : parseNumber(tokens.shift()!, name)),
  text: (tokens) => {
    const token = tokens.shift();
    return token?.startsWith('"') === true ? parseQuoted(token) : token;
  },
  words: (tokens) => {
    const words = tokens.splice(0);
    return words.length === 0 ? undefined : words;
  },
};

const NODES = /^n(\d+)(?:\.\.n(\d+))?$/;
const WAY = /^n(\d+)([->])n(\d+)$/;

function isNode(token: string | undefined): boolean {
  return /^n\d+$/.test(token ?? '');
}

/** `n4`, or `n1..n4`. */
function parseNodes(token: string): readonly number[] {
  const [, first, last = first] = NODES.exec(token)!;
  if (Number(last) - Number(first) >= MOST_NODES) throw new SyntaxProblem(`'${token}' are too many nodes`);
  return Array.from({ length: Math.max(0, Number(last) - Number(first) + 1) }, (_, at) => Number(first) + at);
}

function parseWay(token: string): readonly Way[] {
  const [, from, kind, to] = WAY.exec(token)!;
  const way: Way = [Number(from), Number(to)];
  return kind === '>' ? [way] : [way, [way[1], way[0]]];
}

function takeWhile(tokens: Tokens, isWanted: (token: string | undefined) => boolean): string[] {
  const end = tokens.findIndex((token) => !isWanted(token));
  return tokens.splice(0, end < 0 ? tokens.length : end);
}

function parseNamed(tokens: Tokens, name: string): number | undefined {
  const prefix = `${shortName(name)}=`;
  const at = tokens.findIndex((token) => token.startsWith(prefix));
  return at < 0 ? undefined : parseNumber(tokens.splice(at, 1)[0]!.slice(prefix.length), name);
}

function parseNumber(token: string, name: string): number {
  if (isTime(name)) return parseTime(token);
  const value = Number(token);
  if (token === '' || !Number.isFinite(value)) throw new SyntaxProblem(`'${token}' is no number`);
  return value;
}

export function parseTime(token: string): number {
  const [, digits, unit = ''] = /^([+-]?\d+(?:\.\d+)?)(ms|s|min)$/.exec(token) ?? [];
  if (digits === undefined) throw new SyntaxProblem(`'${token}' is no time; one looks like 800ms, 2.5s or 2min`);
  // A decimal number of seconds as the nearest number of milliseconds.
  return unit === 'ms' ? Number(digits) : Number((Number(digits) * UNITS[unit]!).toFixed(6));
}

function parseQuoted(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    throw new SyntaxProblem(`${token} is no text that can be read`);
  }
}

function expectToken(tokens: readonly string[], at: number, what: string): string {
  const token = tokens[at];
  if (token === undefined) throw new SyntaxProblem(`${what} is missing`);
  return token;
}

function isTime(name: string): boolean {
  return /(^|_)ms$/.test(name);
}

/** `name=value` is told without the unit, which stands with the value. */
function shortName(name: string): string {
  return name.replace(/_ms$/, '');
}

function hasSeveralNumbers(fields: Fields): boolean {
  return Object.values(fields).filter((field) => kindOf(field).kind === 'number').length > 1;
}

// --- the other way ---------------------------------------------------------------------------------------------------

export function formatStep({ at_ms, ...step }: Step): string {
  const words = [...(at_ms === undefined ? [] : ['at', formatTime(at_ms)])];
  if ('act' in step) words.push(step.act, ...formatFields(step, ACT_FIELDS[step.act]));
  else if ('request' in step) words.push(step.request, ...formatFields(step, REQUEST_FIELDS[step.request]));
  else if ('stage' in step) words.push(step.stage, ...formatFields(step, STAGE_FIELDS[step.stage]));
  else {
    const { expect: condition, within_ms } = step;
    words.push(...(within_ms === 0 ? ['expect'] : ['within', formatTime(within_ms)]));
    words.push(condition.is, ...formatFields(condition, CONDITION_FIELDS[condition.is]));
  }
  return words.join(' ');
}

function formatFields(values: object, fields: Fields): readonly string[] {
  const isNamed = hasSeveralNumbers(fields);
  return Object.entries(fields).flatMap(([name, field]) => {
    const value = (values as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) return [];
    const { kind } = kindOf(field);
    if (kind !== 'number') return formatValue(kind, value);
    const number = isTime(name) ? formatTime(value as number) : String(value);
    return [isNamed ? `${shortName(name)}=${number}` : number];
  });
}

function formatValue(kind: Exclude<KindName, 'number'>, value: unknown): readonly string[] {
  if (kind === 'node') return [`n${value}`];
  if (kind === 'nodes') return formatNodes(value as readonly number[]);
  if (kind === 'ways') return formatWays(value as readonly Way[]);
  if (kind === 'words') return value as readonly string[];
  return [/^[\w./#-]+$/.test(value as string) ? (value as string) : JSON.stringify(value)];
}

/** Four and more in a row are `n1..n4`. */
export function formatNodes(nodes: readonly number[]): readonly string[] {
  const words: string[] = [];
  for (let at = 0; at < nodes.length; ) {
    const first = nodes[at]!;
    let length = 1;
    while (nodes[at + length] === first + length) length += 1;
    if (length >= LEAST_ROW) words.push(`n${first}..n${first + length - 1}`);
    else words.push(...nodes.slice(at, at + length).map((node) => `n${node}`));
    at += length;
  }
  return words;
}

/** Both directions between two nodes are one word. */
function formatWays(ways: readonly Way[]): readonly string[] {
  const has = (from: number, to: number): boolean => ways.some((way) => way[0] === from && way[1] === to);
  return ways.flatMap(([from, to]) => {
    if (!has(to, from)) return [`n${from}>n${to}`];
    return from < to ? [`n${from}-n${to}`] : [];
  });
}

export function formatTime(ms: number): string {
  const s = ms / 1000;
  return Number.isInteger(ms) && Math.abs(ms) >= 1000 ? `${s}s` : `${ms}ms`;
}
