/**
 * The claims of one daemon on cluster locks: a lease machine (machines/ha/lease) for each lock, over the directories of
 * `priv/lock` (spec/ha.md §12).
 */

import { type Actor, createActor } from 'xstate';
import type { Next } from '../../machines/ha/dialogue.ts';
import { leaseMachine } from '../../machines/ha/lease/lease.ts';
import type { LogLevel } from '../../machines/ha/port.ts';
import type { HaTimes } from '../../machines/ha/times.ts';
import { ENOENT } from '../../runtime/file-system/errno.ts';
import { type Inspector, inspectedBy } from '../../runtime/trace/machine-steps.ts';
import { makeDirectories } from './cluster-files.ts';
import { errnoText } from './outcome.ts';
import type { Answer, HaPorts } from './ports.ts';

const LOCKS = 'priv/lock';

/**
 * The manager tries a lock of another node anew in each of its rounds, so there it doesn't wait long: with many nodes to be fenced, its
 * own watchdog would expire meanwhile. The second try finds what the first has asked to be dropped.
 */
const TRIES_FOR_OTHERS = 2;

export interface LeaseOptions {
  readonly ports: Pick<HaPorts, 'clock' | 'files' | 'node'>;
  readonly times: HaTimes;
  readonly log: (level: LogLevel, text: string) => void;
  readonly inspect?: ((machine: string) => Inspector | undefined) | undefined;
}

interface Lease {
  readonly actor: Actor<typeof leaseMachine>;
  answer: Answer<boolean>;
  held_at: number | undefined;
}

export class Leases {
  readonly #options: LeaseOptions;
  readonly #leases = new Map<string, Lease>();

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Obtains or renews a lock. */
  acquire(name: string, done: Answer<boolean>): void {
    this.#tell(name, 'ACQUIRE', done);
  }

  release(name: string, done: Answer<boolean>): void {
    this.#tell(name, 'RELEASE', done);
  }

  /** Removes the lock of a node that is proven to be off, whoever holds it (§11.1). */
  dismiss(name: string, done: Answer<void>): void {
    this.#options.ports.files.rmdir(`${LOCKS}/${name}`, () => done());
  }

  /** Monotonic seconds: since when it is surely held, as far as is known here. */
  heldSince_s(name: string): number | undefined {
    return this.#leases.get(name)?.held_at;
  }

  /** For whoever looks. */
  get states(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#leases].map(([name, { actor }]) => [name, actor.getSnapshot().value]));
  }

  get #at(): number {
    return this.#options.ports.clock.monotonic_ms() / 1000;
  }

  #tell(name: string, type: 'ACQUIRE' | 'RELEASE', done: Answer<boolean>): void {
    const lease = this.#leases.get(name) ?? this.#newLease(name);
    lease.answer = done;
    lease.actor.send({ type, at: this.#at });
  }

  #newLease(name: string): Lease {
    const { inspect, log, ports, times } = this.#options;
    const { clock, files } = ports;
    const path = `${LOCKS}/${name}`;
    // A lock's time must not go back, though the wall clock may.
    let latest_s = 0;
    const now_s = (): number => {
      latest_s = Math.max(latest_s, Math.floor(clock.wall_ms() / 1000));
      return latest_s;
    };
    const send: Lease['actor']['send'] = (event) => actor.send(event);
    const settle = (errno: number): Next => {
      now_s();
      if (errno >= 0) return send({ type: 'DONE', at: this.#at });
      send({ type: 'FAILED', at: this.#at, reason: errnoText(errno), isMissing: errno === -ENOENT });
    };
    const machine = leaseMachine.provide({
      actions: {
        make: () =>
          files.mkdir(path, (errno) => {
            if (errno !== -ENOENT) return settle(errno);
            makeDirectories(files, LOCKS, (made) => (made < 0 ? settle(made) : files.mkdir(path, settle)));
          }),
        renew: () => files.setTime(path, now_s(), settle),
        askForDrop: () => files.setTime(path, 0, settle),
        remove: () => files.rmdir(path, settle),
        pause: (_, { seconds }) => void clock.setTimeout(() => send({ type: 'RETRY', at: this.#at }), seconds * 1000),
        answer: ({ context }, { isGranted }) => {
          lease.held_at = context.held_at;
          lease.answer(isGranted);
        },
        logAcquired: () => log('info', `successfully acquired lock '${name}'`),
        logLost: (_, { reason }) => log('err', `lost lock '${name} - ${reason}`),
      },
    });
    const isOthers = name.startsWith('ha_agent_') && name !== `ha_agent_${ports.node}_lock`;
    const actor = createActor(machine, {
      ...inspectedBy(inspect?.(`lease ${name}`)),
      input: { name, times, ...(isOthers && { maxTries: TRIES_FOR_OTHERS }) },
    });
    const lease: Lease = { actor, answer: () => {}, held_at: undefined };
    this.#leases.set(name, lease);
    actor.start();
    return lease;
  }
}
