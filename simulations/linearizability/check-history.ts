/**
 * Is a history linearizable: does every operation seem to happen at one instant between its invocation and its return (Herlihy
 * and Wing, 1990)? Each key is an object of its own, and a history is linearizable iff the history of each object is.
 */
import { drawHistory } from './drawing.ts';
import type { CompletedOperation, Operation } from './history.ts';
import type { Model } from './model.ts';
import { searchOrder } from './search.ts';

export interface Bounds {
  /** Applications of the model per key. */
  readonly steps: number;
}

export const USUAL_BOUNDS: Bounds = { steps: 300_000 };

export interface Violation<Input> {
  readonly verdict: 'violation';
  readonly key: string;
  /** The operations of the key that began before the answer that no order explains; they are a violation by themselves. */
  readonly prefix: readonly Operation<Input>[];
  /** Whose answer it is. */
  readonly blocked: CompletedOperation<Input>;
  /** For people, several lines. */
  readonly drawing: string;
}

export type Verdict<Input> =
  /** `orders`: the proof, by key. An operation without an answer is missing where it need not have happened. */
  | { readonly verdict: 'linearizable'; readonly orders: ReadonlyMap<string, readonly Operation<Input>[]> }
  | Violation<Input>
  | { readonly verdict: 'undecided'; readonly reason: string };

/** Checks `history`, in any order. Of several violations the one that shows first is told. */
export function checkHistory<State, Input>(
  model: Model<State, Input>,
  history: readonly Operation<Input>[],
  bounds: Bounds = USUAL_BOUNDS,
): Verdict<Input> {
  const orders = new Map<string, readonly Operation<Input>[]>();
  const undecided: string[] = [];
  let violation: Violation<Input> | undefined;
  for (const [key, operations] of partition(model, history)) {
    const result = searchOrder(model, operations, bounds.steps);
    if (result.found === 'order') orders.set(key, result.order);
    else if (result.found === 'bound') undecided.push(key);
    else violation = earlier(violation, violationOf(model, key, operations, result));
  }
  if (violation !== undefined) return violation;
  if (undecided.length === 0) return { verdict: 'linearizable', orders };
  const names = undecided.map((key) => `'${key}'`).join(', ');
  return {
    verdict: 'undecided',
    reason: `no order found, and not all tried, within ${bounds.steps} steps for ${names}`,
  };
}

function partition<State, Input>(
  model: Model<State, Input>,
  history: readonly Operation<Input>[],
): ReadonlyMap<string, readonly Operation<Input>[]> {
  const byKey = new Map<string, Operation<Input>[]>();
  for (const operation of history) {
    const key = model.keyOf(operation.input);
    const operations = byKey.get(key);
    if (operations === undefined) byKey.set(key, [operation]);
    else operations.push(operation);
  }
  return byKey;
}

function violationOf<State, Input>(
  model: Model<State, Input>,
  key: string,
  operations: readonly Operation<Input>[],
  { blocked, states }: { readonly blocked: CompletedOperation<Input>; readonly states: readonly State[] },
): Violation<Input> {
  const prefix = operations.filter(({ invokedAt }) => invokedAt < blocked.returned.at);
  prefix.sort((a, b) => a.invokedAt - b.invokedAt);
  const drawing = drawHistory(model, { key, operations: prefix, blocked, states });
  return { verdict: 'violation', key, prefix, blocked, drawing };
}

function earlier<Input>(known: Violation<Input> | undefined, other: Violation<Input>): Violation<Input> {
  return known === undefined || other.blocked.returned.at < known.blocked.returned.at ? other : known;
}
