/**
 * What travels between actors. An envelope is one plain object of strings and numbers in every mode, with the message
 * inside as text (`value-codec.ts`): so all modes carry the same, nothing is shared by reference, and comedy's traps
 * (a single array is unwrapped, Buffers and Dates are mangled) are never met.
 *
 * Ask ids belong to the space that numbered them: an envelope that leaves it is numbered anew, hop by hop.
 */
import type { ActorErrorCode } from './actor-error.ts';

export interface MessageEnvelope {
  readonly kind: 'tell' | 'ask';
  readonly from: string;
  readonly to: string;
  readonly body: string;
  /** Id of the ask in the sender's space; 0 for a tell. */
  readonly ask: number;
  /** Time left for the reply; 0 for a tell. */
  readonly deadline_ms: number;
  /** Sequence of the trace record in whose course the message was sent; 0 where nothing is traced. */
  readonly cause: number;
}

export interface ReplyEnvelope {
  readonly kind: 'reply';
  readonly ask: number;
  readonly body: string;
}

export interface ErrorEnvelope {
  readonly kind: 'error';
  readonly ask: number;
  readonly code: ActorErrorCode;
  readonly sentence: string;
}

export type Envelope = MessageEnvelope | ReplyEnvelope | ErrorEnvelope;
