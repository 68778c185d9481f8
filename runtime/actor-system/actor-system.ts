/**
 * The actor system of one node: it routes messages, keeps the asks of its own, and supervises its children
 * (one_for_one; when more restarts are needed than the intensity allows, it has itself failed and says so upwards).
 * It knows nothing of processes: a host carries the incarnations, and the same system runs in a simulation.
 *
 * I1 an ask that was accepted ends exactly once, by reply, error, deadline or crash
 * I2 messages of one sender to one actor are handed over in the order they were sent
 * I3 children start in the order they were added and stop one after another in the reverse order
 * I4 nothing leaves for another node but through `remote`
 */
import type { Clock } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import type { Trace } from '../trace/trace.ts';
import { type ActorError, actorError } from './actor-error.ts';
import { decodeReply, nextTurn } from './actor-group.ts';
import { splitAddress } from './address.ts';
import { AskTable, type EncodedReply } from './ask-table.ts';
import type { Messenger } from './definition.ts';
import type { Envelope, MessageEnvelope } from './envelope.ts';
import type { ActorHost } from './host.ts';
import { SupervisedChild } from './supervised-child.ts';
import { type ChildSpec, type ChildState, type ChildStatus, defaultBounds, type Supervision } from './supervision.ts';
import { encodeValue } from './value-codec.ts';

/** The way to other nodes; the cluster layer carries it, authenticated and sealed. */
export interface Remote {
  /** Sends an envelope to the actor system of `node`, or says why there is no way. */
  send(node: string, envelope: Envelope): ActorError | undefined;
}

const noRemote: Remote = {
  send: (node) => actorError('refused', `no route to node ${node}`),
};

export interface ActorSystemOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: ActorHost;
  readonly supervision: Supervision;
  readonly remote?: Remote;
  readonly trace?: Trace;
  /** The supervisor has failed: all children have been stopped, and whoever started the system should end too. */
  readonly onFailure: (reason: string) => void;
  /** Every change in a child's life. */
  readonly onChildState?: (child: string, state: ChildState) => void;
}

/** Where an actor sits: the child that holds it, and its name in there. */
interface Seat {
  readonly child: SupervisedChild;
  readonly member: string;
}

