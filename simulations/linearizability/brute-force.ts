/** The definition of linearizability, tried out by all orders of all subsets. Slow, and simple enough to be believed. For tests. */
import type { Operation } from './history.ts';
import { isCompleted } from './history.ts';
import type { Model } from './model.ts';

/** Of operations of one key, few enough. */
export function isLinearizableByForce<State, Input>(
  model: Model<State, Input>,
  operations: readonly Operation<Input>[],
): boolean {
  const completed = operations.filter(isCompleted);
  const unanswered = operations.filter((operation) => !isCompleted(operation));
  return subsets(unanswered).some((subset) =>
    permutations([...completed, ...subset]).some((order) => isProof(model, order)),
  );
}

/** True when `order` keeps precedence, and a sequential run of it gives all answers, with drifts anywhere between. */
export function isProof<State, Input>(model: Model<State, Input>, order: readonly Operation<Input>[]): boolean {
  const keepsPrecedence = order.every((later, at) => order.slice(0, at).every((earlier) => !precedes(later, earlier)));
  if (!keepsPrecedence) return false;
  const first = order[0];
  return first === undefined || isRun(model, model.initial(model.keyOf(first.input)), order, Number.NEGATIVE_INFINITY);
}

function precedes(a: Operation<unknown>, b: Operation<unknown>): boolean {
  return a.returned !== undefined && a.returned.at < b.invokedAt;
}

/** `now_ms`: the lowest time at which what comes next can happen. */
function isRun<State, Input>(
  model: Model<State, Input>,
  state: State,
  [operation, ...rest]: readonly Operation<Input>[],
  now_ms: number,
): boolean {
  if (operation === undefined) return true;
  const { input, invoked_ms, returned } = operation;
  const end_ms = returned?.time_ms ?? Number.POSITIVE_INFINITY;
  const at_ms = Math.max(now_ms, invoked_ms);
  const after = model.apply(state, input, invoked_ms);
  const isAnswered = returned === undefined || returned.answer === after.answer;
  if (at_ms <= end_ms && isAnswered && isRun(model, after.state, rest, at_ms)) return true;
  const drift = model.drift?.(state);
  if (drift === undefined) return false;
  const drift_ms = Math.max(now_ms, drift.after_ms);
  return drift_ms < end_ms && isRun(model, drift.state, [operation, ...rest], drift_ms);
}

function subsets<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.reduce<readonly (readonly T[])[]>((known, item) => known.flatMap((set) => [set, [...set, item]]), [[]]);
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) =>
    permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
  );
}
