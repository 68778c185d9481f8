/**
 * The seam between the actor system and what carries an incarnation: this process with virtual time
 * (`deterministic-host.ts`), or comedy and threads (`comedy-host.ts`).
 */

import type { Hostable } from './definition.ts';
import type { Envelope, MessageEnvelope } from './envelope.ts';
import type { MailboxRule } from './mailbox.ts';

/** Where an actor runs: beside its supervisor, in a process of its own, in a thread of its own. */
export type ActorMode = 'in-memory' | 'forked' | 'threaded';

/** A definition at hand with its ports: the only form of a simulation. */
export interface ValueSource {
  readonly definition: Hostable<unknown>;
  readonly ports: unknown;
}

/**
 * A definition by the paths of its modules, relative to the root of the sources, the only form that can cross into
 * another process. The module exports `actor`; the ports module, beside it so that a simulation need not load
 * native modules, exports `realPorts(base, parameters)`.
 */
export interface ModuleSource {
  readonly module: string;
  readonly portsModule?: string;
  /** Handed to `realPorts`; any value that a message may carry. */
  readonly parameters?: unknown;
}

export type ActorSource = ValueSource | ModuleSource;

export interface LaunchOrder {
  readonly name: string;
  readonly node: string;
  readonly mode: ActorMode;
  readonly source: ActorSource;
}

export interface MemberDescription {
  readonly name: string;
  readonly mailbox: MailboxRule;
}

/** What the supervisor hears of one incarnation. After `exited` nothing more comes; `exited` comes exactly once. */
export interface IncarnationEvents {
  /** All members run. */
  started(members: readonly MemberDescription[]): void;
  /** The member is done with one message that was delivered. */
  handled(member: string): void;
  /** A message, reply or error from inside, for somebody outside. */
  outgoing(envelope: Envelope): void;
  pong(): void;
  /** Broken; may still exist. */
  crashed(reason: string): void;
  /** Gone for certain. */
  exited(reason: string): void;
}

/** One incarnation of a child, as its supervisor holds it. All methods return at once and never throw. */
export interface Incarnation {
  /** Operating-system process of its own, where it has one. */
  readonly pid: number | undefined;
  deliver(envelope: MessageEnvelope): void;
  /** Brings a reply to an ask from inside. */
  answer(envelope: Envelope): void;
  ping(): void;
  /** Asks it to drain and end. */
  stop(): void;
  /** Ends it whatever it does: SIGKILL for a process, termination for a thread. */
  kill(): void;
}

export interface ActorHost {
  /** Has the incarnation an event loop of its own, so that it can hang while we go on? */
  isIsolated(mode: ActorMode): boolean;
  launch(order: LaunchOrder, events: IncarnationEvents): Incarnation;
  /** Gives back what the host itself holds, when all children have ended. */
  close(): void;
}
