/** What a sequential object does: the meaning that a history of concurrent operations is judged by. */
import type { Answer } from './history.ts';

/** A change that nobody asked for, e.g. the expiry of a lock. */
export interface Drift<State> {
  readonly state: State;
  /** It happens only later than this. */
  readonly after_ms: number;
}

export interface Model<State, Input> {
  /** What the object is, for people. */
  readonly name: string;
  /** Operations with different keys don't influence each other: each key is an object of its own, and is checked by itself. */
  keyOf(input: Input): string;
  initial(key: string): State;
  /** The one answer and the one state after `input` in `state`, which stays as it is. */
  apply(state: State, input: Input, invoked_ms: number): { readonly state: State; readonly answer: Answer };
  /** True when an operation that was answered so has changed nothing, whatever the state was: a look, or a refusal. */
  changesNothing(input: Input, answer: Answer): boolean;
  drift?(state: State): Drift<State> | undefined;
  /** Operations with equal keys do the same in every state. */
  effectKey(input: Input, invoked_ms: number): string;
  /** Equal iff the states are. */
  stateKey(state: State): string;
  describeInput(input: Input): string;
  describeState(state: State): string;
}
