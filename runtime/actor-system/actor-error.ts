/** Why a message was not taken, or an ask has no reply. The code is stable; the sentence is for people. */
export type ActorErrorCode =
  /** No reply within the ask's deadline. */
  | 'deadline'
  /** The actor's mailbox is full, or the message was the oldest of a mailbox that drops the oldest. */
  | 'mailbox-full'
  /** The actor crashed before it answered, or is waiting for its restart. */
  | 'actor-crashed'
  | 'no-such-actor'
  /** Not deliverable: no route to the node, a value that cannot be sent, a message the actor does not take. */
  | 'refused'
  /** The actor answered with an error of its own. */
  | 'remote-error';

export interface ActorError {
  readonly code: ActorErrorCode;
  readonly sentence: string;
}

export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ActorError };

export function actorError(code: ActorErrorCode, sentence: string): ActorError {
  return { code, sentence };
}

/** The sentence of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
