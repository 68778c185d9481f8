/** Tells one fencing: in short, and step by step, in sentences for somebody who was woken up by it. */
import type { CaseFile } from './case-file.ts';
import { type Cause, causeOf } from './cause.ts';
import type { Episode, Recovery } from './episode.ts';
import type { Evidence } from './evidence.ts';
import { reasonsInWords } from './reasons.ts';
import { list, span, ToldTime } from './told-time.ts';

export interface Step {
  readonly at_ms: number;
  /** An estimate, or a bound that follows from the rules. */
  readonly isInferred: boolean;
  readonly nodes: readonly string[];
  readonly sentence: string;
}

export interface Story {
  readonly victim: string;
  readonly cause: Cause;
  readonly summary: readonly string[];
  readonly steps: readonly Step[];
  readonly recoveries: readonly (Recovery & {
    readonly why: string | undefined;
    readonly down_ms: number | undefined;
  })[];
  readonly missing: readonly string[];
}

/** Client timeout of the multiplexer, then the device's own (spec/ha.md §10), and the life of a lock (§12). */
const client_ms = 60_000;
const device_ms = 10_000;
const lock_ms = 120_000;

export function tellStory(file: CaseFile, episode: Episode): Story {
  const cause = causeOf(episode, file.activity.has(episode.victim));
  return {
    victim: episode.victim,
    cause,
    summary: summarise(file, episode, cause),
    steps: stepsOf(file, episode),
    recoveries: episode.recoveries.map((recovery) => ({
      ...recovery,
      why: recovery.reasons === undefined ? undefined : reasonsInWords(recovery.reasons, recovery.to),
      down_ms: downtime(episode, recovery),
    })),
    missing: whatIsMissing(file, episode, cause),
  };
}

/** Of the guest, from when its node was lost or silent. */
function downtime({ lastWord_ms, left }: Episode, { running }: Recovery): number | undefined {
  const from_ms = left?.at_ms ?? lastWord_ms;
  return running === undefined || from_ms === undefined ? undefined : running.at_ms - from_ms;
}

// In short

function summarise(file: CaseFile, episode: Episode, cause: Cause): readonly string[] {
  return [
    whatHappened(file, episode, cause),
    howItEnded(file, episode, cause),
    whoTookOver(file, episode),
    whatBecame(episode),
  ].filter((sentence) => sentence !== '');
}

function whatHappened(file: CaseFile, episode: Episode, cause: Cause): string {
  const { left, victim } = episode;
  const time = timeOf(file);
  const at = left === undefined ? '' : ` at ${time.clock(left.at_ms)}`;
  switch (cause) {
    case 'orderly-shutdown':
      return `${victim} was shut down or rebooted on purpose (${episode.shutdown!.text}); the others lost it${at}.`;
    case 'network':
      return `${victim} was cut off from the others${at}${linksInWords(file, episode)}, while it went on running.`;
    case 'stalled': {
      const longest = episode.stalls.reduce((a, b) => (b.fact.ms > a.fact.ms ? b : a));
      const lost = left === undefined ? '' : `, and the others lost it${at}`;
      return `${victim} stood still: ${longest.fact.of} did not run for ${span(longest.fact.ms)} before ${time.clock(longest.at_ms)}${lost}. Look for overload, swapping, a paused VM or a slow disk.`;
    }
    case 'daemon-died': {
      const death = episode.deaths[0];
      if (death === undefined)
        return `A client of ${victim}'s watchdog (pve-ha-crm or pve-ha-lrm) ended without closing it.`;
      return `${death.fact.daemon} on ${victim} ended at ${time.clock(death.at_ms)} (${death.fact.how}).`;
    }
    case 'lock-not-renewed': {
      const failure = episode.cfsFailures[0];
      const why = failure === undefined ? '' : `: ${failure.text}`;
      return `${victim} stayed a member of the cluster, but its HA daemons did not renew lock and watchdog in time${why}.`;
    }
    case 'silent':
      return `${victim} stopped in the middle of its work: its last line is of ${time.clock(episode.lastWord_ms!)}, and the others lost it${at}. That is what a power failure, a kernel crash or a hang looks like.`;
    case 'no-quorum-anywhere':
      return `The whole cluster lost its quorum${at}: not only ${victim}, also ${list(episode.othersWithoutQuorum)}.`;
    case 'victim-not-heard':
      return `The others lost ${victim}${at}${linksInWords(file, episode)}. Without a log of ${victim} nobody can tell whether it lost its network, stood still or lost its power.`;
  }
}

