/**
 * The members of one incarnation, in this thread: a single actor, or the actors of a group that share one fate. It runs
 * wherever an incarnation lives: in the supervisor's process, in a forked one, in a thread, in a simulation.
 *
 * I1 one message at a time: a member handles a message to its end before the next turn begins the next one
 * I2 after the end nothing of the incarnation runs: timers are cancelled, guarded callbacks do nothing
 * I3 a throw anywhere inside ends the whole incarnation, and is reported once
 * I4 messages are copied at every boundary between actors, also between members
 */
import type { Clock, TimerHandle } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import type { Trace } from '../trace/trace.ts';
import { type ActorError, actorError, type Reply, reasonOf } from './actor-error.ts';
import { splitAddress } from './address.ts';
import { AskTable, type EncodedReply } from './ask-table.ts';
import {
  type ActorDefinition,
  type ActorScope,
  type AskId,
  type Behaviour,
  type Hostable,
  isMessage,
  membersOf,
} from './definition.ts';
import type { Envelope, MessageEnvelope } from './envelope.ts';
import type { Incarnation, IncarnationEvents } from './host.ts';
import { UnknownMessage } from './machine-actor.ts';
import { Mailbox } from './mailbox.ts';
import { decodeValue, encodeValue } from './value-codec.ts';

export interface GroupOptions {
  readonly node: string;
  readonly definition: Hostable<unknown>;
  readonly ports: unknown;
  readonly clock: Clock;
  readonly log: Log;
  readonly trace?: Trace;
  readonly events: IncarnationEvents;
}

interface Member {
  // biome-ignore lint/suspicious/noExplicitAny: members speak different protocols
  readonly definition: ActorDefinition<unknown, any>;
  readonly mailbox: Mailbox;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  behaviour: Behaviour<any> | undefined;
  drained: boolean;
  pumping: boolean;
}

/**
 * Starts all members in order. Asks from outside keep their sender's id; asks between members are numbered below zero, so
 * that one `AskId` tells both where to pay and what.
 */
