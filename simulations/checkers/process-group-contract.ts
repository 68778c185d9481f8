/**
 * Checks the contract of the ProcessGroup port (G1-G10 of runtime/process-group/process-group.ts) from outside: it is told
 * what every process sent, got and saw, and says what breaks the contract. It knows nothing of the implementation.
 *
 * Messages must be unique (sender and a running number in the first bytes do). A *position* `epoch/number` names a place in
 * the total order, equal at all processes that see the same event; an epoch is a ring, or a configuration of a bus.
 */
import { createHash } from 'node:crypto';
import type { GroupChange, GroupMember } from '../../runtime/process-group/process-group.ts';

export interface Violation {
  /** Rule of the contract, e.g. `G3`. */
  readonly rule: string;
  readonly message: string;
}

interface Delivery {
  readonly kind: 'message';
  readonly sender: string;
  readonly key: string;
}

interface Change {
  readonly kind: 'change';
  /** Place in the total order. */
  readonly place: string;
  /** Place and content. */
  readonly position: string;
  readonly change: GroupChange;
}

interface History {
  readonly self: string;
  readonly group: string;
  readonly events: (Delivery | Change)[];
  /** Accepted by `mcast`, in order. */
  readonly accepted: string[];
  /** Alive, joined and not leaving: owes nothing to anyone otherwise. */
  isUp: boolean;
}

export class ProcessGroupContract {
  readonly #histories = new Map<string, History>();
  readonly #violations: Violation[] = [];
  /** Sender of every message that was handed to `mcast`. */
  readonly #origin = new Map<string, string>();

  /** A process asked to join `group`. */
  joined(group: string, process: GroupMember): void {
    const name = `${group}:${nameOf(process)}`;
    this.#histories.set(name, { self: nameOf(process), group, events: [], accepted: [], isUp: true });
  }

  /** `mcast` answered `sent`. */
  accepted(group: string, process: GroupMember, message: Buffer): void {
    const key = keyOf(message);
    this.#origin.set(key, nameOf(process));
    this.#history(group, process).accepted.push(key);
  }

  delivered(group: string, process: GroupMember, sender: GroupMember, message: Buffer): void {
    const key = keyOf(message);
    const history = this.#history(group, process);
    if (this.#origin.get(key) !== nameOf(sender)) {
      this.#fail('G9', history, `got ${message.length} bytes that ${nameOf(sender)} never sent`);
    }
    history.events.push({ kind: 'message', sender: nameOf(sender), key });
  }

  changed(group: string, process: GroupMember, change: GroupChange, position: string): void {
    const event: Change = { kind: 'change', place: position, position: position + JSON.stringify(change), change };
    this.#history(group, process).events.push(event);
  }

  /** The process crashed, left or was stopped. */
  ended(group: string, process: GroupMember): void {
    this.#history(group, process).isUp = false;
  }

  /** All violations; `isQuiet`: nothing is under way any more, so what was accepted must have come back. */
  check(isQuiet: boolean): readonly Violation[] {
    const histories = [...this.#histories.values()];
    for (const history of histories) {
      this.#checkAlone(history);
      if (isQuiet && history.isUp) this.#checkOwnMessages(history);
    }
    for (const [i, a] of histories.entries()) {
      for (const b of histories.slice(i + 1)) if (a.group === b.group) this.#checkPair(a, b);
    }
    return this.#violations;
  }

  #checkAlone(history: History): void {
    let members: readonly GroupMember[] = [];
    const seen = new Set<string>();
    for (const event of history.events) {
      if (event.kind === 'change') {
        this.#checkChange(history, members, event.change);
        members = event.change.members;
        continue;
      }
      if (seen.has(event.key)) this.#fail('G4', history, `got a message of ${event.sender} twice`);
      seen.add(event.key);
      if (!members.some((member) => nameOf(member) === event.sender)) {
        this.#fail('G1', history, `got a message of ${event.sender}, which isn't a member`);
      }
    }
    this.#checkFifo(history);
  }