function linksInWords(file: CaseFile, { links, victim }: Episode): string {
  const dead = links.filter(({ fact }) => fact.is === 'unreachable');
  const all = dead.length > 0 ? dead : links;
  if (all.length === 0) return '';
  const pairs = new Set(all.map(({ fact, node }) => (node === victim ? file.nameOf(fact.peer) : node)));
  const what = dead.length > 0 ? 'no link is left' : 'links went down';
  return ` (${what} between ${victim} and ${list([...pairs].sort())})`;
}

function howItEnded(file: CaseFile, episode: Episode, cause: Cause): string {
  const { booted, expired, lastFed, victim } = episode;
  const time = timeOf(file);
  const again = booted === undefined ? '' : ` It started again at ${time.clock(booted.at_ms)}.`;
  if (cause === 'orderly-shutdown') return again.trim();
  if (expired !== undefined) {
    const fed =
      lastFed === undefined ? '' : `, last fed at ${lastFed.isEstimate ? 'about ' : ''}${time.clock(lastFed.at_ms)}`;
    const how =
      expired.fact.event === 'expired'
        ? `expired at ${time.clock(expired.at_ms)}${fed}`
        : `was left unfed from ${time.clock(expired.at_ms)} on`;
    const end =
      episode.reset === undefined
        ? `the hardware reset ${victim} at most ${span(device_ms)} later`
        : `${victim} was reset at ${time.clock(episode.reset.at_ms)}`;
    return `Its watchdog ${how}; ${end}.${again}`;
  }
  if (cause === 'silent') return `Nothing says that the watchdog ended it.${again}`;
  const bound_ms = lastFeedAtMost(episode);
  if (bound_ms === undefined) return again.trim();
  return `By the rules its watchdog ended it by ${time.clock(bound_ms + client_ms + device_ms)}: without quorum or lock nothing fed it after ${time.clock(bound_ms)}.${again}`;
}

/** Feeding follows a renewal of the lock, which needs quorum. */
function lastFeedAtMost({ lastFed, lockLost, lrmLost, quorumLost }: Episode): number | undefined {
  if (lastFed !== undefined) return lastFed.at_ms;
  const signs = [lockLost, lrmLost, quorumLost].flatMap((one) => (one === undefined ? [] : [one.at_ms]));
  return signs.length === 0 ? undefined : Math.min(...signs);
}

function whoTookOver(file: CaseFile, episode: Episode): string {
  const { acknowledged, fence, newMaster, unknown, victim } = episode;
  const time = timeOf(file);
  if (acknowledged === undefined) {
    if (fence === undefined) return `No log tells that a master fenced ${victim}.`;
    return `${fence.node} wanted to fence ${victim} from ${time.clock(fence.at_ms)} on, but no log tells that it got the lock ha_agent_${victim}_lock: until then nothing of ${victim} may run elsewhere.`;
  }
  const master = acknowledged.node;
  const isNew = newMaster?.node === master ? `, master since ${time.clock(newMaster.at_ms)},` : ', the master,';
  const missed = unknown === undefined ? '' : ` missed ${victim} from ${time.clock(unknown.at_ms)} on,`;
  const wanted = fence === undefined ? '' : ` wanted it fenced at ${time.clock(fence.at_ms)} and`;
  return `${master}${isNew}${missed}${wanted} took the lock ha_agent_${victim}_lock at ${time.clock(acknowledged.at_ms)}: ${whyThen(file, episode)}.`;
}

