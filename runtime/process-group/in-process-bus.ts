/**
 * A totally ordered bus within one process, for tests: `ProcessGroup`s of several nodes with partitions, merges, crashes
 * and lost engines, without time and without a network. Nothing is delivered by itself: the test steps each node, so
 * that nodes may be at different positions of the same stream.
 *
 * A *ring* is a component of nodes with one log. A reconfiguration ends the rings of the nodes concerned. A part of the
 * old log is on the wire: nodes that move together deliver the same of it (G5), at least what any of them has delivered and
 * what their own component sent. Then comes the change, then what their component has sent but not put on the wire
 * (G4, G8), in its order (G3).
 */
import assert from 'node:assert';
import type {
  GroupChange,
  GroupHandle,
  GroupListener,
  GroupMember,
  McastResult,
  ProcessGroup,
} from './process-group.ts';

interface Sent {
  /** Names the event; the same at every process that sees it. */
  readonly id: string;
  readonly kind: 'message' | 'join' | 'leave';
  readonly group: string;
  readonly sender: GroupMember;
  readonly message: Buffer;
}

interface Changed {
  readonly id: string;
  readonly kind: 'change';
  readonly group: string;
  readonly change: GroupChange;
}

type Entry = Sent | Changed;

interface Ring {
  readonly id: number;
  readonly nodes: readonly number[];
  /** Members by group when the ring was formed. */
  readonly initial: ReadonlyMap<string, readonly GroupMember[]>;
  /** Entries from here on are in the senders' queues only, once the ring has ended; nobody has delivered them. */
  ordered: number | undefined;
  /** Entries that the node furthest ahead has delivered. */
  delivered: number;
  readonly log: Sent[];
}

interface Joined {
  readonly self: GroupMember;
  readonly group: string;
  readonly listener: GroupListener;
  /** Own join delivered. */
  isMember: boolean;
  /** Leave sent. */
  isLeaving: boolean;
  /** Left, lost or crashed. */
  isDead: boolean;
}

interface Node {
  ring: Ring;
  position: number;
  /** What the node still has to deliver of earlier rings, ahead of its ring's log. */
  backlog: Entry[];
  joined: Joined[];
  /** Id of the event that was handed out last. */
  lastEvent: string;
}

export interface InProcessBusOptions {
  /**
   * Picks a number below `bound`: where a reconfiguration cuts what is on the wire, and what each component of it has
   * received. Default: everybody has received everything.
   */
  readonly choose?: (bound: number) => number;
  /** True: the next `mcast` answers `try-again`. Default: never. */
  readonly isCongested?: () => boolean;
}

export class InProcessBus {
  private readonly nodes = new Map<number, Node>();
  private readonly choose: (bound: number) => number;
  private readonly isCongested: () => boolean;
  private lastRing = 0;
  private lastSent = 0;

  constructor(options: InProcessBusOptions = {}) {
    this.choose = options.choose ?? ((bound) => bound - 1);
    this.isCongested = options.isCongested ?? (() => false);
  }

  /** Adds a node as a ring of its own; `reconfigure` connects it. A crashed node may be added again. */
  addNode(nodeid: number): ProcessGroup {
    assert(!this.nodes.has(nodeid), `node ${nodeid} exists`);
    this.nodes.set(nodeid, this.emptyNode(nodeid));
    return { nodeid, join: (group, pid, listener) => this.join(nodeid, group, pid, listener) };
  }

  /** Connects exactly the nodes of each component; nodes that are named in none become components of their own. */
  reconfigure(components: readonly (readonly number[])[]): void {
    const named = new Set(components.flat());
    const alone = [...this.nodes.keys()].filter((nodeid) => !named.has(nodeid)).map((nodeid) => [nodeid]);
    for (const component of [...components, ...alone]) this.form(component.filter((nodeid) => this.nodes.has(nodeid)));
  }

  /** The node's processes vanish without a word; the others of its ring go on without it. */
  crash(nodeid: number): void {
    const node = this.node(nodeid);
    for (const joined of node.joined) joined.isDead = true;
    this.nodes.delete(nodeid);
    this.form(node.ring.nodes.filter((each) => each !== nodeid && this.nodes.get(each)?.ring === node.ring));
  }

  /** The group engine below one node dies and comes back empty: every handle gets `lost`. */
  loseEngine(nodeid: number): void {
    const { joined } = this.node(nodeid);
    this.crash(nodeid);
    this.nodes.set(nodeid, this.emptyNode(nodeid));
    for (const each of joined) each.listener.lost();
  }

