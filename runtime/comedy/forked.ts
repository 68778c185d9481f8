/**
 * An incarnation in a process of its own, forked by comedy.
 *
 * comedy keeps the process to itself, notices its exit late, and neither finds nor kills one that hangs. So we watch the
 * field in which it stores the process: from that moment on the exit is seen and SIGKILL is possible, also while the
 * child still boots. What comedy would leave behind after an exit (an interval, a listener, a bus entry) is removed.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ForkedActorParent } from 'comedy';
import { reasonOf } from '../actor-system/actor-error.ts';
import type { Incarnation, IncarnationEvents } from '../actor-system/host.ts';
import { runsFromSource } from './actor-module.ts';
import { bundledFolder, bundledUrl } from './bundled.ts';
import type { ChildOrder, ToChild } from './child-protocol.ts';
import type { ComedySystem } from './comedy-system.ts';
import { IsolatedIncarnation } from './isolated-incarnation.ts';

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, '..', '..');
const bundled = runsFromSource ? undefined : bundledFolder(built);
const bootFile =
  bundled === undefined
    ? join(here, runsFromSource ? 'boot.cts' : 'boot.cjs')
    : join(bundled, 'runtime', 'comedy', 'boot.cjs');

/** The same order, for the bundled form of its modules where there is one. */
function fastOrder(order: ChildOrder): ChildOrder {
  if (bundled === undefined) return order;
  return {
    ...order,
    moduleUrl: bundledUrl(order.moduleUrl, built, bundled),
    portsUrl: bundledUrl(order.portsUrl, built, bundled),
  };
}

export class ForkedIncarnation extends IsolatedIncarnation implements Incarnation {
  readonly #events: IncarnationEvents;
  #actor: ForkedActorParent | undefined;
  #process: ChildProcess | undefined;
  #killed = false;
  #ended = false;

  constructor(comedy: Promise<ComedySystem>, order: ChildOrder, events: IncarnationEvents) {
    super();
    this.#events = events;
    this.#start(comedy, order).catch((thrown) => this.#failed(reasonOf(thrown)));
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  kill(): void {
    this.#killed = true;
    this.#process?.kill('SIGKILL');
  }

  protected send(message: ToChild): void {
    // A refusal means that the process is gone; its exit tells the supervisor.
    this.#actor?.send('deliver', message).catch(() => {});
  }

  async #start(comedy: Promise<ComedySystem>, order: ChildOrder): Promise<void> {
    if (!existsSync(bootFile)) throw new Error(`${bootFile} is missing: the build is incomplete`);
    const { system, root } = await comedy;
    if (this.#killed) {
      this.#end('killed');
      return;
    }
    // comedy's form of an absolute path starts with two slashes.
    const proxy = await system.createActor(`/${bootFile}`, root, {
      mode: 'forked',
      name: order.name,
      customParameters: { order: JSON.stringify(fastOrder(order)) },
    });
    const actor = proxy.getWrapped();
    process.removeListener('exit', actor.exitHandler);
    this.#watchProcess(actor, () => system.getBus().removeForkedRecipient(actor));
    await proxy.initialize();
    this.#actor = actor;
    this.send({ kind: 'begin' });
  }

  /** Takes the process at the moment in which comedy stores it. */
  #watchProcess(actor: ForkedActorParent, forget: () => void): void {
    Object.defineProperty(actor, 'workerProcess', {
      configurable: true,
      enumerable: true,
      get: () => this.#process,
      set: (child: ChildProcess) => {
        this.#process = child;
        child.once('exit', (code, signal) => {
          clearInterval(actor.timeoutWorkerInterval);
          forget();
          this.#end(signal === null ? `exited with code ${code}` : `killed by ${signal}`);
        });
        if (this.#killed) child.kill('SIGKILL');
      },
    });
  }

  /** comedy could not create it; where a process exists, its exit is still to come. */
  #failed(reason: string): void {
    if (this.#ended) return;
    this.#events.crashed(reason);
    if (this.#process === undefined) this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#process = undefined;
    this.#actor = undefined;
    this.#events.exited(reason);
  }
}
