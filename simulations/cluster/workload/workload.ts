/** All clients of a run. */
import type { ClusterWorld } from '../world.ts';
import { clientName } from '../world.ts';
import type { Client, ClientPlace } from './client.ts';
import { GuestOwner } from './guests.ts';
import { Locker } from './locker.ts';
import { Operator } from './operator.ts';
import { Publisher } from './publisher.ts';
import { Writer } from './writer.ts';

const LOCKER_MS = 5000;
const PUBLISHER_MS = 6000;
const GUEST_MS = 4000;
const OPERATOR_MS = 12_000;

export class Workload {
  /** Those that must get on when all is well. */
  readonly writers: readonly Writer[];
  readonly #clients: readonly Client[];

  constructor(world: ClusterWorld) {
    const { nodeCount, clientsPerNode, think_ms, locks, guests, edits } = world.options;
    const random = world.random.split('workload');
    const place = (nodeid: number, name: string, mean_ms: number): ClientPlace => {
      return { world, nodeid, name, random: random.split(name), think_ms: mean_ms };
    };
    const writers: Writer[] = [];
    const others: Client[] = [];
    for (let nodeid = 1; nodeid <= nodeCount; nodeid += 1) {
      for (let at = 0; at < clientsPerNode; at += 1)
        writers.push(new Writer(place(nodeid, clientName(nodeid, at), think_ms)));
      others.push(new Publisher(place(nodeid, `publisher${nodeid}`, PUBLISHER_MS)));
      if (locks) others.push(new Locker(place(nodeid, `locker${nodeid}`, LOCKER_MS)));
      if (guests) others.push(new GuestOwner(place(nodeid, `guests${nodeid}`, GUEST_MS)));
    }
    if (edits) others.push(new Operator(place(1 + random.below(nodeCount), 'operator', OPERATOR_MS)));
    this.writers = writers;
    this.#clients = [...writers, ...others];
  }

  start(): void {
    for (const client of this.#clients) client.start();
  }

  stop(): void {
    for (const client of this.#clients) client.stop();
  }

  get isResting(): boolean {
    return this.#clients.every((client) => client.isResting);
  }
}
