/** A history that can't be, drawn for people: one line per operation, time to the right. */
import type { CompletedOperation, Operation } from './history.ts';
import { isCompleted } from './history.ts';
import type { Model } from './model.ts';

export interface ImpossibleHistory<State, Input> {
  readonly key: string;
  /** By invocation. */
  readonly operations: readonly Operation<Input>[];
  /** Whose answer no order explains. */
  readonly blocked: CompletedOperation<Input>;
  /** Those in which it could have been given at the latest. */
  readonly states: readonly State[];
}

const DRAWN_OPERATIONS = 16;
const DRAWN_STATES = 4;
const WIDTH = 56;
const SHOWN_BYTES = 24;

/**
 * Lines: what is wrong; the last operations, each as `|----|` from invocation to return, or `|~~~~>` where nobody knows what became
 * of it; and the states that were possible. The scale is the order of events, not time.
 */
export function drawHistory<State, Input>(
  model: Model<State, Input>,
  { key, operations, blocked, states }: ImpossibleHistory<State, Input>,
): string {
  const drawn = operations.slice(-DRAWN_OPERATIONS);
  if (!drawn.includes(blocked)) drawn.unshift(blocked);
  const left = operations.length - drawn.length;
  const column = columnsOf(drawn, blocked.returned.at);
  const rows = drawn.map((operation) => ({
    label: `${operation.id} ${operation.client}`,
    what: `${model.describeInput(operation.input)} = ${answerOf(operation)}`,
    when: `${seconds(operation.invoked_ms)}..${operation.returned === undefined ? '' : seconds(operation.returned.time_ms)}`,
    bar: barOf(operation, column),
    mark: operation === blocked ? '  <- not possible' : '',
  }));
  const width = (field: 'label' | 'what' | 'when'): number => Math.max(...rows.map((row) => row[field].length));
  const [label, what, when] = [width('label'), width('what'), width('when')];
  return [
    `${model.name} '${key}': no order of its operations explains the answer of ${blocked.id} (${model.describeInput(blocked.input)})`,
    ...(left > 0 ? [`  (${left} earlier ${left === 1 ? 'operation is' : 'operations are'} not drawn)`] : []),
    ...rows.map((row) =>
      `  ${row.label.padEnd(label)}  ${row.what.padEnd(what)}  ${row.when.padEnd(when)}  ${row.bar}${row.mark}`.trimEnd(),
    ),
    `  at the latest it was ${describeStates(model, states)}`,
  ].join('\n');
}

function describeStates<State, Input>(model: Model<State, Input>, states: readonly State[]): string {
  const shown = states.slice(0, DRAWN_STATES).map((state) => model.describeState(state));
  if (states.length > DRAWN_STATES) shown.push(`one of ${states.length - DRAWN_STATES} other states`);
  return shown.join(', or ');
}

/** Columns by event, evenly spread; all that comes after `end` shares the last one. */
function columnsOf(operations: readonly Operation<unknown>[], end: number): (event: number) => number {
  const events = operations.flatMap(({ invokedAt, returned }) => [invokedAt, Math.min(returned?.at ?? end, end)]);
  const places = [...new Set(events)].sort((a, b) => a - b);
  const scale = Math.min(4, (WIDTH - 1) / Math.max(1, places.length - 1));
  const columns = new Map(places.map((event, place) => [event, Math.round(place * scale)]));
  return (event) => columns.get(Math.min(event, end)) ?? 0;
}

function barOf(operation: Operation<unknown>, column: (event: number) => number): string {
  const start = column(operation.invokedAt);
  const end = isCompleted(operation) ? column(operation.returned.at) : column(Number.POSITIVE_INFINITY);
  const [line, stop] = isCompleted(operation) ? ['-', '|'] : ['~', '>'];
  return `${' '.repeat(start)}|${line.repeat(Math.max(0, end - start - 1))}${stop}`.padEnd(WIDTH + 1);
}

function answerOf({ returned }: Operation<unknown>): string {
  if (returned === undefined) return '?';
  return typeof returned.answer === 'string' ? describeContent(returned.answer) : String(returned.answer);
}

/** Content, or its beginning, on one line. */
export function describeContent(content: string): string {
  const shown = content.slice(0, SHOWN_BYTES).replace(/[^ -~]/g, escaped);
  return content.length <= SHOWN_BYTES ? `'${shown}'` : `'${shown}…' (${content.length} bytes)`;
}

function escaped(byte: string): string {
  return byte === '\n' ? '\\n' : `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function seconds(time_ms: number): string {
  return `${(time_ms / 1000).toFixed(3)} s`;
}
