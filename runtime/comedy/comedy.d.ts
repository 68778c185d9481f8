/**
 * What we use of comedy 2.1.7, typed narrowly; its own declarations are loose and need old types. The fields marked as
 * private are not part of its interface: only `forked.ts` and `comedy-system.ts` touch them, and say why.
 */
declare module 'comedy' {
  import type { ChildProcess } from 'node:child_process';

  export interface Actor {
    getId(): string;
    getParent(): Actor;
    getSystem(): ActorSystem;
    getCustomParameters(): { readonly [name: string]: unknown };
    /** Resolves when the message is on its way; whether anybody takes it is not known. */
    send(topic: string, message: object): Promise<void>;
    initialize(): Promise<unknown>;
    destroy(): Promise<void>;
  }

  /** A reference of a child in another process; its wrapped actor holds the process. */
  export interface ActorProxy extends Actor {
    getWrapped(): ForkedActorParent;
  }

  /** Private. */
  export interface ForkedActorParent extends Actor {
    workerProcess?: ChildProcess;
    timeoutWorkerInterval: NodeJS.Timeout;
    exitHandler: () => void;
  }

  export interface ActorSystem {
    rootActor(): Promise<Actor>;
    createActor(definition: object | string, parent: Actor, config: object): Promise<ActorProxy>;
    destroy(): Promise<void>;
    /** Private. */
    sigintHandler: () => void;
    sigtermHandler: () => void;
    getBus(): { removeForkedRecipient(actor: Actor): void };
  }

  export function createSystem(options: object): ActorSystem;
  const comedy: { createSystem: typeof createSystem };
  export default comedy;
}
