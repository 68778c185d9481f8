/**
 * A schedule: options and the steps of a run, as a JSON file. Played again, an unchanged schedule is the same run, to the last
 * record of its trace.
 */
import { ACT_FIELDS } from '../cluster/act.ts';
import type { RunOptions } from '../cluster/options.ts';
import { type RunResult, runSteps, type StepSettings } from '../cluster/run.ts';
import { MOST_NODES, optionsComplaint, withCalm } from './calm-options.ts';
import { type Fields, type KindName, kindOf } from './fields.ts';
import { CONDITION_FIELDS, REQUEST_FIELDS, STAGE_FIELDS, type Step } from './step.ts';

export const SCHEDULE_VERSION = 1;

export interface Schedule {
  readonly options: RunOptions;
  readonly steps: readonly Step[];
}

export function scheduleOf({ options, script }: Pick<RunResult, 'options' | 'script'>): Schedule {
  return { options, steps: script };
}

export function replay({ options, steps }: Schedule, settings: StepSettings = {}): RunResult {
  return runSteps(options, steps, settings);
}

/** A line per step. */
export function formatSchedule({ options, steps }: Schedule): string {
  const lines = steps.map((step) => `    ${JSON.stringify(step)}`).join(',\n');
  return `{\n  "version": ${SCHEDULE_VERSION},\n  "options": ${JSON.stringify(options)},\n  "steps": [\n${lines}\n  ]\n}\n`;
}

/** The schedule in `text`; else a sentence that names the file. */
export function readSchedule(text: string, file: string): Schedule | { readonly complaint: string } {
  const read = readJson(text);
  if ('problem' in read) return { complaint: `${file}: ${read.problem}` };
  const problem = scheduleProblem(read.value);
  if (problem !== undefined) return { complaint: `${file}: ${problem}` };
  const { options, steps } = read.value as Schedule;
  return { options: withCalm(options), steps };
}

function readJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

type Loose = Readonly<Record<string, unknown>>;

function scheduleProblem(value: unknown): string | undefined {
  if (!isObject(value)) return 'this is no schedule';
  const { version, options, steps } = value;
  if (version !== SCHEDULE_VERSION) return `this is no schedule of version ${SCHEDULE_VERSION}`;
  if (!isObject(options) || !Array.isArray(steps)) return 'a schedule has options and steps';
  const complaint = optionsComplaint(options);
  if (complaint !== undefined) return complaint;
  for (const [at, step] of steps.entries()) {
    const problem = stepProblem(step);
    if (problem !== undefined) return `step ${at + 1} ${problem}`;
  }
  return undefined;
}

function stepProblem(step: unknown): string | undefined {
  if (!isObject(step)) return 'is no object';
  const { at_ms = 0, by = '', ...rest } = step;
  if (!isTime(at_ms)) return `has the time ${JSON.stringify(at_ms)}`;
  if (typeof by !== 'string') return `belongs to the fault ${JSON.stringify(by)}`;
  if ('expect' in rest) {
    const { expect: condition, within_ms } = rest;
    if (!isTime(within_ms)) return `has the time ${JSON.stringify(within_ms)}`;
    return isObject(condition) ? namedProblem(condition, 'is', CONDITION_FIELDS) : 'expects nothing';
  }
  if ('act' in rest) return namedProblem(rest, 'act', ACT_FIELDS);
  if ('request' in rest) return namedProblem(rest, 'request', REQUEST_FIELDS);
  return namedProblem(rest, 'stage', STAGE_FIELDS);
}

/** Of an object whose `key` says which of the `kinds` it is. */
function namedProblem(named: Loose, key: string, kinds: Readonly<Record<string, Fields>>): string | undefined {
  const { [key]: name, ...values } = named;
  const fields = typeof name === 'string' ? kinds[name] : undefined;
  if (fields === undefined) return `has no known ${key}: ${JSON.stringify(name)}`;
  const strange = Object.keys(values).find((field) => !(field in fields));
  if (strange !== undefined) return `(${name}) has a field '${strange}'`;
  for (const [field, declared] of Object.entries(fields)) {
    const { kind, isOptional } = kindOf(declared);
    const value = values[field];
    const isGood = value === undefined ? isOptional : KINDS[kind](value);
    if (!isGood) return `(${name}) has the ${field} ${JSON.stringify(value)}`;
  }
  return undefined;
}

const KINDS: Readonly<Record<KindName, (value: unknown) => boolean>> = {
  node: isNode,
  nodes: (value) => Array.isArray(value) && value.every(isNode),
  ways: (value) =>
    Array.isArray(value) &&
    value.every((way) => Array.isArray(way) && way.length === 2 && way.every((each) => isNode(each))),
  number: (value) => typeof value === 'number',
  text: (value) => typeof value === 'string',
  words: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
};

/** Operators may add some to those that there are at the start. */
function isNode(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_NODES;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
