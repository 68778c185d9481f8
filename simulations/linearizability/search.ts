/**
 * Looks for an order of the operations of one object that explains all answers: Wing and Gong's search with Lowe's memo
 * ("Testing for linearizability", Concurrency and Computation 29(4), 2017), the form that Porcupine uses.
 *
 * A configuration is the set of operations that have their place in the order, and the state after them. Next comes any
 * operation that was invoked before the first return that is still missing. What was reached once is not searched twice.
 *
 *  S1 An order holds every completed operation, with its answer, and keeps precedence.
 *  S2 An operation without an answer stands in the order at most once, after its invocation, or not at all.
 *  S3 `nothing` is found only after all orders were tried, but for those that S4-S8 show to be superfluous.
 *  S4 An operation that fits now, and by its answer changes nothing in any state, comes now: wherever it stood later, it can as
 *     well stand here. (One that merely happens to change nothing now may be needed later.)
 *  S5 An operation without an answer that would change nothing is left out.
 *  S6 Of two configurations that differ only in the operations without an answer that they have spent, the one that has spent fewer
 *     of the same can do all that the other can.
 *  S7 An operation without an answer that the next one in the order makes unnoticed (it fits without it, and leaves the same state) is
 *     left out.
 *  S8 Of several without an answer that do the same, the one invoked first comes first.
 *
 * The set is kept as Lowe's bit set is meant, but short: all completed operations that return before a certain one, and a few ahead.
 */
import { type CompletedOperation, isCompleted, type Operation } from './history.ts';
import type { Model } from './model.ts';

export type SearchResult<State, Input> =
  | { readonly found: 'order'; readonly order: readonly Operation<Input>[] }
  | { readonly found: 'nothing'; readonly blocked: CompletedOperation<Input>; readonly states: readonly State[] }
  | { readonly found: 'bound'; readonly steps: number };

interface Configuration<State, Input> {
  /** Index, by return, of the first completed operation that has no place yet. */
  readonly first: number;
  /** Indexes of those behind `first` that have one, ascending. */
  readonly ahead: readonly number[];
  /** Indexes of the operations without an answer that have one, ascending. */
  readonly spent: readonly number[];
  readonly state: State;
  readonly stateKey: string;
  /** What came to its place last, undefined for a drift and at the start; and the configuration before. */
  readonly operation: Operation<Input> | undefined;
  readonly before: Configuration<State, Input> | undefined;
}

/**
 * An order that explains `operations`, all of one key; or, when there is none, the first answer that no order comes past, and
 * the states in which it could have been given at the latest. Gives up after `steps` applications of the model.
 */
export function searchOrder<State, Input>(
  model: Model<State, Input>,
  operations: readonly Operation<Input>[],
  steps: number,
): SearchResult<State, Input> {
  return new OrderSearch(model, operations).run(steps);
}

class OrderSearch<State, Input> {
  readonly #model: Model<State, Input>;
  readonly #start: State;
  /** By return. */
  readonly #completed: readonly CompletedOperation<Input>[];
  /** By invocation. */
  readonly #unanswered: readonly Operation<Input>[];
  /** By index: the one before that does the same; -1 where there is none. */
  readonly #twins: readonly number[];
  /** By index of the first return that is missing: which completed operations may come next. */
  readonly #windows: readonly (readonly number[])[];
  /** What was reached, without the operations spent; and the smallest sets of these. */
  readonly #known = new Map<string, (readonly number[])[]>();
  readonly #stack: Configuration<State, Input>[] = [];
  #steps = 0;
  #deepest = 0;
  #deepestStates = new Map<string, State>();

  constructor(model: Model<State, Input>, operations: readonly Operation<Input>[]) {
    this.#model = model;
    this.#start = model.initial(operations[0] === undefined ? '' : model.keyOf(operations[0].input));
    this.#completed = operations.filter(isCompleted).sort((a, b) => a.returned.at - b.returned.at);
    const unanswered = operations.filter((operation) => !isCompleted(operation));
    this.#unanswered = unanswered.sort((a, b) => a.invokedAt - b.invokedAt);
    this.#twins = twinsOf(this.#unanswered.map(({ input, invoked_ms }) => model.effectKey(input, invoked_ms)));
    this.#windows = windowsOf(this.#completed);
  }

