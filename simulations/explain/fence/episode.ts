/** Finds the fencings of a node in its case file, and of each the instants that tell what happened. */
import type { CaseFile, EvidenceOf, Window } from './case-file.ts';
import type { Evidence, Fact } from './evidence.ts';

export interface Recovery {
  readonly sid: string;
  /** Undefined where no node was found. */
  readonly to: string | undefined;
  readonly fenced_ms: number | undefined;
  readonly recovered_ms: number | undefined;
  readonly running: { readonly at_ms: number; readonly on: string } | undefined;
  readonly failed: boolean;
  readonly reasons: unknown;
}

export interface Episode {
  readonly victim: string;
  readonly window: Window;
  /** The membership without the victim: when, and who said so. */
  readonly left: { readonly at_ms: number; readonly seenBy: readonly string[] } | undefined;
  /** Links between the victim and others that went down at that time. */
  readonly links: readonly EvidenceOf<'link' | 'unreachable'>[];
  readonly stalls: readonly EvidenceOf<'stall'>[];
  readonly deaths: readonly EvidenceOf<'daemon-died'>[];
  readonly cfsFailures: readonly EvidenceOf<'cfs-failed'>[];
  readonly quorumLost: Evidence | undefined;
  /** Other nodes that lost their quorum at that time. */
  readonly othersWithoutQuorum: readonly string[];
  readonly lockLost: EvidenceOf<'lock'> | undefined;
  readonly lrmLost: Evidence | undefined;
  readonly warned: Evidence | undefined;
  readonly expired: EvidenceOf<'watchdog'> | undefined;
  /** Where somebody has told it. */
  readonly reset: Evidence | undefined;
  readonly lastFed: { readonly at_ms: number; readonly isEstimate: boolean } | undefined;
  readonly shutdown: EvidenceOf<'shutdown'> | undefined;
  readonly booted: Evidence | undefined;
  /** The victim's last line before it was reset. */
  readonly lastWord_ms: number | undefined;
  /** Lines of the victim after the others had lost it, and before it started anew. */
  readonly wordsAfter: number;
  readonly unknown: EvidenceOf<'node-state'> | undefined;
  readonly fence: EvidenceOf<'node-state'> | undefined;
  readonly acknowledged: EvidenceOf<'fence-acknowledged'> | undefined;
  readonly newMaster: Evidence | undefined;
  readonly recoveries: readonly Recovery[];
  readonly back: Evidence | undefined;
}

const minute_ms = 60_000;
const before_ms = 15 * minute_ms;
const after_ms = 30 * minute_ms;
/** Marks of one fencing are no further apart: 60 s until the node counts as lost, 120 s of the lock, a master that changes. */
const apart_ms = 10 * minute_ms;
/** For the lock, where the whole cluster has no quorum meanwhile. */
const longest_wait_ms = 12 * 60 * minute_ms;
/** The multiplexer warns at more, and gives up at 60 s (spec/ha.md §10). */
const warning_ms = 50_000;
const expiry_ms = 60_000;

/** In the order of time. */
export function findEpisodes(file: CaseFile): readonly Episode[] {
  const groups = groupMarks(file);
  return groups.map((marks, at) => {
    const first_ms = marks[0]!.at_ms;
    const last_ms = marks.at(-1)!.at_ms;
    const earlier_ms = groups[at - 1]?.at(-1)?.at_ms ?? Number.NEGATIVE_INFINITY;
    const later_ms = groups[at + 1]?.[0]?.at_ms ?? Number.POSITIVE_INFINITY;
    const window = {
      from_ms: Math.max(first_ms - before_ms, earlier_ms + 1),
      to_ms: Math.min(last_ms + after_ms, later_ms - 1),
    };
    return readEpisode(file, window, first_ms, last_ms);
  });
}

function groupMarks({ evidence, victim }: CaseFile): Evidence[][] {
  const groups: Evidence[][] = [];
  for (const one of evidence.filter((one) => isMark(one, victim))) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const isOver = group?.some(({ fact }) => fact.is === 'fence-acknowledged') ?? false;
    const limit_ms = isOver ? minute_ms : one.fact.is === 'fence-acknowledged' ? longest_wait_ms : apart_ms;
    if (last === undefined || one.at_ms - last.at_ms > limit_ms) groups.push([one]);
    else group!.push(one);
  }
  return groups;
}

