/**
 * A recorded history: which client asked for what, and what it was told, in the order in which both happened. It is all
 * that a linearizability check knows; nothing of how the system came to its answers.
 */

/** A byte count or zero, a negative errno, or what was read. */
export type Answer = number | string;

export interface Return {
  /** Place among all events of the history; see `Operation.invokedAt`. */
  readonly at: number;
  readonly time_ms: number;
  readonly answer: Answer;
}

export interface Operation<Input> {
  /** For people; operations of different keys may share one. */
  readonly id: number;
  readonly client: string;
  readonly input: Input;
  /** Place among all events of the history. An operation precedes another iff its return has the lower place. */
  readonly invokedAt: number;
  readonly invoked_ms: number;
  /**
   * Undefined where nobody knows what became of it: no answer, EBUSY, a client that died. It may take effect at any time after its
   * invocation, or never.
   */
  readonly returned: Return | undefined;
}

/** An operation with an answer. */
export interface CompletedOperation<Input> extends Operation<Input> {
  readonly returned: Return;
}

export function isCompleted<Input>(operation: Operation<Input>): operation is CompletedOperation<Input> {
  return operation.returned !== undefined;
}