export class ActorGroup implements Incarnation {
  readonly pid = undefined;
  readonly #options: GroupOptions;
  readonly #members = new Map<string, Member>();
  readonly #asks: AskTable;
  readonly #timers = new Map<number, TimerHandle>();
  #draining: Member[] | undefined;
  #ended = false;

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#asks = new AskTable(options.clock);
    for (const definition of membersOf(options.definition)) {
      const mailbox = new Mailbox(definition.mailbox);
      this.#members.set(definition.name, { definition, mailbox, behaviour: undefined, drained: false, pumping: false });
    }
  }

  /** Starts the members; a throw is a crash, reported like any other. */
  start(): void {
    try {
      for (const member of this.#members.values()) {
        if (this.#ended) return;
        member.behaviour = member.definition.start(this.#scopeOf(member));
      }
    } catch (thrown) {
      this.#crash(reasonOf(thrown));
      return;
    }
    if (this.#ended) return;
    this.#options.events.started(
      [...this.#members.values()].map(({ definition }) => ({ name: definition.name, mailbox: definition.mailbox })),
    );
  }

  deliver(envelope: MessageEnvelope): void {
    if (this.#ended) return;
    const refusal = this.#offer(envelope, 'outside');
    if (refusal === undefined) return;
    if (envelope.ask !== 0) this.#options.events.outgoing({ kind: 'error', ask: envelope.ask, ...refusal });
  }

  answer(envelope: Envelope): void {
    if (this.#ended) return;
    if (envelope.kind === 'reply') this.#asks.reply(envelope.ask, envelope.body);
    if (envelope.kind === 'error') this.#asks.fail(envelope.ask, actorError(envelope.code, envelope.sentence));
  }

  ping(): void {
    if (!this.#ended) this.#options.events.pong();
  }

  stop(): void {
    if (this.#ended || this.#draining !== undefined) return;
    this.#draining = [...this.#members.values()].reverse();
    this.#drainNext();
  }

  kill(): void {
    this.#end('killed');
  }

  /** An error that no member caught, seen by the process or thread around it. */
  crash(reason: string): void {
    this.#crash(reason);
  }

  // ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

  readonly #outside = new WeakSet<MessageEnvelope>();

  #offer(envelope: MessageEnvelope, origin: 'outside' | 'inside'): ActorError | undefined {
    const actor = splitAddress(envelope.to)?.actor ?? '';
    const member = this.#members.get(actor);
    if (member === undefined) return actorError('no-such-actor', `there is no actor ${envelope.to}`);
    const accepted = member.mailbox.offer(envelope);
    if (origin === 'outside') this.#outside.add(envelope);
    if (accepted === 'full') {
      if (origin === 'outside') this.#options.events.handled(actor);
      return actorError('mailbox-full', `the mailbox of ${envelope.to} is full`);
    }
    if (accepted !== 'accepted') this.#dropped(accepted.dropped, actor);
    this.#pump(member);
    return undefined;
  }

  #dropped(envelope: MessageEnvelope, actor: string): void {
    if (this.#outside.has(envelope)) this.#options.events.handled(actor);
    this.#pay(envelope, { ok: false, error: actorError('mailbox-full', `dropped as the oldest for ${envelope.to}`) });
  }

  #pump(member: Member): void {
    if (member.pumping) return;
    member.pumping = true;
    nextTurn(this.#options.clock, () => {
      member.pumping = false;
      if (this.#ended) return;
      const envelope = member.mailbox.take();
      if (envelope === undefined) return;
      this.#handle(member, envelope);
      if (this.#ended) return;
      member.mailbox.handled();
      if (this.#outside.has(envelope)) this.#options.events.handled(member.definition.name);
      this.#pump(member);
    });
  }

  #handle(member: Member, envelope: MessageEnvelope): void {
    const decoded = decodeValue(envelope.body);
    const value = decoded.ok ? decoded.value : undefined;
    const { codec } = member.definition;
    const message = codec === undefined ? (isMessage(value) ? value : undefined) : codec.decode(value);
    if (message === undefined) {
      const sentence = decoded.ok ? `${envelope.to} was sent a value that is none of its messages` : decoded.sentence;
      this.#refuse(envelope, sentence);
      return;
    }
    // Asks of members are numbered below zero for the actor, asks from outside above.
    const ask = this.#outside.has(envelope) ? envelope.ask : -envelope.ask;
    this.#run(envelope.cause, () => {
      try {
        member.behaviour?.receive(message, ask);
      } catch (thrown) {
        if (!(thrown instanceof UnknownMessage)) throw thrown;
        this.#refuse(envelope, thrown.message);
      }
    });
  }

  #refuse(envelope: MessageEnvelope, sentence: string): void {
    this.#options.log.write('main', 'warning', `${sentence} (from ${envelope.from})`);
    this.#pay(envelope, { ok: false, error: actorError('refused', sentence) });
  }

  #pay(envelope: MessageEnvelope, reply: EncodedReply): void {
    if (envelope.ask !== 0) this.#payAsk(this.#outside.has(envelope) ? envelope.ask : -envelope.ask, reply);
  }

  #payAsk(ask: AskId, reply: EncodedReply): void {
    if (ask === 0 || this.#ended) return;
    if (ask < 0) {
      if (reply.ok) this.#asks.reply(-ask, reply.body);
      else this.#asks.fail(-ask, reply.error);
      return;
    }
    this.#options.events.outgoing(
      reply.ok ? { kind: 'reply', ask, body: reply.body } : { kind: 'error', ask, ...reply.error },
    );
  }

  /** Sends for a member. Inside the group at once into the mailbox; everything else goes out. */
  #send(envelope: MessageEnvelope): ActorError | undefined {
    const to = splitAddress(envelope.to);
    if (to === undefined) return actorError('no-such-actor', `"${envelope.to}" is not an address (node/actor)`);
    if (to.node === this.#options.node && this.#members.has(to.actor)) return this.#offer(envelope, 'inside');
    this.#options.events.outgoing(envelope);
    return undefined;
  }

  // ── the scope of a member ─────────────────────────────────────────────────────────────────────────────────────────

  #scopeOf(member: Member): ActorScope<unknown> {
    const { node, log, ports, trace } = this.#options;
    const self = `${node}/${member.definition.name}`;
    const cause = (): number => trace?.current ?? 0;
    return {
      node,
      self,
      ports,
      log,
      trace,
      clock: this.#guardedClock(),
      guard: (callback) => {
        const armedBy = cause();
        return (...args) => this.#run(trace === undefined ? 0 : trace.current || armedBy, () => callback(...args));
      },
      crash: (reason) => this.#crash(reason),
      finished: () => this.#finished(member),
      reply: (ask, value) => {
        const encoded = encodeValue(value);
        this.#payAsk(
          ask,
          encoded.ok ? { ok: true, body: encoded.text } : { ok: false, error: actorError('refused', encoded.sentence) },
        );
      },
      fail: (ask, sentence) => this.#payAsk(ask, { ok: false, error: actorError('remote-error', sentence) }),
      tell: (to, message) => {
        const encoded = encodeValue(message);
        if (!encoded.ok) return actorError('refused', encoded.sentence);
        if (this.#ended) return actorError('actor-crashed', `${self} has ended`);
        return this.#send({ kind: 'tell', from: self, to, body: encoded.text, ask: 0, deadline_ms: 0, cause: cause() });
      },
      ask: (to, message, deadline_ms, done) => {
        if (this.#ended) return;
        const armedBy = cause();
        const finish = (reply: EncodedReply): void => this.#run(armedBy, () => done(decodeReply(reply)));
        const ask = this.#asks.open(splitAddress(to)?.actor ?? '', to, deadline_ms, finish);
        const encoded = encodeValue(message);
        const refusal = encoded.ok
          ? this.#send({ kind: 'ask', from: self, to, body: encoded.text, ask, deadline_ms, cause: armedBy })
          : actorError('refused', encoded.sentence);
        if (refusal !== undefined) nextTurn(this.#options.clock, () => this.#asks.fail(ask, refusal));
      },
    };
  }

  /** A clock whose timers end with the incarnation and run inside it. */
  #guardedClock(): Clock {
    const { clock, trace } = this.#options;
    return {
      monotonic_ms: () => clock.monotonic_ms(),
      wall_ms: () => clock.wall_ms(),
      setTimeout: (callback, delay_ms) => {
        const armedBy = trace?.current ?? 0;
        const handle = clock.setTimeout(() => {
          this.#timers.delete(handle.id);
          this.#run(armedBy, callback);
        }, delay_ms);
        this.#timers.set(handle.id, handle);
        return handle;
      },
      clearTimeout: (handle) => {
        this.#timers.delete(handle.id);
        clock.clearTimeout(handle);
      },
    };
  }

  /** Runs a piece of a member: not after the end, in the course of `cause`, and with its throw as a crash. */
  #run(cause: number, body: () => void): void {
    if (this.#ended) return;
    try {
      if (this.#options.trace === undefined) body();
      else this.#options.trace.within(cause, body);
    } catch (thrown) {
      this.#crash(reasonOf(thrown));
    }
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #drainNext(): void {
    const member = this.#draining?.[0];
    if (member === undefined) {
      this.#end('stopped');
      return;
    }
    if (member.drained || member.behaviour?.drain === undefined) {
      this.#draining?.shift();
      this.#drainNext();
      return;
    }
    this.#run(0, () => member.behaviour?.drain?.());
  }

  #finished(member: Member): void {
    if (member.drained || this.#ended) return;
    member.drained = true;
    if (this.#draining === undefined) {
      this.#crash(`${member.definition.name} ended without being asked to`);
      return;
    }
    if (this.#draining[0] === member) nextTurn(this.#options.clock, () => this.#drainNext());
  }

  #crash(reason: string): void {
    if (this.#ended) return;
    this.#options.events.crashed(reason);
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const handle of this.#timers.values()) this.#options.clock.clearTimeout(handle);
    this.#timers.clear();
    this.#asks.clear();
    for (const member of [...this.#members.values()].reverse()) {
      member.mailbox.clear();
      try {
        member.behaviour?.stop?.();
      } catch (thrown) {
        this.#options.log.write('main', 'error', `${member.definition.name} failed to stop: ${reasonOf(thrown)}`);
      }
    }
    this.#options.events.exited(reason);
  }
}

/** Runs `callback` in a later turn, in order of the calls. */
export function nextTurn(clock: Clock, callback: () => void): void {
  clock.setTimeout(callback, 0);
}

/** The reply of an ask as a value. */
export function decodeReply<T>(reply: EncodedReply): Reply<T> {
  if (!reply.ok) return reply;
  const decoded = decodeValue(reply.body);
  if (decoded.ok) return { ok: true, value: decoded.value as T };
  return { ok: false, error: actorError('refused', decoded.sentence) };
}