const ends: ReadonlySet<string> = new Set(['expired', 'client-died', 'left-active', 'reset']);

function isMark({ fact, node }: Evidence, victim: string): boolean {
  if (fact.is === 'node-state') return fact.about === victim && fact.to === 'fence';
  if (fact.is === 'fence-acknowledged') return fact.about === victim;
  if (node !== victim) return false;
  return fact.is === 'told-to-fence' || (fact.is === 'watchdog' && ends.has(fact.event));
}

function readEpisode(file: CaseFile, window: Window, first_ms: number, last_ms: number): Episode {
  const { victim } = file;
  const early: Window = { from_ms: window.from_ms, to_ms: last_ms };
  const left = leaving(file, { from_ms: window.from_ms, to_ms: Math.max(first_ms, last_ms) });
  const trouble_ms = left?.at_ms ?? first_ms - 2 * minute_ms;
  const near: Window = { from_ms: Math.max(window.from_ms, trouble_ms - 2 * minute_ms), to_ms: last_ms };
  const mine = <E extends Evidence>(all: readonly E[]): E[] => all.filter(({ node }) => node === victim);
  const of = <Is extends Fact['is']>(is: Is, where: Window): EvidenceOf<Is>[] => file.all(is, where);

  const booted = mine(of('boot', { from_ms: trouble_ms, to_ms: window.to_ms }))[0];
  const untilBoot: Window = { from_ms: near.from_ms, to_ms: booted === undefined ? window.to_ms : booted.at_ms - 1 };
  const watchdog = mine(of('watchdog', untilBoot));
  const expired = watchdog.find(({ fact }) => fact.event !== 'reset' && ends.has(fact.event));
  const warned = watchdog.findLast(
    ({ at_ms, fact }) => fact.event === 'about-to-expire' && at_ms <= (expired?.at_ms ?? Number.POSITIVE_INFINITY),
  );
  const states = of('node-state', window).filter(({ fact }) => fact.about === victim);
  const fence = states.find(({ fact }) => fact.to === 'fence');
  const acknowledged = of('fence-acknowledged', window).findLast(({ fact }) => fact.about === victim);
  const quorum = of('quorum', near).filter(({ fact }) => !fact.quorate);
  const lastWord_ms = file.lastWordOf(victim, booted === undefined ? window.to_ms : booted.at_ms - 1);
  const until_ms = Math.min(untilBoot.to_ms, (acknowledged?.at_ms ?? last_ms) + 30 * minute_ms);

  return {
    victim,
    window,
    left,
    links: linksDown(file, { from_ms: near.from_ms, to_ms: expired?.at_ms ?? last_ms }),
    stalls: mine(of('stall', untilBoot)),
    deaths: mine(of('daemon-died', untilBoot)),
    cfsFailures: mine(of('cfs-failed', untilBoot)),
    quorumLost: mine(quorum)[0],
    othersWithoutQuorum: [...new Set(quorum.map(({ node }) => node))].filter((node) => node !== victim).sort(),
    lockLost: mine(of('lock', untilBoot)).find(({ fact }) => !fact.isHeld && fact.name === `ha_agent_${victim}_lock`),
    lrmLost: mine(of('daemon-state', untilBoot)).find(
      ({ fact }) => fact.daemon === 'lrm' && fact.to === 'lost_agent_lock',
    ),
    warned,
    expired,
    reset: watchdog.find(({ fact }) => fact.event === 'reset'),
    lastFed: lastFed(watchdog, warned, expired),
    shutdown: mine(of('shutdown', { from_ms: near.from_ms, to_ms: Math.min(last_ms, untilBoot.to_ms) })).at(-1),
    booted,
    lastWord_ms,
    wordsAfter: left === undefined ? 0 : file.wordsOf(victim, { from_ms: left.at_ms + 2000, to_ms: until_ms }),
    unknown: states.findLast(
      ({ at_ms, fact }) => fact.to === 'unknown' && fact.from !== 'fence' && at_ms <= (fence?.at_ms ?? last_ms),
    ),
    fence,
    acknowledged,
    newMaster: of('daemon-state', { from_ms: trouble_ms, to_ms: acknowledged?.at_ms ?? last_ms })
      .filter(({ fact, node }) => node !== victim && fact.daemon === 'crm' && fact.to === 'master')
      .at(-1),
    recoveries: recoveries(file, { from_ms: fence?.at_ms ?? early.from_ms, to_ms: window.to_ms }),
    back: comesBack(file, { from_ms: acknowledged?.at_ms ?? last_ms, to_ms: window.to_ms }),
  };
}

