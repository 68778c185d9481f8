/**
 * An incarnation in a thread of its own. The Worker is ours: comedy's own threaded mode gives no handle to terminate one,
 * turns its uncaught errors into the parent's, and never learns of its end.
 */
import { Worker } from 'node:worker_threads';
import { reasonOf } from '../actor-system/actor-error.ts';
import type { Incarnation, IncarnationEvents } from '../actor-system/host.ts';
import { runsFromSource } from './actor-module.ts';
import type { ChildOrder, Report, ToChild } from './child-protocol.ts';
import { IsolatedIncarnation } from './isolated-incarnation.ts';

export class ThreadedIncarnation extends IsolatedIncarnation implements Incarnation {
  readonly pid = undefined;
  readonly #events: IncarnationEvents;
  readonly #worker: Worker;
  #terminated = false;

  constructor(order: ChildOrder, events: IncarnationEvents, report: (report: Report) => void) {
    super();
    this.#events = events;
    this.#worker = startWorker(order);
    this.#worker.on('message', report);
    this.#worker.once('error', (thrown) => events.crashed(reasonOf(thrown)));
    this.#worker.once('exit', (code) => {
      this.#events.exited(this.#terminated ? 'terminated' : `exited with code ${code}`);
    });
    // Read when the thread has loaded its actor.
    this.send({ kind: 'begin' });
  }

  kill(): void {
    this.#terminated = true;
    void this.#worker.terminate();
  }

  protected send(message: ToChild): void {
    this.#worker.postMessage(message);
  }
}

/** A thread doesn't inherit the loader that runs TypeScript sources: there, it registers it for itself first. */
function startWorker(order: ChildOrder): Worker {
  const workerData = JSON.stringify(order);
  const name = order.name;
  if (!runsFromSource) return new Worker(new URL('./thread-child.js', import.meta.url), { workerData, name });
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const entry = JSON.stringify(new URL('./thread-child.ts', import.meta.url).href);
  const bootstrap = `import(${loader}).then(({ register }) => { register(); return import(${entry}); })`;
  return new Worker(bootstrap, { eval: true, workerData, name });
}