export class ActorSystem implements Messenger {
  readonly node: string;
  readonly #options: ActorSystemOptions;
  readonly #remote: Remote;
  readonly #asks: AskTable;
  /** In the order of starting. */
  readonly #children: SupervisedChild[] = [];
  /** Every actor that can be reached on this node. */
  readonly #actors = new Map<string, Seat>();
  readonly #clusters = new Map<string, { readonly children: SupervisedChild[]; next: number }>();
  /** Callers of `stopChild` and `startChild`. */
  #awaited: {
    readonly child: SupervisedChild;
    readonly isReached: (state: ChildState) => boolean;
    readonly done: (failure: string | undefined) => void;
  }[] = [];
  #started: ((failure: string | undefined) => void) | undefined;
  #stopping: { readonly left: SupervisedChild[]; readonly done: (() => void)[] } | undefined;
  #stopped = false;
  #failure: string | undefined;

  constructor(options: ActorSystemOptions) {
    this.node = options.node;
    this.#options = options;
    this.#remote = options.remote ?? noRemote;
    this.#asks = new AskTable(options.clock);
  }

  /** Adds a child; it is started by `start`, or at once where the system runs already. */
  add(spec: ChildSpec): void {
    const size = spec.clusterSize ?? 1;
    if (size === 1) {
      const child = this.#addOne(spec, spec.name, (members) => {
        for (const member of members) this.#actors.set(member, { child, member });
      });
      return;
    }
    const children = Array.from({ length: size }, (_, at) => this.#addOne(spec, `${spec.name}#${at + 1}`, () => {}));
    this.#clusters.set(spec.name, { children, next: 0 });
  }

  /** Starts all children. `done` hears that all run, or why the system failed before that. */
  start(done: (failure: string | undefined) => void): void {
    this.#started = done;
    for (const child of this.#children) child.start();
    this.#checkStarted();
  }

  /** Stops the children in reverse order: each may drain for its bound, then it is killed. Never fails. */
  stop(done: () => void): void {
    if (this.#stopped) {
      nextTurn(this.#options.clock, done);
      return;
    }
    if (this.#stopping !== undefined) {
      this.#stopping.done.push(done);
      return;
    }
    this.#stopping = { left: [...this.#children].reverse(), done: [done] };
    this.#stopNext();
  }

  /** Stops one child; `done` hears that it has ended, or why there is nothing to stop. */
  stopChild(name: string, done: (failure: string | undefined) => void): void {
    const child = this.#named(name, done);
    if (child === undefined) return;
    this.#awaited.push({ child, isReached: isOver, done });
    child.stop();
    this.#tellAwaited(child);
  }

  /** Starts a child that was stopped; `done` hears that it runs, or why it has failed. */
  startChild(name: string, done: (failure: string | undefined) => void): void {
    const child = this.#named(name, done);
    if (child === undefined) return;
    this.#awaited.push({
      child,
      isReached: (state) => state === 'running' || isOver(state),
      done: (failure) => done(child.state === 'stopped' ? `${name} was stopped before it ran` : failure),
    });
    child.start();
    this.#tellAwaited(child);
  }

  #named(name: string, done: (failure: string) => void): SupervisedChild | undefined {
    const child = this.#children.find((candidate) => candidate.name === name);
    if (child === undefined) nextTurn(this.#options.clock, () => done(`there is no actor ${name}`));
    return child;
  }

  #tellAwaited(child: SupervisedChild): void {
    const reached = this.#awaited.filter((wait) => wait.child === child && wait.isReached(child.state));
    this.#awaited = this.#awaited.filter((wait) => !reached.includes(wait));
    const failure = child.state === 'failed' ? child.status().lastEnd : undefined;
    for (const { done } of reached) nextTurn(this.#options.clock, () => done(failure));
  }

  status(): readonly ChildStatus[] {
    return this.#children.map((child) => child.status());
  }

  tell: Messenger['tell'] = (to, message) => {
    const encoded = encodeValue(message);
    if (!encoded.ok) return actorError('refused', encoded.sentence);
    return this.#route({
      kind: 'tell',
      from: `${this.node}/`,
      to,
      body: encoded.text,
      ask: 0,
      deadline_ms: 0,
      cause: this.#options.trace?.current ?? 0,
    });
  };

  ask: Messenger['ask'] = (to, message, deadline_ms, done) => {
    const encoded = encodeValue(message);
    if (!encoded.ok) {
      nextTurn(this.#options.clock, () => done({ ok: false, error: actorError('refused', encoded.sentence) }));
      return;
    }
    const from = `${this.node}/`;
    this.#ask({ from, to, body: encoded.text, deadline_ms, cause: this.#options.trace?.current ?? 0 }, (reply) =>
      done(decodeReply(reply)),
    );
  };

  /** Takes what the system of another node sent by its `Remote`. The carrier answers for `fromNode` being true. */
  receiveRemote(fromNode: string, envelope: Envelope): void {
    switch (envelope.kind) {
      case 'reply':
        this.#asks.reply(envelope.ask, envelope.body);
        return;
      case 'error':
        this.#asks.fail(envelope.ask, actorError(envelope.code, envelope.sentence));
        return;
      case 'tell':
        this.#routeHere(envelope);
        return;
      case 'ask':
        this.#askHere(envelope, (reply) => {
          this.#remote.send(fromNode, answerOf(envelope.ask, reply));
        });
    }
  }

  // ── routing ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #ask(
    ask: Pick<MessageEnvelope, 'from' | 'to' | 'body' | 'deadline_ms' | 'cause'>,
    done: (reply: EncodedReply) => void,
  ): void {
    const to = splitAddress(ask.to);
    const seat = to?.node === this.node ? this.#seatOf(to.actor) : undefined;
    const id = this.#asks.open(seat?.child.name ?? '', ask.to, ask.deadline_ms, done);
    const refusal = this.#route({ kind: 'ask', ...ask, ask: id }, seat);
    if (refusal !== undefined) nextTurn(this.#options.clock, () => this.#asks.fail(id, refusal));
  }

  #route(envelope: MessageEnvelope, known?: Seat): ActorError | undefined {
    const to = splitAddress(envelope.to);
    if (to === undefined) return actorError('no-such-actor', `"${envelope.to}" is not an address (node/actor)`);
    if (to.node !== this.node) return this.#remote.send(to.node, envelope);
    return this.#routeHere(envelope, known);
  }

  #routeHere(envelope: MessageEnvelope, known?: Seat): ActorError | undefined {
    const actor = splitAddress(envelope.to)?.actor ?? '';
    const seat = known ?? this.#seatOf(actor);
    if (seat === undefined) return actorError('no-such-actor', `there is no actor ${envelope.to}`);
    const { child, member } = seat;
    return child.offer(member, actor === member ? envelope : { ...envelope, to: `${this.node}/${member}` });
  }

  /** Where the actor sits; of a cluster the next child that runs. */
  #seatOf(actor: string): Seat | undefined {
    const cluster = this.#clusters.get(actor);
    if (cluster === undefined) return this.#actors.get(actor);
    const { children, next } = cluster;
    cluster.next = (next + 1) % children.length;
    const inTurn = [...children.slice(next), ...children.slice(0, next)];
    const child = inTurn.find(({ state }) => state === 'running') ?? inTurn[0];
    return child === undefined ? undefined : { child, member: actor };
  }

  /** An ask on behalf of somebody elsewhere: of a child's actor, or of another node. */
  #askHere(envelope: MessageEnvelope, done: (reply: EncodedReply) => void): void {
    const { from, to, body, deadline_ms, cause } = envelope;
    this.#ask({ from, to, body, deadline_ms, cause }, done);
  }

  #outgoing(child: SupervisedChild, envelope: Envelope): void {
    switch (envelope.kind) {
      case 'reply':
        this.#asks.reply(envelope.ask, envelope.body);
        return;
      case 'error':
        this.#asks.fail(envelope.ask, actorError(envelope.code, envelope.sentence));
        return;
      case 'tell':
        this.#route(envelope);
        return;
      case 'ask': {
        const { launch } = child;
        this.#askHere(envelope, (reply) => child.answer(launch, answerOf(envelope.ask, reply)));
      }
    }
  }

  // ── supervision ───────────────────────────────────────────────────────────────────────────────────────────────────

  #addOne(spec: ChildSpec, name: string, described: (members: readonly string[]) => void): SupervisedChild {
    const { clock, log, host, supervision } = this.#options;
    const child = new SupervisedChild({
      name,
      actor: spec.name,
      node: this.node,
      mode: spec.mode,
      source: spec.source,
      bounds: { ...defaultBounds, ...spec.bounds },
      host,
      clock,
      log,
      supervision,
      outgoing: (from, envelope) => this.#outgoing(from, envelope),
      described,
      undelivered: (envelope, error) => {
        if (envelope.ask !== 0) this.#asks.fail(envelope.ask, error);
      },
      lost: (of, error) => this.#asks.failAllOf(of.name, error),
      changed: (of, state) => this.#childChanged(of, state),
      escalate: (of, reason) => this.#fail(`${of.name} failed: ${reason}`),
    });
    this.#children.push(child);
    this.#actors.set(name, { child, member: spec.name });
    if (this.#started !== undefined) child.start();
    return child;
  }

  #childChanged(child: SupervisedChild, state: ChildState): void {
    this.#options.onChildState?.(child.name, state);
    this.#tellAwaited(child);
    this.#checkStarted();
    if (this.#stopping?.left[0] === child && isOver(state)) nextTurn(this.#options.clock, () => this.#stopNext());
  }

  #checkStarted(): void {
    if (this.#started === undefined || this.#failure !== undefined) return;
    if (this.#children.every((child) => child.state === 'running')) this.#answerStart(undefined);
  }

  /** Answers the `start`, once. */
  #answerStart(failure: string | undefined): void {
    const started = this.#started;
    if (started === undefined) return;
    this.#started = () => {};
    started(failure);
  }

  #stopNext(): void {
    const stopping = this.#stopping;
    if (stopping === undefined || this.#stopped) return;
    for (let child = stopping.left[0]; child !== undefined; child = stopping.left[0]) {
      child.stop();
      if (!isOver(child.state)) return;
      stopping.left.shift();
    }
    this.#asks.failAllOf('', actorError('refused', `the actor system of ${this.node} has stopped`));
    this.#options.host.close();
    this.#stopped = true;
    this.#answerStart('it was stopped before all children ran');
    for (const done of stopping.done) done();
  }

  /** The supervisor's own failure: stops what is left, then tells whoever started it. */
  #fail(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#options.log.write('main', 'crit', `supervisor failed - ${reason}`);
    // In a later turn: we are inside the life of the child that failed.
    nextTurn(this.#options.clock, () => {
      this.#answerStart(reason);
      if (this.#stopping !== undefined) return;
      this.stop(() => this.#options.onFailure(reason));
    });
  }
}

function isOver(state: ChildState): boolean {
  return state === 'stopped' || state === 'failed';
}

function answerOf(ask: number, reply: EncodedReply): Envelope {
  return reply.ok ? { kind: 'reply', ask, body: reply.body } : { kind: 'error', ask, ...reply.error };
}
