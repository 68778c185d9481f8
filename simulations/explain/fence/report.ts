/** The answer to `explain fence`: as text, and as data. */
import { CaseFile } from './case-file.ts';
import { findEpisodes } from './episode.ts';
import type { Testimony } from './evidence.ts';
import { type Story, tellStory, timeOf } from './story.ts';
import { span } from './told-time.ts';

export interface FenceReport {
  readonly node: string;
  readonly fencings: readonly (Story & { readonly from_ms: number; readonly to_ms: number })[];
  /** Times at which its watchdog was about to expire and was fed after all. */
  readonly close_calls_ms: readonly number[];
  /** Milliseconds that the clock of a node, or of one start of its process, is ahead of the reference. */
  readonly clocks: Readonly<Record<string, number>>;
  readonly nodes: readonly string[];
  readonly sources: Testimony['sources'];
  readonly unread: Testimony['unread'];
}

export function reportFence(node: string, testimony: Testimony): { report: FenceReport; text: string } {
  const file = new CaseFile(node, testimony);
  const episodes = findEpisodes(file);
  const stories = episodes.map((episode) => tellStory(file, episode));
  const fencings = stories.map((story) => ({
    ...story,
    from_ms: story.steps[0]?.at_ms ?? 0,
    to_ms: story.steps.at(-1)?.at_ms ?? 0,
  }));
  const always = { from_ms: Number.NEGATIVE_INFINITY, to_ms: Number.POSITIVE_INFINITY };
  const close_calls_ms = file
    .all('watchdog', always)
    .filter((one) => one.node === node && one.fact.event === 'fed-in-time')
    .map(({ at_ms }) => at_ms);
  const report: FenceReport = {
    node,
    fencings,
    close_calls_ms,
    clocks: Object.fromEntries(file.clocks.ahead_ms),
    nodes: [...file.activity.keys()].sort(),
    sources: testimony.sources,
    unread: testimony.unread,
  };
  const lines = stories.flatMap((story, at) => [...(at > 0 ? ['', ''] : []), ...storyLines(file, story)]);
  if (stories.length === 0) lines.push(nothingFound(file, close_calls_ms));
  lines.push('', ...evidenceLines(file));
  return { report, text: lines.join('\n') };
}

function nothingFound(file: CaseFile, close_calls_ms: readonly number[]): string {
  const { testimony, victim } = file;
  const { sources } = testimony;
  const lines = sources.reduce((sum, { lines }) => sum + lines, 0);
  if (sources.length === 0) return `Nothing could be read, so nothing is known of ${victim}.`;
  const last = close_calls_ms.at(-1);
  if (last !== undefined) {
    return `${victim} was not fenced, but it came close: at ${timeOf(file).day(last)} its watchdog was fed again less than 10 s before its end.`;
  }
  const id = file.victimId;
  const always = { from_ms: Number.NEGATIVE_INFINITY, to_ms: Number.POSITIVE_INFINITY };
  const lost = id === undefined ? undefined : file.lossesOf(id, always).at(-1);
  if (lost !== undefined) {
    return `${victim} was not fenced, as far as these files tell: the others lost it at ${timeOf(file).day(lost.at_ms)}, but no master took its lock and no watchdog expired.`;
  }
  const known = [...file.activity.keys()].sort().join(', ');
  return `Nothing in ${lines} lines of ${known || 'no node'} tells that ${victim} was fenced.`;
}

const width = 100;
const most_files_told = 8;

function storyLines(file: CaseFile, { missing, recoveries, steps, summary, victim }: Story): readonly string[] {
  const time = timeOf(file);
  const first_ms = steps[0]?.at_ms ?? 0;
  const lines = [`Fencing of ${victim}, ${time.day(first_ms)}`, ''];
  for (const sentence of summary) lines.push(...wrap(sentence, '  '));
  lines.push('', 'What happened');
  const nodes = Math.max(...steps.map(({ nodes }) => nodes.join(', ').length), 4);
  for (const step of steps) {
    const at = `${step.isInferred ? '~' : ' '}${time.near(step.at_ms, first_ms)}`;
    lines.push(`  ${at}  ${step.nodes.join(', ').padEnd(nodes)}  ${step.sentence}`);
  }
  const timed = recoveries.filter(({ down_ms }) => down_ms !== undefined);
  if (recoveries.length > 0) lines.push('', 'Services');
  for (const { down_ms, failed, running, sid, to, why } of recoveries) {
    const where = to === undefined ? 'no node was found' : `to ${to}`;
    const end =
      running !== undefined
        ? `, runs again at ${time.clock(running.at_ms)}${down_ms === undefined ? '' : `, ${span(down_ms)} after its node was lost`}`
        : failed
          ? ', its start failed'
          : to === undefined
            ? ''
            : ', no log tells of its start';
    lines.push(`  ${sid}  ${where}${end}${why ? ` (${why})` : ''}`);
  }
  if (timed.length > 1) {
    const longest = Math.max(...timed.map(({ down_ms }) => down_ms!));
    lines.push(`  the last of them ran again ${span(longest)} after the node was lost`);
  }
  if (missing.length > 0) lines.push('', 'What is missing');
  for (const sentence of missing) lines.push(...wrap(sentence, '  '));
  return lines;
}

function evidenceLines(file: CaseFile): readonly string[] {
  const { sources, unread, zone_minutes } = file.testimony;
  const lines = ['Read'];
  if (sources.length > most_files_told) {
    const nodes = [...new Set(sources.flatMap((one) => one.nodes))].sort();
    const [count, skipped] = [sum(sources.map((one) => one.lines)), sum(sources.map((one) => one.skipped))];
    lines.push(`  ${sources.length} files of ${nodes.join(', ')}: ${count} lines, ${skipped} of them passed over`);
  } else {
    for (const { kind, lines: count, nodes, path, skipped } of sources) {
      lines.push(
        `  ${path}: ${kind} of ${nodes.join(', ') || 'nobody'}, ${count} lines, ${skipped} of them passed over`,
      );
    }
  }
  for (const { path, why } of unread) lines.push(`  ${path}: ${why}`);
  for (const [clock, ahead_ms] of file.clocks.ahead_ms) {
    if (Math.abs(ahead_ms) < 500) continue;
    const node = clock.replace(/@.*$/, '');
    const reference = file.clocks.reference!.replace(/@.*$/, '');
    const way = ahead_ms > 0 ? 'ahead of' : 'behind';
    lines.push(
      `  the clock of ${node} was ${span(ahead_ms)} ${way} that of ${reference}; times are those of ${reference}`,
    );
  }
  if (zone_minutes !== 0) lines.push(`  times are as written, ${zoneName(zone_minutes)}`);
  lines.push('  ~ marks what follows from the rules and stands in no log');
  return lines;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function zoneName(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

function wrap(sentence: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of sentence.split(' ')) {
    if (line.length + word.length + 1 > width && line.trim() !== '') {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  lines.push(line);
  return lines;
}