  /** Nodes that have something to deliver, ascending. */
  pendingNodes(): readonly number[] {
    return [...this.nodes.keys()].filter((nodeid) => this.pendingEntries(nodeid) > 0).sort((a, b) => a - b);
  }

  /** Delivers up to `limit` entries to one node as one batch. */
  step(nodeid: number, limit = 1): void {
    const node = this.node(nodeid);
    const listeners = new Set<GroupListener>();
    for (let n = 0; n < limit; n += 1) {
      const entry = this.take(node);
      if (entry === undefined) break;
      for (const listener of this.hand(node, entry)) listeners.add(listener);
      if (this.nodes.get(nodeid) !== node) break;
    }
    for (const listener of listeners) listener.batchEnd();
  }

  /** Delivers everything, node by node in turn; fails when the listeners keep sending for ever. */
  run(limit = 1_000_000): void {
    for (let steps = 0; ; steps += 1) {
      const [first] = this.pendingNodes();
      if (first === undefined) return;
      assert(steps < limit, 'the bus does not come to rest');
      for (const nodeid of this.pendingNodes()) this.step(nodeid);
    }
  }

  /** Names the event that was handed to the node last: a position in the total order, for checkers. */
  position(nodeid: number): string {
    return this.node(nodeid).lastEvent;
  }

  private emptyNode(nodeid: number): Node {
    const ring = newRing(this.nextRing(), [nodeid], new Map(), []);
    return { ring, position: 0, backlog: [], joined: [], lastEvent: '' };
  }

  private nextRing(): number {
    this.lastRing += 1;
    return this.lastRing;
  }

  private node(nodeid: number): Node {
    const node = this.nodes.get(nodeid);
    assert(node !== undefined, `no node ${nodeid}`);
    return node;
  }

  private pendingEntries(nodeid: number): number {
    const node = this.node(nodeid);
    return node.backlog.length + node.ring.log.length - node.position;
  }

  private join(nodeid: number, group: string, pid: number, listener: GroupListener): GroupHandle {
    const self: GroupMember = { nodeid, pid };
    const joined: Joined = { self, group, listener, isMember: false, isLeaving: false, isDead: false };
    const node = this.node(nodeid);
    node.joined.push(joined);
    const send = (kind: Sent['kind'], message: Buffer): void => {
      this.lastSent += 1;
      this.node(nodeid).ring.log.push({ id: `sent ${this.lastSent}`, kind, group, sender: self, message });
    };
    send('join', Buffer.alloc(0));
    return {
      self,
      mcast: (message): McastResult => {
        if (joined.isDead || joined.isLeaving) return 'not-joined';
        if (this.isCongested()) return 'try-again';
        send('message', message);
        return 'sent';
      },
      leave: () => {
        if (joined.isDead || joined.isLeaving) return;
        joined.isLeaving = true;
        send('leave', Buffer.alloc(0));
      },
    };
  }

  private take(node: Node): Entry | undefined {
    const waiting = node.backlog.shift();
    if (waiting !== undefined) return waiting;
    const entry = node.ring.log[node.position];
    if (entry === undefined) return undefined;
    node.position += 1;
    node.ring.delivered = Math.max(node.ring.delivered, node.position);
    return entry;
  }

  /** Hands one entry to the node's listeners of that group; returns those that were called. */
  private hand(node: Node, entry: Entry): readonly GroupListener[] {
    node.lastEvent = entry.id;
    const listening = node.joined.filter((joined) => joined.group === entry.group && !joined.isDead);
    if (entry.kind === 'message') {
      const called = listening.filter((joined) => joined.isMember);
      for (const { listener } of called) listener.deliver(entry.sender, Buffer.from(entry.message));
      return called.map(({ listener }) => listener);
    }
    const change = entry.kind === 'change' ? entry.change : changeOf(entry, this.membersBefore(node, entry));
    const called: GroupListener[] = [];
    for (const joined of listening) {
      if (change.joined.some((member) => isSame(member, joined.self))) joined.isMember = true;
      if (!joined.isMember) continue;
      if (!change.members.some((member) => isSame(member, joined.self))) joined.isDead = true;
      joined.listener.configurationChange(change);
      called.push(joined.listener);
    }
    node.joined = node.joined.filter((joined) => !joined.isDead);
    return called;
  }

  private membersBefore(node: Node, entry: Sent): readonly GroupMember[] {
    return membersAfter(node.ring, node.ring.log.slice(0, node.ring.log.indexOf(entry))).get(entry.group) ?? [];
  }

