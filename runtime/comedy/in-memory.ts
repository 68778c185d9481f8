/** An incarnation beside its supervisor: a comedy actor in memory that holds the members. */
import type { ActorProxy } from 'comedy';
import { reasonOf } from '../actor-system/actor-error.ts';
import { ActorGroup } from '../actor-system/actor-group.ts';
import type { Envelope, MessageEnvelope } from '../actor-system/envelope.ts';
import type { Incarnation, IncarnationEvents, LaunchOrder } from '../actor-system/host.ts';
import { type BasePorts, loadActor, loadPorts, moduleUrl } from './actor-module.ts';
import type { ComedySystem } from './comedy-system.ts';

export class InMemoryIncarnation implements Incarnation {
  readonly pid = undefined;
  readonly #events: IncarnationEvents;
  #actor: ActorProxy | undefined;
  #group: ActorGroup | undefined;
  #ended = false;

  constructor(comedy: Promise<ComedySystem>, order: LaunchOrder, base: BasePorts, events: IncarnationEvents) {
    this.#events = events;
    this.#start(comedy, order, base).catch((thrown) => {
      if (this.#ended) return;
      events.crashed(reasonOf(thrown));
      this.kill();
    });
  }

  deliver(envelope: MessageEnvelope): void {
    this.#actor?.send('deliver', envelope).catch(() => {});
  }

  answer(envelope: Envelope): void {
    this.#group?.answer(envelope);
  }

  ping(): void {
    this.#group?.ping();
  }

  stop(): void {
    if (this.#group === undefined) this.kill();
    else this.#group.stop();
  }

  kill(): void {
    if (this.#group === undefined) this.#end('killed');
    else this.#group.kill();
  }

  async #start(comedy: Promise<ComedySystem>, order: LaunchOrder, base: BasePorts): Promise<void> {
    const { source } = order;
    const byModule = 'module' in source;
    const definition = byModule ? await loadActor(moduleUrl(source.module)) : source.definition;
    const portsUrl = byModule && source.portsModule !== undefined ? moduleUrl(source.portsModule) : '';
    const { ports, trace } = byModule
      ? await loadPorts(portsUrl, base, source.parameters)
      : { ports: source.ports, trace: undefined };
    const { system, root } = await comedy;
    if (this.#ended) return;
    const group = new ActorGroup({
      node: order.node,
      definition,
      ports,
      clock: base.clock,
      log: base.log,
      ...(trace === undefined ? {} : { trace }),
      events: { ...this.#events, exited: (reason) => this.#end(reason) },
    });
    const behaviour = { deliver: (envelope: MessageEnvelope) => group.deliver(envelope) };
    this.#actor = await system.createActor(behaviour, root, { mode: 'in-memory', name: order.name });
    await this.#actor.initialize();
    if (this.#ended) {
      this.#actor.destroy().catch(() => {});
      return;
    }
    this.#group = group;
    group.start();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#actor?.destroy().catch(() => {});
    this.#events.exited(reason);
  }
}
