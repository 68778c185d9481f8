/**
 * A scenario: a small cluster, what befalls it, what must hold, and the history that follows, as a text that people write and read.
 *
 *     # Why this is worth knowing, in a sentence or two.
 *     cluster nodes=3 latency_ms=[0.5,1]
 *     show ring quorum leader answers
 *     start
 *     at 10s crash n1
 *     within 5s ready n2 n3
 *     write n2 shared/a "text"
 *     finish
 *     ----
 *     0.4s n1 n2 n3: Members[3]: 1 2 3
 *
 * `start` boots all nodes and waits until they are settled; `finish` heals, waits for rest and lets the checkers compare. What follows
 * the four dashes is what a run gives, and is rewritten by `--rewrite`.
 */
import type { RunOptions } from '../cluster/options.ts';
import { calmOptions, optionsComplaint, withCalm } from '../schedule/calm-options.ts';
import type { Step } from '../schedule/step.ts';
import { formatStep, parseStep, SyntaxProblem, tokensOf } from './syntax.ts';

export interface Scenario {
  readonly options: RunOptions;
  readonly shown: readonly Topic[];
  /** Log lines that begin so. */
  readonly shownLines: readonly string[];
  readonly steps: readonly Step[];
  /** Everything before the history. */
  readonly head: string;
  readonly history: string;
}

export const TOPICS = ['acts', 'ring', 'quorum', 'leader', 'sync', 'answers', 'expectations'] as const;
export type Topic = (typeof TOPICS)[number];

const SEPARATOR = '----';
const SETTLE_MS = 60_000;
const DRAIN_MS = 70_000;
const REST_MS = 3000;

/** The scenario that `text` means; else a sentence with file and line. */
export function parseScenario(text: string, file: string): Scenario | { readonly complaint: string } {
  const lines = text.split('\n');
  const end = lines.indexOf(SEPARATOR);
  const head = end < 0 ? lines : lines.slice(0, end);
  const draft: Draft = { options: undefined, shown: [], shownLines: [], steps: [] };
  for (const [at, line] of head.entries()) {
    try {
      readLine(line, draft);
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      return { complaint: `${file}:${at + 1}: ${error.message}` };
    }
  }
  const { options, ...rest } = draft;
  if (options === undefined) return { complaint: `${file}:${head.length}: there is no line 'cluster'` };
  return {
    ...rest,
    options,
    head: head.join('\n').trimEnd(),
    history: end < 0 ? '' : lines.slice(end + 1).join('\n'),
  };
}

/** The text with another history. */
export function withHistory({ head }: Scenario, history: string): string {
  return `${head}\n${SEPARATOR}\n${history}`;
}

interface Draft {
  options: RunOptions | undefined;
  readonly shown: Topic[];
  readonly shownLines: string[];
  readonly steps: Step[];
}

function readLine(line: string, draft: Draft): void {
  if (line.trim() === '' || line.startsWith('#')) return;
  const [verb, ...rest] = tokensOf(line);
  if (verb === 'cluster') draft.options = readOptions(rest);
  else if (verb === 'show') readShown(rest, draft);
  else if (draft.options === undefined) throw new SyntaxProblem("the line 'cluster' must come first");
  else draft.steps.push(...readSteps(line, draft.options));
}

function readSteps(line: string, { nodeCount }: RunOptions): readonly Step[] {
  if (line.trim() === 'start') return startSteps(nodeCount);
  if (line.trim() === 'finish') return FINISH_STEPS;
  const step = parseStep(line);
  const strange = nodesOf(step).find((node) => node < 1 || node > nodeCount);
  if (strange !== undefined) throw new SyntaxProblem(`there is no node n${strange}`);
  return [step];
}

/** Nodes that a step names. */
function nodesOf(step: Step): readonly number[] {
  const {
    node,
    nodes = [],
    ways = [],
  } = ('expect' in step ? step.expect : step) as {
    readonly node?: number;
    readonly nodes?: readonly number[];
    readonly ways?: readonly (readonly number[])[];
  };
  return [...(node === undefined ? [] : [node]), ...nodes, ...ways.flat()];
}

function startSteps(nodeCount: number): readonly Step[] {
  const boots = Array.from({ length: nodeCount }, (_, at): Step => ({ act: 'boot', node: at + 1 }));
  return [...boots, { expect: { is: 'settled' }, within_ms: SETTLE_MS }];
}

const FINISH_STEPS: readonly Step[] = [
  { act: 'heal' },
  { expect: { is: 'settled' }, within_ms: SETTLE_MS },
  { stage: 'calm' },
  { expect: { is: 'answered' }, within_ms: DRAIN_MS },
  { stage: 'wait', wait_ms: REST_MS },
  { expect: { is: 'settled' }, within_ms: SETTLE_MS },
  { stage: 'quiet' },
];

function readShown(tokens: readonly string[], draft: Draft): void {
  for (const token of tokens) {
    if (token.startsWith('"')) draft.shownLines.push(JSON.parse(token) as string);
    else if ((TOPICS as readonly string[]).includes(token)) draft.shown.push(token as Topic);
    else throw new SyntaxProblem(`'${token}' can't be shown; there are ${TOPICS.join(', ')} and "starts of log lines"`);
  }
}

function readOptions(tokens: readonly string[]): RunOptions {
  const words = tokens.join(' ').split(/\s+(?=\w+=)/);
  const given: Record<string, unknown> = {};
  for (const word of words.filter((each) => each !== '')) {
    const [, short = word, text = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    given[short === 'nodes' ? 'nodeCount' : short] = readValue(text);
  }
  const complaint = optionsComplaint(given);
  if (complaint !== undefined) throw new SyntaxProblem(complaint);
  return withCalm(given);
}

/** JSON, or a word. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The text of a scenario that says these steps, without a history. */
export function formatScenario(
  why: readonly string[],
  options: RunOptions,
  shown: readonly Topic[],
  steps: readonly Step[],
): string {
  const start = startSteps(options.nodeCount);
  const isUsual = start.every((step, at) => isSame(step, steps[at]));
  const body = isUsual ? ['start', ...steps.slice(start.length).map(formatStep)] : steps.map(formatStep);
  const lines = [...why.map((line) => `# ${line}`), formatOptionsLine(options), `show ${shown.join(' ')}`, '', ...body];
  return `${lines.join('\n')}\n`;
}

/** Apart from its time. */
function isSame(step: Step, other: Step | undefined): boolean {
  const { at_ms: _at, ...rest } = other ?? {};
  return JSON.stringify(step) === JSON.stringify(rest);
}

function formatOptionsLine(options: RunOptions): string {
  const usual = calmOptions() as unknown as Readonly<Record<string, unknown>>;
  const words = Object.entries(options).flatMap(([name, value]) => {
    if (JSON.stringify(value) === JSON.stringify(usual[name]) && name !== 'seed') return [];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [`${name === 'nodeCount' ? 'nodes' : name}=${text}`];
  });
  return ['cluster', ...words].join(' ');
}
