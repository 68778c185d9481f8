/**
 * The host of real nodes: comedy for actors in memory and in forked processes, our own Workers for threads.
 * Modules in, ports built where the actor lives; reports of all isolated children arrive here and are told apart by the
 * number of their launch.
 */
import type { BasePorts } from '../comedy/actor-module.ts';
import { moduleUrl } from '../comedy/actor-module.ts';
import type { ChildOrder, FromChild, Report } from '../comedy/child-protocol.ts';
import { type ComedySystem, startComedy } from '../comedy/comedy-system.ts';
import { ForkedIncarnation } from '../comedy/forked.ts';
import { InMemoryIncarnation } from '../comedy/in-memory.ts';
import { ThreadedIncarnation } from '../comedy/threaded.ts';
import { reasonOf } from './actor-error.ts';
import type { ActorHost, Incarnation, IncarnationEvents, LaunchOrder } from './host.ts';
import { encodeValue } from './value-codec.ts';

/** Creates the host. comedy starts with the first launch; its failure is then a crash of the child. */
export function createComedyHost(base: BasePorts): ActorHost {
  return new ComedyHost(base);
}

class ComedyHost implements ActorHost {
  readonly #base: BasePorts;
  readonly #living = new Map<number, { readonly name: string; readonly events: IncarnationEvents }>();
  readonly #processes = new Set<Incarnation>();
  #comedy: Promise<ComedySystem> | undefined;
  #launches = 0;
  readonly #killAll = (): void => {
    for (const incarnation of this.#processes) incarnation.kill();
  };

  constructor(base: BasePorts) {
    this.#base = base;
    // However this process ends, its children end with it.
    process.on('exit', this.#killAll);
  }

  isIsolated(mode: LaunchOrder['mode']): boolean {
    return mode !== 'in-memory';
  }

  launch(order: LaunchOrder, events: IncarnationEvents): Incarnation {
    const { mode } = order;
    this.#launches += 1;
    const launch = this.#launches;
    const watched: IncarnationEvents = {
      ...events,
      exited: (reason) => {
        this.#living.delete(launch);
        this.#processes.delete(incarnation);
        events.exited(reason);
      },
    };
    const incarnation = mode === 'in-memory' ? this.#inMemory(order, watched) : this.#isolated(order, launch, watched);
    if (mode !== 'in-memory') this.#processes.add(incarnation);
    return incarnation;
  }

  close(): void {
    process.removeListener('exit', this.#killAll);
    // Its children have ended already; what it still says about them is of no use.
    this.#comedy?.then(({ system }) => system.destroy()).catch(() => {});
  }

  #inMemory(order: LaunchOrder, events: IncarnationEvents): Incarnation {
    return new InMemoryIncarnation(this.#startComedy(), order, this.#base, events);
  }

  #isolated(order: LaunchOrder, launch: number, events: IncarnationEvents): Incarnation {
    const { name, node, mode, source } = order;
    if (!('module' in source)) throw new Error(`${name}: an actor by value cannot be ${mode}, name its module`);
    const parameters = encodeValue(source.parameters);
    if (!parameters.ok) throw new Error(`${name}: its parameters cannot be sent: ${parameters.sentence}`);
    const childOrder: ChildOrder = {
      node,
      name,
      launch,
      moduleUrl: moduleUrl(source.module),
      portsUrl: source.portsModule === undefined ? '' : moduleUrl(source.portsModule),
      parameters: parameters.text,
    };
    this.#living.set(launch, { name, events });
    return mode === 'forked'
      ? new ForkedIncarnation(this.#startComedy(), childOrder, events)
      : new ThreadedIncarnation(childOrder, events, (report) => this.#report(report));
  }

  #startComedy(): Promise<ComedySystem> {
    this.#comedy ??= startComedy((report) => this.#report(report));
    return this.#comedy;
  }

  #report({ launch, report }: Report): void {
    const living = this.#living.get(launch);
    if (living === undefined) return;
    try {
      this.#dispatch(living.events, report);
    } catch (thrown) {
      // comedy would swallow it: an error of ours in here is a broken invariant of this process.
      setImmediate(() => {
        throw new Error(`report of ${living.name}: ${reasonOf(thrown)}`, { cause: thrown });
      });
    }
  }

  #dispatch(events: IncarnationEvents, report: FromChild): void {
    switch (report.kind) {
      case 'started':
        events.started(report.members);
        return;
      case 'handled':
        events.handled(report.member);
        return;
      case 'outgoing':
        events.outgoing(report.envelope);
        return;
      case 'pong':
        events.pong();
        return;
      case 'crashed':
        events.crashed(report.reason);
        return;
      case 'log':
        this.#base.log.write(report.domain, report.level, report.message);
    }
  }
}