  run(steps: number): SearchResult<State, Input> {
    const state = this.#start;
    const stateKey = this.#model.stateKey(state);
    this.#stack.push({ first: 0, ahead: [], spent: [], state, stateKey, operation: undefined, before: undefined });
    for (let next = this.#stack.pop(); next !== undefined; next = this.#stack.pop()) {
      if (next.first === this.#completed.length) return { found: 'order', order: orderOf(next) };
      if (this.#isKnown(next)) continue;
      if (this.#steps >= steps) return { found: 'bound', steps: this.#steps };
      this.#noteDepth(next);
      // The last one pushed is tried first.
      for (const move of this.#movesFrom(next).reverse()) this.#stack.push(move);
    }
    const blocked = this.#completed[this.#deepest]!;
    return { found: 'nothing', blocked, states: [...this.#deepestStates.values()] };
  }

  /** Notes it otherwise (S6). */
  #isKnown({ first, ahead, spent, stateKey }: Configuration<State, Input>): boolean {
    const key = `${first} ${ahead.join(',')} ${stateKey}`;
    const sets = this.#known.get(key);
    if (sets === undefined) {
      this.#known.set(key, [spent]);
      return false;
    }
    if (sets.some((set) => isSubset(set, spent))) return true;
    this.#known.set(key, [...sets.filter((set) => !isSubset(spent, set)), spent]);
    return false;
  }

  #noteDepth({ first, state, stateKey }: Configuration<State, Input>): void {
    if (first < this.#deepest) return;
    if (first > this.#deepest) this.#deepestStates = new Map();
    this.#deepest = first;
    this.#deepestStates.set(stateKey, state);
  }

  /** The most promising first: what has an answer, by return; then what may have happened. */
  #movesFrom(from: Configuration<State, Input>): Configuration<State, Input>[] {
    const moves: Configuration<State, Input>[] = [];
    for (const index of this.#windows[from.first]!) {
      if (from.ahead.includes(index)) continue;
      const operation = this.#completed[index]!;
      const { state, answer } = this.#apply(from.state, operation);
      if (answer !== operation.returned.answer) continue;
      const move = this.#place(from, index, state);
      if (this.#model.changesNothing(operation.input, answer)) return [move];
      if (!this.#isUnnoticed(from, operation, move.stateKey)) moves.push(move);
    }
    this.#addDrift(from, moves);
    this.#addUnanswered(from, moves);
    return moves;
  }

  #addDrift(from: Configuration<State, Input>, moves: Configuration<State, Input>[]): void {
    const drift = this.#model.drift?.(from.state);
    if (drift === undefined || drift.after_ms >= this.#completed[from.first]!.returned.time_ms) return;
    const { state } = drift;
    moves.push({ ...from, state, stateKey: this.#model.stateKey(state), operation: undefined, before: from });
  }

  #addUnanswered(from: Configuration<State, Input>, moves: Configuration<State, Input>[]): void {
    const end = this.#completed[from.first]!.returned.at;
    for (const [index, operation] of this.#unanswered.entries()) {
      if (operation.invokedAt > end) return;
      const twin = this.#twins[index]!;
      if (from.spent.includes(index) || (twin >= 0 && !from.spent.includes(twin))) continue;
      const { state } = this.#apply(from.state, operation);
      const stateKey = this.#model.stateKey(state);
      if (stateKey === from.stateKey || this.#isUnnoticed(from, operation, stateKey)) continue;
      moves.push({ ...from, spent: withNumber(from.spent, index), state, stateKey, operation, before: from });
    }
  }

  /** True when `from` was reached by an operation without an answer, and `next` goes as well without it (S7). */
  #isUnnoticed(from: Configuration<State, Input>, next: Operation<Input>, stateKey: string): boolean {
    if (from.operation === undefined || isCompleted(from.operation)) return false;
    const { state, answer } = this.#apply(from.before!.state, next);
    return (next.returned === undefined || next.returned.answer === answer) && this.#model.stateKey(state) === stateKey;
  }

  #apply(state: State, { input, invoked_ms }: Operation<Input>): ReturnType<Model<State, Input>['apply']> {
    this.#steps += 1;
    return this.#model.apply(state, input, invoked_ms);
  }

  /** The completed operation `index` comes to its place. */
  #place(from: Configuration<State, Input>, index: number, state: State): Configuration<State, Input> {
    const ahead = withNumber(from.ahead, index);
    let first = from.first;
    let passed = 0;
    while (ahead[passed] === first) {
      first += 1;
      passed += 1;
    }
    return {
      first,
      ahead: ahead.slice(passed),
      spent: from.spent,
      state,
      stateKey: this.#model.stateKey(state),
      operation: this.#completed[index],
      before: from,
    };
  }
}

function twinsOf(keys: readonly string[]): readonly number[] {
  const latest = new Map<string, number>();
  return keys.map((key, index) => {
    const twin = latest.get(key) ?? -1;
    latest.set(key, index);
    return twin;
  });
}

/** For each return: the operations that return then or later, and were invoked before it. */
function windowsOf(byReturn: readonly CompletedOperation<unknown>[]): readonly (readonly number[])[] {
  const byInvocation = byReturn.map((_, index) => index);
  byInvocation.sort((a, b) => byReturn[a]!.invokedAt - byReturn[b]!.invokedAt);
  const open = new Set<number>();
  let begun = 0;
  return byReturn.map(({ returned }, first) => {
    while (begun < byInvocation.length && byReturn[byInvocation[begun]!]!.invokedAt < returned.at) {
      open.add(byInvocation[begun]!);
      begun += 1;
    }
    open.delete(first - 1);
    return [...open].sort((a, b) => a - b);
  });
}

function orderOf<Input>(last: Configuration<unknown, Input>): readonly Operation<Input>[] {
  const order: Operation<Input>[] = [];
  for (let at: Configuration<unknown, Input> | undefined = last; at !== undefined; at = at.before) {
    if (at.operation !== undefined) order.push(at.operation);
  }
  return order.reverse();
}

/** Both ascending. */
function isSubset(small: readonly number[], large: readonly number[]): boolean {
  if (small.length > large.length) return false;
  let at = 0;
  for (const value of large) if (small[at] === value) at += 1;
  return at === small.length;
}

function withNumber(ascending: readonly number[], value: number): readonly number[] {
  const at = ascending.findIndex((other) => other > value);
  return at < 0 ? [...ascending, value] : [...ascending.slice(0, at), value, ...ascending.slice(at)];
}
