/** All clients of a run. */
import type { ClusterWorld } from '../world.ts';
import type { Client, ClientPlace } from './client.ts';
import { GuestOwner } from './guests.ts';
import { HaOperator } from './ha-operator.ts';
import { ARCHIVER, clientName, MOST_SPARES, treeOwnerName } from './initial-directories.ts';
import { Locker } from './locker.ts';
import { Operator } from './operator.ts';
import { Publisher } from './publisher.ts';
import { Reader } from './reader.ts';
import { TreeOwner } from './trees.ts';
import { LARGE_SIZES, Writer } from './writer.ts';

const LOCKER_MS = 5000;
const PUBLISHER_MS = 6000;
const GUEST_MS = 4000;
const OPERATOR_MS = 12_000;
const HA_OPERATOR_MS = 20_000;
const TREE_MS = 6000;
const READER_MS = 5000;
const ARCHIVER_MS = 8000;

export class Workload {
  readonly #world: ClusterWorld;
  #writers: readonly Writer[];
  readonly #clients: readonly Client[];

  constructor(world: ClusterWorld) {
    this.#world = world;
    const { nodeCount, clientsPerNode, think_ms, locks, guests, edits, growth, trees, readers, largeFiles, ha } =
      world.options;
    const random = world.random.split('workload');
    const place = (nodeid: number, name: string, mean_ms: number): ClientPlace => {
      return { world, nodeid, name, random: random.split(name), think_ms: mean_ms };
    };
    const writers: Writer[] = [];
    const others: Client[] = [];
    const mostNodes = nodeCount + (growth ? MOST_SPARES : 0);
    for (let nodeid = 1; nodeid <= mostNodes; nodeid += 1) {
      for (let at = 0; at < clientsPerNode; at += 1)
        writers.push(new Writer(place(nodeid, clientName(nodeid, at), think_ms)));
      others.push(new Publisher(place(nodeid, `publisher${nodeid}`, PUBLISHER_MS)));
      if (locks) others.push(new Locker(place(nodeid, `locker${nodeid}`, LOCKER_MS)));
      if (guests) others.push(new GuestOwner(place(nodeid, `guests${nodeid}`, GUEST_MS)));
      if (trees) others.push(new TreeOwner(place(nodeid, treeOwnerName(nodeid), TREE_MS)));
      if (readers) others.push(new Reader(place(nodeid, `reader${nodeid}`, READER_MS)));
    }
    if (largeFiles) others.push(new Writer(place(1 + random.below(nodeCount), ARCHIVER, ARCHIVER_MS), LARGE_SIZES));
    if (edits || growth) others.push(new Operator(place(1 + random.below(nodeCount), 'operator', OPERATOR_MS)));
    if (ha?.operator === true)
      others.push(new HaOperator(place(1 + random.below(nodeCount), 'ha-operator', HA_OPERATOR_MS)));
    this.#writers = writers;
    this.#clients = [...writers, ...others];
  }

  /** Those that must get on when all is well. */
  get writers(): readonly Writer[] {
    return this.#writers.filter(({ nodeid }) => this.#world.nodes.some((node) => node.nodeid === nodeid));
  }

  get names(): readonly string[] {
    return this.#clients.map(({ name }) => name);
  }

  /** `names`: only these of them. */
  start(names?: readonly string[]): void {
    const isChosen = ({ name }: Client): boolean => names?.includes(name) ?? true;
    this.#writers = this.#writers.filter(isChosen);
    for (const client of this.#clients) if (isChosen(client)) client.start();
  }

  stop(): void {
    for (const client of this.#clients) client.stop();
  }

  get isResting(): boolean {
    return this.#clients.every((client) => client.isResting);
  }
}