  /** Makes one new ring of `component`, unless it is one already. */
  private form(component: readonly number[]): void {
    if (component.length === 0) return;
    const old = new Set(component.map((nodeid) => this.node(nodeid).ring));
    const [only] = old;
    if (old.size === 1 && only !== undefined && sameNodes(only.nodes, component)) return;

    const carried: Sent[] = [];
    const before = new Map<Ring, ReadonlyMap<string, readonly GroupMember[]>>();
    for (const ring of old) {
      const movers = component.filter((nodeid) => this.node(nodeid).ring === ring);
      ring.ordered ??= ring.delivered + this.choose(ring.log.length - ring.delivered + 1);
      // A join or leave is never received with a hole before it: its change would then close different stretches.
      const closed = 1 + ring.log.slice(0, ring.ordered).findLastIndex(({ kind }) => kind !== 'message');
      const reached = Math.max(closed, ...movers.map((nodeid) => this.node(nodeid).position));
      const received = reached + this.choose(ring.ordered - reached + 1);
      const isOurs = (entry: Sent): boolean => movers.includes(entry.sender.nodeid);
      const last = [...ring.log.slice(0, received), ...ring.log.slice(received, ring.ordered).filter(isOurs)];
      for (const nodeid of movers) {
        const node = this.node(nodeid);
        for (let at = node.position; at < last.length; at += 1) node.backlog.push(frozen(ring, last, at));
      }
      before.set(ring, membersAfter(ring, last));
      carried.push(...ring.log.slice(ring.ordered).filter(isOurs));
    }
    const groups = new Set([...before.values()].flatMap((members) => [...members.keys()]));
    const initial = new Map<string, readonly GroupMember[]>();
    for (const group of groups) {
      const staying = [...before.values()].flatMap((members) =>
        (members.get(group) ?? []).filter((member) => component.includes(member.nodeid)),
      );
      initial.set(group, staying.sort(compare));
    }
    const next = newRing(this.nextRing(), component, initial, carried);
    for (const nodeid of component) {
      const node = this.node(nodeid);
      const known = before.get(node.ring)!;
      for (const group of groups) {
        node.backlog.push(...changesOf(next.id, group, known.get(group) ?? [], initial.get(group)!));
      }
      node.ring = next;
      node.position = 0;
    }
  }
}

function newRing(
  id: number,
  nodes: readonly number[],
  initial: ReadonlyMap<string, readonly GroupMember[]>,
  log: Sent[],
): Ring {
  return { id, nodes: [...nodes], initial, ordered: undefined, delivered: 0, log };
}

/** Membership of all groups of a ring after `entries`. */
function membersAfter(ring: Ring, entries: readonly Sent[]): ReadonlyMap<string, readonly GroupMember[]> {
  const groups = new Map(ring.initial);
  for (const entry of entries) {
    if (entry.kind !== 'message') groups.set(entry.group, changeOf(entry, groups.get(entry.group) ?? []).members);
  }
  return groups;
}

/** The entry at `at` of what a component delivers last in a ring that ends, so that it does not need the ring any more. */
function frozen(ring: Ring, last: readonly Sent[], at: number): Entry {
  const entry = last[at]!;
  if (entry.kind === 'message') return entry;
  const members = membersAfter(ring, last.slice(0, at)).get(entry.group) ?? [];
  return { id: entry.id, kind: 'change', group: entry.group, change: changeOf(entry, members) };
}

function changeOf(entry: Sent, members: readonly GroupMember[]): GroupChange {
  if (entry.kind === 'join') {
    return { members: [...members, entry.sender].sort(compare), joined: [entry.sender], left: [] };
  }
  return { members: members.filter((member) => !isSame(member, entry.sender)), joined: [], left: [entry.sender] };
}

/** A ring change as one group sees it: left first, then joined (spec/pmxcfs.md §7.6). */
function changesOf(
  ring: number,
  group: string,
  known: readonly GroupMember[],
  next: readonly GroupMember[],
): readonly Changed[] {
  const left = known.filter((member) => !next.some((each) => isSame(each, member)));
  const joined = next.filter((member) => !known.some((each) => isSame(each, member)));
  const staying = known.filter((member) => !left.includes(member));
  const changes: Changed[] = [];
  const push = (name: string, change: GroupChange): void => {
    changes.push({ id: `ring ${ring} ${name}`, kind: 'change', group, change });
  };
  if (left.length > 0) push('left', { members: staying, joined: [], left });
  if (joined.length > 0) push('joined', { members: next, joined, left: [] });
  return changes;
}

function compare(a: GroupMember, b: GroupMember): number {
  return a.nodeid - b.nodeid || a.pid - b.pid;
}

function isSame(a: GroupMember, b: GroupMember): boolean {
  return a.nodeid === b.nodeid && a.pid === b.pid;
}

function sameNodes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((nodeid) => b.includes(nodeid));
}
