/**
 * Actors that host one machine. This is the only file that creates, clocks and inspects xstate actors (their restore
 * and inspection interfaces will change with xstate 6).
 *
 * The machine takes messages and the results of its effects as events; it never awaits. Its delays run on the scope's
 * clock. An action or guard that throws is a crash of the actor: xstate reports it to our observer, not to the process.
 * An event that the machine doesn't know is refused as a value, never dropped in silence.
 */
import {
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type EventObject,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';
import type { Clock, TimerHandle } from '../clock/clock.ts';
import { machineSteps, tracedSteps } from '../trace/machine-steps.ts';
import { reasonOf } from './actor-error.ts';
import type { MessageOf, Protocol } from './address.ts';
import type { ActorDefinition, ActorScope, AskId, Behaviour, MessageCodec } from './definition.ts';
import type { MailboxRule } from './mailbox.ts';

type ActionsOf<M extends AnyStateMachine> = NonNullable<NonNullable<Parameters<M['provide']>[0]>['actions']>;

/** What the effects of a machine may use. */
export interface MachineScope<Ports, M extends AnyStateMachine> extends ActorScope<Ports> {
  /** Gives the machine an event at once; inside an action it is queued behind the running transition. */
  send(event: EventFromLogic<M>): void;
  snapshot(): SnapshotFrom<M>;
}

export interface MachineActor<Ports, P extends Protocol, M extends AnyStateMachine, C> {
  readonly name: string;
  readonly machine: M;
  readonly mailbox: MailboxRule;
  readonly codec?: MessageCodec<P>;
  /** The plain core that belongs to this actor; made anew with every incarnation. */
  readonly core?: (scope: MachineScope<Ports, M>) => C;
  /** The machine's actions by name, each a few calls on ports. Results come back by `scope.send`. */
  effects(scope: MachineScope<Ports, M>, core: C): ActionsOf<M>;
  input?(scope: MachineScope<Ports, M>): InputFrom<M>;
  /** The event of a message; undefined where the core has handled it. Default: the message with `ask` added. */
  receive?(message: MessageOf<P>, ask: AskId, scope: MachineScope<Ports, M>, core: C): EventFromLogic<M> | undefined;
  /** Asks the machine to end; it ends by reaching a final state. Without it the actor ends at once. */
  readonly drainEvent?: EventFromLogic<M>;
  stop?(core: C): void;
}

/** An actor that hosts a machine: `defineActor<Ports, Protocol>()({ name, machine, effects, mailbox, … })`. */
export function defineActor<Ports, P extends Protocol>() {
  return <M extends AnyStateMachine, C = undefined>(
    actor: MachineActor<Ports, P, M, C>,
  ): ActorDefinition<Ports, P> => ({
    name: actor.name,
    mailbox: actor.mailbox,
    machine: actor.machine,
    ...(actor.codec === undefined ? {} : { codec: actor.codec }),
    start: (scope) => startMachine(actor, scope),
  });
}

function startMachine<Ports, P extends Protocol, M extends AnyStateMachine, C>(
  actor: MachineActor<Ports, P, M, C>,
  scope: ActorScope<Ports>,
): Behaviour<P> {
  const machineScope: MachineScope<Ports, M> = {
    ...scope,
    send: scope.guard((event) => running.send(event)),
    snapshot: () => running.getSnapshot() as SnapshotFrom<M>,
  };
  const core = actor.core === undefined ? (undefined as C) : actor.core(machineScope);
  const provided = actor.machine.provide({ actions: actor.effects(machineScope, core) });
  const record = { node: scope.node, actor: actor.name, machine: actor.name };
  const inspect = scope.trace === undefined ? undefined : machineSteps(tracedSteps(scope.trace, record));
  const running = createActor(provided, {
    id: actor.name,
    clock: xstateClock(scope.clock),
    input: actor.input?.(machineScope),
    ...(inspect === undefined ? {} : { inspect }),
  });
  running.subscribe({
    error: (thrown) => scope.crash(reasonOf(thrown)),
    complete: () => scope.finished(),
  });
  running.start();

  const known = new Set<string>(provided.events);
  const receive = (message: MessageOf<P>, ask: AskId): void => {
    const event = actor.receive === undefined ? { ...message, ask } : actor.receive(message, ask, machineScope, core);
    if (event === undefined) return;
    const { type } = event as EventObject;
    if (!known.has(type) && !known.has('*')) throw new UnknownMessage(actor.name, type);
    running.send(event as EventFromLogic<M>);
  };
  const { drainEvent } = actor;
  return {
    receive,
    ...(drainEvent === undefined ? {} : { drain: () => running.send(drainEvent) }),
    stop: () => {
      running.stop();
      actor.stop?.(core);
    },
  };
}

/** Thrown by a behaviour for a message that it doesn't take; the space turns it into a `refused`. */
export class UnknownMessage extends Error {
  constructor(actor: string, type: string) {
    super(`${actor} does not take the message "${type}"`);
  }
}

/** The scope's clock in xstate's form. Handles are opaque to xstate. */
export function xstateClock(clock: Clock): {
  setTimeout(callback: () => void, delay_ms: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
} {
  return {
    setTimeout: (callback, delay_ms) => clock.setTimeout(callback, delay_ms),
    clearTimeout: (handle) => {
      if (handle !== undefined) clock.clearTimeout(handle);
    },
  };
}
