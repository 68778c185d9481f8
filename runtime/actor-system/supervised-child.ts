/**
 * One child of the supervisor: its life (a machine that is handed in), the incarnation that is alive, and the mailboxes of
 * its members on this side of the border.
 *
 * I1 messages reach one incarnation or none: the mailboxes die with it, and their asks end in `actor-crashed`
 * I2 what comes from an incarnation that is not the present one is ignored
 * I3 while the child starts, messages wait in its mailbox; while it backs off they are refused
 */
import { type AnyActor, createActor } from 'xstate';
import type { Clock, TimerHandle } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import { type ActorError, actorError } from './actor-error.ts';
import { nextTurn } from './actor-group.ts';
import type { Envelope, MessageEnvelope } from './envelope.ts';
import type { ActorHost, ActorMode, ActorSource, Incarnation, IncarnationEvents, MemberDescription } from './host.ts';
import { Mailbox, type MailboxRule } from './mailbox.ts';
import type { ChildBounds, ChildState, ChildStatus, Supervision } from './supervision.ts';

export interface SupervisedChildOptions {
  readonly name: string;
  /** Name of the actor or group inside; another one only where the child is one of a cluster. */
  readonly actor: string;
  readonly node: string;
  readonly mode: ActorMode;
  readonly source: ActorSource;
  readonly bounds: ChildBounds;
  readonly host: ActorHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly supervision: Supervision;
  /** A message, reply or error from inside. */
  readonly outgoing: (child: SupervisedChild, envelope: Envelope) => void;
  /** The members are known now, or anew. */
  readonly described: (members: readonly string[]) => void;
  /** An ask that will not be answered any more. */
  readonly undelivered: (envelope: MessageEnvelope, error: ActorError) => void;
  /** The incarnation is gone: whoever still waits for it should not. */
  readonly lost: (child: SupervisedChild, error: ActorError) => void;
  readonly changed: (child: SupervisedChild, state: ChildState) => void;
  readonly escalate: (child: SupervisedChild, reason: string) => void;
}

/** The events that the life machine must know. */
type LifeEvent = { readonly type: string; readonly [field: string]: string | number };

/** Before the first start the members' own rules are not known on this side. */
const rule_before_start: MailboxRule = { capacity: 64, whenFull: 'refuse' };

export class SupervisedChild {
  readonly name: string;
  readonly #options: SupervisedChildOptions;
  readonly #life: AnyActor;
  readonly #timers = new Map<string, TimerHandle>();
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #pumping = new Set<string>();
  #incarnation: Incarnation | undefined;
  #launches = 0;
  #lastEnd = '';
  #lastSign_ms = 0;

