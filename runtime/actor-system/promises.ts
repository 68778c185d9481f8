/** The promise form of an ask, for code of real nodes. Simulations use the callback form alone. */
import type { Reply } from './actor-error.ts';
import type { ActorSystem } from './actor-system.ts';
import type { Address, AskOf, AskType, Protocol, ReplyOf } from './address.ts';
import type { Messenger } from './definition.ts';

/** Resolves with the reply or the error; never rejects. */
export function askPromise<P extends Protocol, T extends AskType<P>>(
  messenger: Messenger,
  to: Address<P>,
  message: AskOf<P, T>,
  deadline_ms: number,
): Promise<Reply<ReplyOf<P, T>>> {
  return new Promise((resolve) => {
    messenger.ask<P, T>(to, message, deadline_ms, resolve);
  });
}

/** Resolves when all children run; rejects with the sentence where the system failed before that. */
export function startSystem(system: ActorSystem): Promise<void> {
  return new Promise((resolve, reject) => {
    system.start((failure) => (failure === undefined ? resolve() : reject(new Error(failure))));
  });
}

/** Resolves when all children have ended. */
export function stopSystem(system: ActorSystem): Promise<void> {
  return new Promise((resolve) => {
    system.stop(resolve);
  });
}