/** The last ring that was formed without the victim before it counted as dead. */
function leaving(file: CaseFile, window: Window): Episode['left'] {
  const id = file.victimId;
  if (id === undefined) return undefined;
  const rings = file.lossesOf(id, window);
  const last = rings.at(-1);
  if (last === undefined) return undefined;
  const same = rings.filter(({ fact }) => fact.ring === last.fact.ring);
  return { at_ms: same[0]!.at_ms, seenBy: [...new Set(same.map(({ node }) => node))].sort() };
}

function linksDown(file: CaseFile, window: Window): EvidenceOf<'link' | 'unreachable'>[] {
  const { victim, victimId } = file;
  const concerns = ({ fact, node }: EvidenceOf<'link' | 'unreachable'>): boolean =>
    node === victim || fact.peer === victimId;
  const links = file.all('link', window);
  const isBack = ({ at_ms, fact, node }: EvidenceOf<'link' | 'unreachable'>): boolean =>
    links.some(
      (later) => later.fact.isUp && later.node === node && later.fact.peer === fact.peer && later.at_ms >= at_ms,
    );
  return [...links.filter(({ fact }) => !fact.isUp), ...file.all('unreachable', window)]
    .filter((one) => concerns(one) && !isBack(one))
    .sort((a, b) => a.at_ms - b.at_ms);
}

function lastFed(
  watchdog: readonly EvidenceOf<'watchdog'>[],
  warned: Evidence | undefined,
  expired: EvidenceOf<'watchdog'> | undefined,
): Episode['lastFed'] {
  const limit_ms = expired?.at_ms ?? Number.POSITIVE_INFINITY;
  const fed = watchdog.findLast(({ at_ms, fact }) => fact.event === 'fed' && at_ms <= limit_ms);
  if (fed !== undefined) return { at_ms: fed.at_ms, isEstimate: false };
  if (warned !== undefined) return { at_ms: warned.at_ms - warning_ms, isEstimate: true };
  if (expired?.fact.event === 'expired') return { at_ms: expired.at_ms - expiry_ms, isEstimate: true };
  return undefined;
}

function recoveries(file: CaseFile, window: Window): readonly Recovery[] {
  const services = file.all('service', window);
  const guests = file.all('guest', window);
  const decisions = file.all('decision', window);
  const recovered = file.all('recover', window).filter(({ fact }) => fact.from === file.victim);
  const stranded = file.all('no-recovery-node', window).filter(({ fact }) => fact.from === file.victim);
  const sids = new Set([...recovered, ...stranded].map(({ fact }) => fact.sid));
  return [...sids].sort().map((sid) => {
    const recovery = recovered.find(({ fact }) => fact.sid === sid);
    const since_ms = recovery?.at_ms ?? window.from_ms;
    const later = guests.filter(({ at_ms, fact }) => fact.sid === sid && at_ms >= since_ms - 1000);
    const running = later.find(({ fact }) => fact.did === 'started');
    return {
      sid,
      to: recovery?.fact.to,
      fenced_ms: services.find(({ fact }) => fact.sid === sid && fact.to === 'fence')?.at_ms,
      recovered_ms: recovery?.at_ms,
      running: running && { at_ms: running.at_ms, on: running.node },
      failed: running === undefined && later.some(({ fact }) => fact.did === 'failed'),
      reasons: decisions.findLast(({ at_ms, fact }) => fact.sid === sid && at_ms <= since_ms + 1000)?.fact.reasons,
    };
  });
}

function comesBack(file: CaseFile, window: Window): Evidence | undefined {
  const states = file.all('node-state', window).filter(({ fact }) => fact.about === file.victim);
  return states.find(({ fact }) => fact.to === 'online');
}