  constructor(options: SupervisedChildOptions) {
    this.name = options.name;
    this.#options = options;
    this.#mailboxes.set(options.actor, new Mailbox(rule_before_start));
    const { bounds, host, supervision } = options;
    this.#life = createActor(
      supervision.life.provide({
        actions: {
          launch: () => this.#launch(),
          askToStop: () => this.#incarnation?.stop(),
          kill: () => this.#incarnation?.kill(),
          ping: () => this.#incarnation?.ping(),
          arm: (_: unknown, params: unknown) => this.#arm(params as { timer: string; delay_ms: number | null }),
          disarm: (_: unknown, params: unknown) => this.#disarm((params as { timer: string }).timer),
          askRestart: (_: unknown, params: unknown) => this.#askRestart((params as { reason: string }).reason),
          escalate: (_: unknown, params: unknown) => options.escalate(this, (params as { reason: string }).reason),
        },
      }),
      {
        id: options.name,
        input: {
          start_timeout_ms: bounds.start_timeout_ms,
          shutdown_ms: bounds.shutdown_ms,
          kill_timeout_ms: bounds.kill_timeout_ms,
          heartbeat: host.isIsolated(options.mode) ? bounds.heartbeat : null,
        },
      },
    );
    let last: ChildState = 'stopped';
    this.#life.subscribe((snapshot) => {
      const state = (snapshot as { value: ChildState }).value;
      if (state === last) return;
      last = state;
      options.changed(this, state);
    });
    this.#life.start();
  }

  get state(): ChildState {
    return (this.#life.getSnapshot() as { value: ChildState }).value;
  }

  start(): void {
    this.#tellLife({ type: 'start' });
  }

  stop(): void {
    this.#tellLife({ type: 'stop' });
  }

  status(): ChildStatus {
    return {
      name: this.name,
      mode: this.#options.mode,
      state: this.state,
      restarts: Math.max(0, this.#launches - 1),
      pid: this.#incarnation?.pid,
      mailboxes: Object.fromEntries([...this.#mailboxes].map(([member, mailbox]) => [member, mailbox.depth])),
      lastEnd: this.#lastEnd,
      silent_ms: this.state === 'running' ? this.#options.clock.monotonic_ms() - this.#lastSign_ms : undefined,
    };
  }

  /** Takes a message for a member, or says why not. */
  offer(member: string, envelope: MessageEnvelope): ActorError | undefined {
    const mailbox = this.#mailboxes.get(member);
    if (mailbox === undefined) return actorError('no-such-actor', `there is no actor ${envelope.to}`);
    const { state } = this;
    if (state === 'stopped' || state === 'draining' || state === 'killing') {
      return actorError('no-such-actor', `${envelope.to} is stopped`);
    }
    if (state !== 'running' && state !== 'starting') {
      return actorError('actor-crashed', `${envelope.to} crashed and is not back yet: ${this.#lastEnd}`);
    }
    const refusal = this.#keep(mailbox, envelope);
    if (refusal === undefined) this.#pump(member, mailbox);
    return refusal;
  }

  /** Puts it into the mailbox by the mailbox's rule. */
  #keep(mailbox: Mailbox | undefined, envelope: MessageEnvelope): ActorError | undefined {
    if (mailbox === undefined) return actorError('no-such-actor', `there is no actor ${envelope.to}`);
    const accepted = mailbox.offer(envelope);
    if (accepted === 'full') return actorError('mailbox-full', `the mailbox of ${envelope.to} is full`);
    if (accepted === 'accepted') return undefined;
    const { dropped } = accepted;
    this.#options.undelivered(dropped, actorError('mailbox-full', `dropped as the oldest for ${dropped.to}`));
    return undefined;
  }

  /** Brings the reply of an ask that came from inside. */
  answer(launch: number, envelope: Envelope): void {
    if (launch === this.#launches) this.#incarnation?.answer(envelope);
  }

  /** Number of the present incarnation, for replies that must not reach the next one. */
  get launch(): number {
    return this.#launches;
  }

  /** Hands over in a later turn, so that a flood within one turn meets the same bound in every mode. */
  #pump(member: string, mailbox: Mailbox): void {
    if (this.#pumping.has(member)) return;
    this.#pumping.add(member);
    nextTurn(this.#options.clock, () => {
      this.#pumping.delete(member);
      if (this.state !== 'running') return;
      for (let next = mailbox.take(); next !== undefined; next = mailbox.take()) this.#incarnation?.deliver(next);
    });
  }

  #launch(): void {
    this.#launches += 1;
    const launch = this.#launches;
    const { name, node, mode, source, host } = this.#options;
    let broken = false;
    const present = (): boolean => launch === this.#launches;
    const events: IncarnationEvents = {
      started: (members) => {
        if (!present()) return;
        this.#noteSign();
        this.#describe(members);
        this.#tellLife({ type: 'started' });
        for (const [member, mailbox] of this.#mailboxes) this.#pump(member, mailbox);
      },
      handled: (member) => {
        if (!present()) return;
        const mailbox = this.#mailboxes.get(member);
        if (mailbox === undefined) return;
        mailbox.handled();
        this.#pump(member, mailbox);
      },
      outgoing: (envelope) => {
        if (present()) this.#options.outgoing(this, envelope);
      },
      pong: () => {
        if (!present()) return;
        this.#noteSign();
        this.#tellLife({ type: 'pong' });
      },
      crashed: (reason) => {
        if (!present()) return;
        broken = true;
        this.#end(reason);
        this.#tellLife({ type: 'crashed', reason });
      },
      exited: (reason) => {
        if (!present()) return;
        if (!broken) this.#end(reason);
        this.#incarnation = undefined;
        this.#tellLife({ type: 'exited', reason });
      },
    };
    this.#incarnation = host.launch({ name, node, mode, source }, events);
  }

  /** Mailboxes of the members as they are now; messages that waited for the first start are kept. */
  #describe(members: readonly MemberDescription[]): void {
    const known = new Map(members.map(({ name, mailbox }) => [name, new Mailbox(mailbox)]));
    for (const [name, before] of this.#mailboxes) {
      for (const envelope of before.clear()) {
        const refusal = this.#keep(known.get(name), envelope);
        if (refusal !== undefined) this.#options.undelivered(envelope, refusal);
      }
    }
    this.#mailboxes.clear();
    for (const [name, mailbox] of known) this.#mailboxes.set(name, mailbox);
    this.#options.described(members.map((member) => member.name));
  }

  /** Empties the mailboxes; who waits for this incarnation is told. */
  #end(reason: string): void {
    this.#lastEnd = reason;
    const error = actorError('actor-crashed', `${this.#options.node}/${this.name} ended: ${reason}`);
    for (const mailbox of this.#mailboxes.values()) {
      for (const envelope of mailbox.clear()) this.#options.undelivered(envelope, error);
    }
    this.#options.lost(this, error);
  }

  #noteSign(): void {
    this.#lastSign_ms = this.#options.clock.monotonic_ms();
  }

  #tellLife(event: LifeEvent): void {
    this.#life.send(event);
  }

  #askRestart(reason: string): void {
    this.#lastEnd = reason;
    const { supervision, clock, bounds, log } = this.#options;
    const answer = supervision.restarts.ask(this.name, clock.monotonic_ms(), bounds.backOff, reason);
    if (!answer.allowed) {
      this.#tellLife({ type: 'restart-refused', reason: `${this.name}: ${answer.reason}` });
      return;
    }
    log.write('main', 'warning', `${this.name} ended (${reason}), restart in ${answer.delay_ms} ms`);
    this.#tellLife({ type: 'restart-allowed', delay_ms: answer.delay_ms });
  }

  #arm({ timer, delay_ms }: { timer: string; delay_ms: number | null }): void {
    this.#disarm(timer);
    if (delay_ms === null) return;
    const { clock } = this.#options;
    const due_ms = clock.monotonic_ms() + delay_ms;
    const handle = clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#tellLife({ type: 'timer', timer, late_ms: clock.monotonic_ms() - due_ms });
    }, delay_ms);
    this.#timers.set(timer, handle);
  }

  #disarm(timer: string): void {
    const handle = this.#timers.get(timer);
    if (handle === undefined) return;
    this.#timers.delete(timer);
    this.#options.clock.clearTimeout(handle);
  }
}