/** Why the lock could be had then and not earlier. */
function whyThen(file: CaseFile, episode: Episode): string {
  const { acknowledged, fence } = episode;
  const time = timeOf(file);
  const at_ms = acknowledged!.at_ms;
  const fed_ms = lastFeedAtMost(episode);
  if (fed_ms !== undefined && at_ms - fed_ms >= lock_ms - 15_000) {
    return `${span(at_ms - fed_ms)} after it could last have been renewed (a lock lives ${lock_ms / 1000} s, longer than watchdog and device together)`;
  }
  if (fence !== undefined && at_ms - fence.at_ms < 5000) return 'it was free by then, released or expired';
  if (fence !== undefined)
    return `it expired ${span(at_ms - fence.at_ms)} after the master had asked for it (${time.clock(fence.at_ms)})`;
  return 'it was free or had expired';
}

function whatBecame({ acknowledged, recoveries, victim }: Episode): string {
  if (recoveries.length === 0) {
    return acknowledged === undefined ? '' : `No service of ${victim} is told to have been recovered.`;
  }
  const placed = recoveries.filter(({ to }) => to !== undefined);
  const lost = recoveries.filter(({ to }) => to === undefined);
  const where = placed.map(({ sid, to }) => `${sid} → ${to}`).join(', ');
  const sentences: string[] = [];
  if (placed.length > 0) sentences.push(`Recovered: ${where}.`);
  if (lost.length > 0) sentences.push(`No node was found for ${list(lost.map(({ sid }) => sid))}.`);
  return sentences.join(' ');
}

// Step by step

function stepsOf(file: CaseFile, episode: Episode): readonly Step[] {
  const { victim } = episode;
  const steps: Step[] = [];
  const put = (evidence: Evidence | undefined, sentence: string): void => {
    if (evidence !== undefined)
      steps.push({ at_ms: evidence.at_ms, isInferred: false, nodes: [evidence.node], sentence });
  };
  const infer = (at_ms: number, sentence: string): void => {
    steps.push({ at_ms, isInferred: true, nodes: [victim], sentence });
  };
  for (const { sentence, ...evidence } of onePerLink(file, episode))
    steps.push({ ...evidence, isInferred: false, sentence });
  for (const stall of episode.stalls) put(stall, `${stall.fact.of} had not run for ${span(stall.fact.ms)}`);
  for (const death of episode.deaths) put(death, `${death.fact.daemon} ended: ${death.fact.how}`);
  put(episode.cfsFailures[0], `the cluster file system failed: ${episode.cfsFailures[0]?.text}`);
  if (episode.left !== undefined) {
    const { at_ms, seenBy } = episode.left;
    steps.push({ at_ms, isInferred: false, nodes: seenBy, sentence: `formed a membership without ${victim}` });
  }
  put(episode.quorumLost, 'lost its quorum: from now on it can renew no lock');
  put(
    episode.lockLost,
    `lost its lock ha_agent_${victim}_lock${episode.lockLost?.fact.error ? ` (${episode.lockLost.fact.error})` : ''}`,
  );
  put(episode.lrmLost, 'its LRM stopped acting (lost_agent_lock)');
  if (episode.lastFed !== undefined) {
    const { at_ms, isEstimate } = episode.lastFed;
    if (isEstimate) infer(at_ms, 'the watchdog was fed for the last time');
    else steps.push({ at_ms, isInferred: false, nodes: [victim], sentence: 'the watchdog was fed for the last time' });
  }
  put(episode.warned, 'the watchdog multiplexer warned: a client had not fed for 50 s');
  put(episode.expired, expiryWords[episode.expired?.fact.event ?? ''] ?? 'the watchdog was given up');
  put(episode.reset, `${victim} was reset`);
  if (episode.expired !== undefined && episode.reset === undefined) {
    infer(episode.expired.at_ms + device_ms, `the hardware had reset ${victim} by now`);
  }
  put(episode.shutdown, `was told to go down (${episode.shutdown?.text})`);
  put(episode.newMaster, 'became the master');
  put(episode.unknown, `the master no longer saw ${victim}`);
  put(episode.fence, `the master decided to fence ${victim}`);
  put(episode.acknowledged, `got the lock ha_agent_${victim}_lock: the proof that ${victim} runs nothing any more`);
  for (const { reasons, recovered_ms, sid, to } of episode.recoveries) {
    const node = episode.acknowledged?.node ?? '';
    if (recovered_ms === undefined || to === undefined) continue;
    const why = reasons === undefined ? '' : ` (${reasonsInWords(reasons, to)})`;
    steps.push({ at_ms: recovered_ms, isInferred: false, nodes: [node], sentence: `recovered ${sid} to ${to}${why}` });
  }
  for (const { running, sid } of episode.recoveries) {
    if (running !== undefined) {
      steps.push({ at_ms: running.at_ms, isInferred: false, nodes: [running.on], sentence: `${sid} runs again` });
    }
  }
  put(episode.booted, 'started again');
  put(episode.back, `the master saw ${victim} online again`);
  return steps.sort((a, b) => a.at_ms - b.at_ms);
}

