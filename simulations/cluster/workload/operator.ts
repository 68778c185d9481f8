/**
 * Edits corosync.conf as pvecm does (spec/pmxcfs.md §8.2, §8.4): a new file with a higher version, renamed over the old one. Timers
 * change, now and then with a stale version; nodes are added, and removed: mostly after they were switched off, sometimes while they run.
 * What became of an edit is read from the tree: an answer may have been lost.
 */
import { CONFIG_PATH, clusterConfText } from '../cluster-files.ts';
import type { RequestBody } from '../world.ts';
import { Client, type ClientPlace, outcomeOf } from './client.ts';
import { MOST_SPARES } from './initial-directories.ts';

const NEW_PATH = `${CONFIG_PATH}.new`;
const READ_BYTES = 65_536;
const LEAST_NODES = 3;
/** A change of the node list that isn't through yet is looked after so often. */
const UNFINISHED_MS = 2000;
/** Later nobody begins to change the node list: what has begun must end in peace. */
const LAST_CHANGE = 0.75;

export class Operator extends Client {
  /** Of any version that was read or tried. */
  #highest = 1;
  /** Of any version that was read: an older file is that of a node that has forgotten, or not heard yet. */
  #highestRead = 1;
  /** The node list that is to be. */
  #wanted: readonly number[];
  readonly #spares: number[];

  constructor(place: ClientPlace) {
    super(place);
    const { nodeCount } = this.world.options;
    this.#wanted = Array.from({ length: nodeCount }, (_, at) => at + 1);
    this.#spares = Array.from({ length: MOST_SPARES }, (_, at) => nodeCount + 1 + at);
  }

  protected override step(): void {
    const text = this.#read();
    if (text === undefined) {
      this.rest();
      return;
    }
    const [version, nodeids] = [versionIn(text), nodeidsIn(text)];
    this.#highest = Math.max(this.#highest, version);
    this.#follow(nodeids, text);
    if (!this.#isWanted(nodeids)) this.#edit(this.#wanted);
    else if (this.#mayChangeNodes() && this.random.chance(0.6)) this.#changeNodes();
    else if (this.world.options.edits && !this.isStopping) this.#editTimers();
    else this.rest();
  }

  protected override rest(pause_ms?: number): void {
    const isUnfinished = this.world.nodes.some(({ nodeid }) => !this.#wanted.includes(nodeid)) || this.#isAwaited();
    if (this.isStopping && isUnfinished) this.after(UNFINISHED_MS, () => this.step());
    else super.rest(isUnfinished ? UNFINISHED_MS : pause_ms);
  }

  #isAwaited(): boolean {
    return this.#wanted.some((nodeid) => !this.world.hasMachine(nodeid));
  }

  /** The file as its node shows it; undefined where that doesn't answer. */
  #read(): string | undefined {
    let text: string | undefined;
    this.world.look(this.nodeid, (fileSystem) => {
      const data = fileSystem.read(CONFIG_PATH, 0, READ_BYTES);
      if (typeof data !== 'number') text = data.toString('latin1');
    });
    return text;
  }

  #isWanted(nodeids: readonly number[]): boolean {
    return nodeids.length === this.#wanted.length && nodeids.every((nodeid) => this.#wanted.includes(nodeid));
  }

  /** Nodes that are in the list now are installed, and those that are out of it switched off. */
  #follow(nodeids: readonly number[], text: string): void {
    const version = versionIn(text);
    if (version < this.#highestRead) return;
    this.#highestRead = version;
    for (const nodeid of nodeids) if (!this.world.hasMachine(nodeid)) this.world.join(nodeid, text);
    for (const { nodeid } of this.world.nodes) if (!nodeids.includes(nodeid)) this.world.retire(nodeid);
  }

  #mayChangeNodes(): boolean {
    const { growth, chaos_ms } = this.world.options;
    return growth && !this.isStopping && this.world.now_ms < chaos_ms * LAST_CHANGE;
  }

  #changeNodes(): void {
    const removable = this.world.nodes.filter(({ nodeid }) => nodeid !== this.nodeid);
    const isRemoval = removable.length >= LEAST_NODES && (this.#spares.length === 0 || this.random.chance(0.5));
    const spare = isRemoval ? undefined : this.#spares.shift();
    if (spare !== undefined) this.#wanted = [...this.#wanted, spare];
    else if (isRemoval) {
      const { nodeid } = this.random.pick(removable);
      this.#wanted = this.#wanted.filter((other) => other !== nodeid);
      if (this.random.chance(0.7)) this.world.retire(nodeid);
      else this.world.mark('live node deleted');
    }
    this.#edit(this.#wanted);
  }

  #editTimers(): void {
    const isStale = this.#highest > 2 && this.random.chance(0.2);
    const tokenRise_ms = this.random.below(4) * 50;
    if (isStale) this.world.mark('stale corosync.conf written');
    this.#edit(this.#wanted, { tokenRise_ms, ...(isStale ? { version: this.#highest - 1 } : {}) });
  }

  #edit(nodeids: readonly number[], given: { readonly tokenRise_ms?: number; readonly version?: number } = {}): void {
    const { idleRotations } = this.world.options;
    const version = given.version ?? this.#highest + 1;
    this.#highest = Math.max(this.#highest, version);
    const content = clusterConfText({ nodeids, idleRotations, version, tokenRise_ms: given.tokenRise_ms ?? 0 });
    this.#run([
      { kind: 'create', path: NEW_PATH },
      { kind: 'write', path: NEW_PATH, content },
      { kind: 'rename', path: NEW_PATH, to: CONFIG_PATH, content },
    ]);
  }

  /** One after the other, from a clean start; ends at the first that isn't done for sure. */
  #run(steps: readonly RequestBody[]): void {
    this.ask(
      () => ({ kind: 'unlink', path: NEW_PATH }),
      (request) => {
        if (outcomeOf(request) === 'unknown') this.rest();
        else this.#next(steps);
      },
    );
  }

  #next([first, ...rest]: readonly RequestBody[]): void {
    if (first === undefined) {
      this.world.mark('corosync.conf edited');
      const text = this.#read();
      if (text !== undefined) this.#follow(nodeidsIn(text), text);
      this.rest();
      return;
    }
    this.ask(
      () => first,
      (request) => {
        if (outcomeOf(request) === 'done') this.#next(rest);
        else this.rest();
      },
    );
  }
}

function versionIn(text: string): number {
  return Number(/config_version: (\d+)/.exec(text)?.[1] ?? 0);
}

function nodeidsIn(text: string): readonly number[] {
  return [...text.matchAll(/nodeid: (\d+)/g)].map(([, nodeid]) => Number(nodeid));
}
