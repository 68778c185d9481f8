/**
 * What an actor is: a name, a mailbox rule, and a behaviour made anew for every incarnation. A definition is the same
 * value on every host; only the ports differ.
 *
 * Most actors host one machine: `defineActor` (see `machine-actor.ts`). Infrastructure without decisions is written
 * as a plain behaviour: `defineBehaviour`. Actors that share one fate are members of a group: `defineGroup`; they live
 * in one process, start in the order given, drain in the reverse order, and a crash of one is a crash of all.
 */
import type { Clock } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import type { Trace } from '../trace/trace.ts';
import type { ActorError, Reply } from './actor-error.ts';
import type { Address, AskOf, AskType, MessageOf, Protocol, ReplyOf } from './address.ts';
import type { MailboxRule } from './mailbox.ts';

/** The debt of one reply: a number, so that a machine can keep it in its context. 0 where nobody asked. */
export type AskId = number;

/** Sending, typed by the protocol of the address. */
export interface Messenger {
  /** At most once, in order per pair. Returns why the message was not accepted, as far as known at once. */
  tell<P extends Protocol>(to: Address<P>, message: MessageOf<P>): ActorError | undefined;
  /** `done` is called exactly once, never from inside this call, unless the asker's own incarnation ends first. */
  ask<P extends Protocol, T extends AskType<P>>(
    to: Address<P>,
    message: AskOf<P, T>,
    deadline_ms: number,
    done: (reply: Reply<ReplyOf<P, T>>) => void,
  ): void;
}

/** What one incarnation of an actor may use. Everything here is dead when the incarnation has ended. */
export interface ActorScope<Ports> extends Messenger {
  readonly node: string;
  readonly self: string;
  readonly ports: Ports;
  /** Timers armed here end with the incarnation, and a throw in one is a crash of the actor. */
  readonly clock: Clock;
  readonly log: Log;
  readonly trace: Trace | undefined;
  /** Pays the debt of an ask; a second payment, and one of 0, is ignored. */
  reply(ask: AskId, value: unknown): void;
  /** Pays it with an error of the actor's own (`remote-error`). */
  fail(ask: AskId, sentence: string): void;
  /** Wraps a callback that a port will call: it does nothing after the end, and its throw is a crash of the actor. */
  guard<A extends readonly unknown[]>(callback: (...args: A) => void): (...args: A) => void;
  /** A broken invariant: ends the incarnation. */
  crash(reason: string): void;
  /** Says that a drain is over. */
  finished(): void;
}

/** One incarnation of an actor. */
export interface Behaviour<P extends Protocol> {
  /** Handles one message, synchronously. A throw is a crash. */
  receive(message: MessageOf<P>, ask: AskId): void;
  /** Asked to end: calls `scope.finished()` when done. Without it the actor ends at once. */
  drain?(): void;
  /** Releases what it holds; called once at an orderly end, and after a crash that leaves the process alive. */
  stop?(): void;
}

/** Turns the value that was received into a message of the protocol, or undefined where it is none. */
export interface MessageCodec<P extends Protocol> {
  decode(value: unknown): MessageOf<P> | undefined;
}

export interface ActorDefinition<Ports, P extends Protocol = Protocol> {
  readonly name: string;
  readonly mailbox: MailboxRule;
  readonly codec?: MessageCodec<P>;
  /** The machine that it hosts, for drawing and exploring. */
  readonly machine?: unknown;
  start(scope: ActorScope<Ports>): Behaviour<P>;
}

export interface GroupDefinition<Ports> {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the members speak different protocols, and a group calls none of them
  readonly members: readonly ActorDefinition<Ports, any>[];
}

// biome-ignore lint/suspicious/noExplicitAny: as above
export type Hostable<Ports> = ActorDefinition<Ports, any> | GroupDefinition<Ports>;

/** An actor without a machine. */
export function defineBehaviour<Ports, P extends Protocol>(): (
  definition: ActorDefinition<Ports, P>,
) => ActorDefinition<Ports, P> {
  return (definition) => definition;
}

/** Actors of one fate in one process. Members are reached by their own names. */
export function defineGroup<Ports>(definition: GroupDefinition<Ports>): GroupDefinition<Ports> {
  return definition;
}

/** The members of anything that can be hosted: a group's, or the actor itself. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function membersOf<Ports>(hostable: Hostable<Ports>): readonly ActorDefinition<Ports, any>[] {
  return 'members' in hostable ? hostable.members : [hostable];
}

/** The rule for messages where a definition brings none: an object with a text `type`. */
export function isMessage(value: unknown): value is { readonly type: string } {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}
