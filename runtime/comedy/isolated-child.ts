/**
 * The inside of an isolated child, the same in a forked process and in a thread: loads the actor, builds its real ports, and
 * runs its members. Everything uncaught becomes one report of a crash; then the supervisor kills what is left.
 */
import { reasonOf } from '../actor-system/actor-error.ts';
import { ActorGroup } from '../actor-system/actor-group.ts';
import { decodeValue } from '../actor-system/value-codec.ts';
import { createRealClock } from '../clock/real.ts';
import { createSystemRandom } from '../random/system.ts';
import { type BasePorts, loadActor, loadPorts } from './actor-module.ts';
import type { ChildOrder, FromChild, ToChild } from './child-protocol.ts';

/** The way to the supervisor. */
export interface Uplink {
  report(report: FromChild): void;
  /** Ends this process or thread. */
  exit(code: number): void;
}

/** Exit code after a crash that was reported (sysexits: internal software error). */
const exit_crashed = 70;
/** The supervisor kills a crashed child as soon as it hears of it; without a supervisor we end by ourselves. */
const kill_awaited_ms = 1000;

/**
 * Prepares the child and returns the function that takes the supervisor's messages. Never rejects: what fails is
 * reported after `begin`, when the supervisor is listening.
 */
export async function prepareChild(order: ChildOrder, uplink: Uplink): Promise<(message: ToChild) => void> {
  const child = new IsolatedChild(order, uplink);
  process.on('uncaughtException', (thrown) => child.crash(reasonOf(thrown)));
  await child.load();
  return (message) => child.receive(message);
}

class IsolatedChild {
  readonly #order: ChildOrder;
  readonly #uplink: Uplink;
  readonly #base: BasePorts;
  #actor: Awaited<ReturnType<typeof loadActor>> | undefined;
  #group: ActorGroup | undefined;
  #broken: string | undefined;
  #begun = false;

  constructor(order: ChildOrder, uplink: Uplink) {
    this.#order = order;
    this.#uplink = uplink;
    this.#base = {
      node: order.node,
      clock: createRealClock(),
      random: createSystemRandom(),
      log: { write: (domain, level, message) => uplink.report({ kind: 'log', domain, level, message }) },
    };
  }

  async load(): Promise<void> {
    try {
      this.#actor = await loadActor(this.#order.moduleUrl);
    } catch (thrown) {
      this.crash(reasonOf(thrown));
    }
  }

  receive(message: ToChild): void {
    switch (message.kind) {
      case 'begin':
        this.#begun = true;
        if (this.#broken !== undefined) this.#reportCrash(this.#broken);
        else this.#begin().catch((thrown) => this.crash(reasonOf(thrown)));
        return;
      case 'message':
        this.#group?.deliver(message.envelope);
        return;
      case 'answer':
        this.#group?.answer(message.envelope);
        return;
      case 'ping':
        this.#uplink.report({ kind: 'pong' });
        return;
      case 'stop':
        this.stop();
    }
  }

  /** An orderly end: the members drain, then the process or thread exits. */
  stop(): void {
    if (this.#group === undefined) this.#uplink.exit(0);
    else this.#group.stop();
  }

  /** An error that nothing caught, or a failed start. Only the first one counts. */
  crash(reason: string): void {
    if (this.#broken !== undefined) return;
    if (this.#group !== undefined) {
      this.#group.crash(reason);
      return;
    }
    this.#broken = reason;
    if (this.#begun) this.#reportCrash(reason);
  }

  async #begin(): Promise<void> {
    const { node, portsUrl, parameters } = this.#order;
    const decoded = decodeValue(parameters);
    if (!decoded.ok) throw new Error(decoded.sentence);
    const { ports, trace } = await loadPorts(portsUrl, this.#base, decoded.value);
    if (this.#actor === undefined || this.#broken !== undefined) return;
    this.#group = new ActorGroup({
      node,
      definition: this.#actor,
      ports,
      clock: this.#base.clock,
      log: this.#base.log,
      ...(trace === undefined ? {} : { trace }),
      events: {
        started: (members) => this.#uplink.report({ kind: 'started', members }),
        handled: (member) => this.#uplink.report({ kind: 'handled', member }),
        outgoing: (envelope) => this.#uplink.report({ kind: 'outgoing', envelope }),
        pong: () => {},
        crashed: (reason) => this.#reportCrash(reason),
        exited: () => {
          if (this.#broken === undefined) this.#uplink.exit(0);
        },
      },
    });
    this.#group.start();
  }

  #reportCrash(reason: string): void {
    this.#broken = reason;
    this.#uplink.report({ kind: 'crashed', reason });
    setTimeout(() => this.#uplink.exit(exit_crashed), kill_awaited_ms);
  }
}
