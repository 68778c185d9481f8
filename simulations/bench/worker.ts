/** A process of the bench that answers requests: clients of mounts, references, ring members. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type BenchWorld, programPath, type StartOptions } from './bench-world.ts';
import type { WorkerAnswer } from './worker-protocol.ts';

const ANSWER_WITHIN_MS = 60_000;

export class Worker {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }[] = [];

  constructor(world: BenchWorld, name: string, options: unknown, start: StartOptions = {}) {
    this.#name = name;
    this.#child = world.start(programPath(`simulations/bench/${name}`), [JSON.stringify(options)], start);
    this.pid = this.#child.pid ?? 0;
    createInterface(this.#child.stdout!).on('line', (line) => {
      const reply = JSON.parse(line) as WorkerAnswer;
      const waiter = this.#waiting.shift();
      if ('failure' in reply) waiter?.reject(new Error(`${name}: ${reply.failure}`));
      else waiter?.resolve(reply.answer);
    });
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`${name} ended with exit code ${code}`));
    });
  }

  /** Requests are answered in order. Rejects when the worker fails, ends, or is silent for a minute. */
  ask<Answer>(request: unknown): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const bound = setTimeout(() => reject(new Error(`${this.#name} does not answer`)), ANSWER_WITHIN_MS);
      this.#waiting.push({
        resolve: (value) => {
          clearTimeout(bound);
          resolve(value as Answer);
        },
        reject: (error) => {
          clearTimeout(bound);
          reject(error);
        },
      });
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.stdin?.end();
    const bound = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(bound);
  }
}
