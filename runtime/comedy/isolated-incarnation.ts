import type { Envelope, MessageEnvelope } from '../actor-system/envelope.ts';
import type { ToChild } from './child-protocol.ts';

/** What an incarnation outside this thread is told: each order is a message. */
export abstract class IsolatedIncarnation {
  protected abstract send(message: ToChild): void;

  deliver(envelope: MessageEnvelope): void {
    this.send({ kind: 'message', envelope });
  }

  answer(envelope: Envelope): void {
    this.send({ kind: 'answer', envelope });
  }

  ping(): void {
    this.send({ kind: 'ping' });
  }

  stop(): void {
    this.send({ kind: 'stop' });
  }
}