const expiryWords: Readonly<Record<string, string>> = {
  expired: 'the watchdog expired: no more keep-alives to the hardware',
  'client-died': 'an HA daemon ended without closing its watchdog: no more keep-alives to the hardware',
  'left-active': 'the watchdog multiplexer was ended with clients: no more keep-alives to the hardware',
};

/** The first time for each pair. */
function onePerLink(file: CaseFile, { links, victim }: Episode) {
  const seen = new Set<string>();
  return links.flatMap(({ at_ms, fact, node }) => {
    const peer = file.nameOf(fact.peer);
    const sentence =
      fact.is === 'unreachable' ? `no link to ${peer} is left` : `link ${fact.link} to ${peer} went down`;
    const key = `${node} ${sentence}`;
    if (seen.has(key) || (node !== victim && peer !== victim)) return [];
    seen.add(key);
    return [{ at_ms, nodes: [node], sentence }];
  });
}

// What is missing

function whatIsMissing(file: CaseFile, episode: Episode, cause: Cause): readonly string[] {
  const { acknowledged, booted, fence, left, victim } = episode;
  const time = timeOf(file);
  const missing: string[] = [];
  for (const node of [...file.mentioned].sort()) {
    const seen = file.activity.get(node);
    if (seen === undefined) {
      missing.push(`There is no log of ${node}.`);
      continue;
    }
    const inWindow = seen.filter((at_ms) => at_ms >= episode.window.from_ms && at_ms <= episode.window.to_ms);
    const end_ms = acknowledged?.at_ms ?? fence?.at_ms;
    if (node === victim) {
      const isCut = cause !== 'orderly-shutdown' && episode.expired === undefined && inWindow.length > 0;
      if (isCut && left !== undefined && seen[0]! > left.at_ms) {
        missing.push(
          `The log of ${victim} begins at ${time.near(seen[0]!, left.at_ms)}, after the others had lost it.`,
        );
      } else if (isCut && booted === undefined) {
        missing.push(
          `The log of ${victim} ends at ${time.clock(inWindow.at(-1)!)}, without the end of its watchdog: the last lines before a reset often don't reach the disk.`,
        );
      } else if (inWindow.length === 0) {
        missing.push(`The log of ${victim} says nothing of this time.`);
      }
    } else if (inWindow.length === 0) missing.push(`The log of ${node} says nothing of this time.`);
    else if (end_ms !== undefined && inWindow.at(-1)! < end_ms && node !== acknowledged?.node) {
      missing.push(
        `The log of ${node} ends at ${time.clock(inWindow.at(-1)!)}, before the lock of ${victim} was taken.`,
      );
    }
  }
  for (const { path, why } of file.testimony.unread) missing.push(`${path} could not be read: ${why}.`);
  for (const { isCut, path } of file.testimony.sources)
    if (isCut) missing.push(`${path} ends in the middle of a record.`);
  return missing;
}

export function timeOf({ testimony }: CaseFile): ToldTime {
  return new ToldTime(testimony.zone_minutes);
}