  #checkChange(history: History, before: readonly GroupMember[], change: GroupChange): void {
    const names = change.members.map(nameOf);
    const expected = [
      ...before.map(nameOf).filter((name) => !change.left.some((member) => nameOf(member) === name)),
      ...change.joined.map(nameOf),
    ];
    // The first change shows the whole group, of which the others joined earlier.
    const isFirst = before.length === 0;
    if (!isFirst && [...expected].sort().join() !== [...names].sort().join()) {
      this.#fail('G6', history, `members ${names.join(' ')} don't follow from ${before.map(nameOf).join(' ')}`);
    }
    const inOrder = change.members.every((member, i) => i === 0 || compare(change.members[i - 1]!, member) < 0);
    if (!inOrder) this.#fail('G6', history, `members ${names.join(' ')} aren't sorted`);
    const hasSelf = names.includes(history.self);
    const hasLeft = change.left.some((member) => nameOf(member) === history.self);
    if (!hasSelf && !hasLeft) this.#fail('G6', history, `isn't among the members ${names.join(' ')}`);
  }

  /** G3: what a process gets of a sender is in the order of sending. */
  #checkFifo(history: History): void {
    const next = new Map<string, number>();
    for (const event of history.events) {
      if (event.kind !== 'message') continue;
      const sent = this.#histories.get(`${history.group}:${event.sender}`)?.accepted ?? [];
      const from = next.get(event.sender) ?? 0;
      const at = sent.indexOf(event.key, from);
      if (at < 0) this.#fail('G3', history, `got messages of ${event.sender} out of order`);
      next.set(event.sender, at + 1);
    }
  }

  /** G8, G2: a process that stayed up has got every message of its own. */
  #checkOwnMessages(history: History): void {
    const own = new Set(history.events.flatMap((event) => (event.kind === 'message' ? [event.key] : [])));
    const lost = history.accepted.filter((key) => !own.has(key)).length;
    if (lost > 0) this.#fail('G8', history, `${lost} of ${history.accepted.length} accepted messages never came back`);
  }

  #checkPair(a: History, b: History): void {
    this.#checkOrder(a, b);
    this.#checkSynchrony(a, b);
    this.#checkSeparation(a, b);
  }

  /** G1: messages that both got are in the same order at both. */
  #checkOrder(a: History, b: History): void {
    const place = new Map<string, number>();
    for (const [i, event] of b.events.entries()) place.set(identityOf(event), i);
    let last = -1;
    for (const event of a.events) {
      const at = place.get(identityOf(event));
      if (at === undefined) continue;
      if (at < last) {
        this.#fail('G1', a, `and ${b.self} got the same events in different orders`);
        return;
      }
      last = at;
    }
  }

  /**
   * G5: between two changes that both saw one after the other, both got the same messages, if they stayed together until
   * the epoch was over. (At the end of an epoch each side of a partition ends it by itself: §7.5.)
   */
  #checkSynchrony(a: History, b: History): void {
    const other = new Map<string, string>();
    for (const stretch of stretchesOf(b)) other.set(stretch.name, stretch.messages);
    for (const stretch of stretchesOf(a)) {
      const messages = other.get(stretch.name);
      const stay = !stretch.end.joined.concat(stretch.end.left).some((member) => nameOf(member) === b.self);
      const inView = stretch.end.members.some((member) => nameOf(member) === b.self);
      const together = inView && stay && leftEpochTogether(a, b, epochOf(stretch.end.place));
      if (messages !== undefined && together && messages !== stretch.messages) {
        this.#fail('G5', a, `and ${b.self} moved together but got different messages before ${stretch.name}`);
      }
    }
  }

  /** G7: if one sees the other come or go at a place, the other sees the same of it there. */
  #checkSeparation(a: History, b: History): void {
    const theirs = separationsOf(b);
    for (const [place, own] of separationsOf(a)) {
      const other = theirs.get(place);
      if (other === undefined || !own.members.has(b.self) || !other.members.has(a.self)) continue;
      if (own.apart.has(b.self) !== other.apart.has(a.self)) {
        this.#fail('G7', a, `and ${b.self} disagree at ${place}whether they moved together`);
      }
    }
  }

  #history(group: string, process: GroupMember): History {
    const history = this.#histories.get(`${group}:${nameOf(process)}`);
    if (history === undefined) throw new Error(`${nameOf(process)} never joined ${group}`);
    return history;
  }

  #fail(rule: string, history: History, text: string): void {
    this.#violations.push({ rule, message: `${history.group}: ${history.self} ${text}` });
  }
}

interface Stretch {
  readonly name: string;
  readonly messages: string;
  readonly end: {
    readonly place: string;
    readonly members: readonly GroupMember[];
    readonly joined: GroupMember[];
    readonly left: GroupMember[];
  };
}

/** The messages between each two consecutive changes. */
function stretchesOf(history: History): Stretch[] {
  const stretches: Stretch[] = [];
  let from: Change | undefined;
  let messages: string[] = [];
  for (const event of history.events) {
    if (event.kind === 'message') {
      messages.push(event.key);
      continue;
    }
    if (from !== undefined) {
      const { members, joined, left } = event.change;
      const end = { place: event.place, members, joined: [...joined], left: [...left] };
      stretches.push({ name: `${from.position} > ${event.position}`, messages: messages.join(), end });
    }
    from = event;
    messages = [];
  }
  return stretches;
}

function epochOf(place: string): string {
  return place.split('/')[0]!;
}

/** True when neither has seen a change of a later epoch, or both have seen the same one and it keeps them together. */
function leftEpochTogether(a: History, b: History, epoch: string): boolean {
  const [first, second] = [firstAfter(a, epoch), firstAfter(b, epoch)];
  if (first === undefined || second === undefined) return first === second && a.isUp && b.isUp;
  const { joined, left } = first.change;
  return first.position === second.position && ![...joined, ...left].some((member) => nameOf(member) === b.self);
}

/** The first change behind the last one of `epoch`. */
function firstAfter({ events }: History, epoch: string): Change | undefined {
  const changes = events.filter((event) => event.kind === 'change');
  const last = changes.findLastIndex((change) => epochOf(change.place) === epoch);
  return changes[last + 1];
}

interface Separation {
  /** Who came or went. */
  readonly apart: Set<string>;
  /** Members at the end. */
  readonly members: Set<string>;
}

/** The changes of a history by place, except its own joins, which the joiner sees otherwise than the members. */
function separationsOf({ self, events }: History): Map<string, Separation> {
  const places = new Map<string, Separation>();
  for (const event of events) {
    if (event.kind !== 'change' || event.change.joined.some((member) => nameOf(member) === self)) continue;
    const { joined, left, members } = event.change;
    const apart = new Set([...(places.get(event.place)?.apart ?? []), ...[...joined, ...left].map(nameOf)]);
    places.set(event.place, { apart, members: new Set(members.map(nameOf)) });
  }
  return places;
}

function identityOf(event: Delivery | Change): string {
  return event.kind === 'message' ? event.key : event.position;
}

function keyOf(message: Buffer): string {
  if (message.length <= 32) return message.toString('latin1');
  return `${message.toString('latin1', 0, 16)}#${createHash('sha1').update(message).digest('hex')}`;
}

function nameOf(member: GroupMember): string {
  return `${member.nodeid}/${member.pid}`;
}

function compare(a: GroupMember, b: GroupMember): number {
  return a.nodeid - b.nodeid || a.pid - b.pid;
}
