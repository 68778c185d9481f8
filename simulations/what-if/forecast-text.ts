/** What-if: a forecast as a person reads it. */
import type { ClusterDescription } from '../../actors/doctor/cluster-description.ts';
import { rulesInForce } from '../../actors/doctor/service-checks.ts';
import { enabledRules } from '../../machines/ha/rules/rule-set.ts';
import { list } from '../explain/fence/told-time.ts';
import type { TimedAct } from './acts.ts';
import { type Assumptions, assumptionsInWords } from './assumptions.ts';
import type { Happening } from './happening.ts';
import type { Forecast, Outcome, Range, Row, ServiceForecast } from './timeline.ts';

export interface Question {
  readonly cluster: ClusterDescription;
  readonly acts: readonly TimedAct[];
  readonly assumptions: Assumptions;
}

export function forecastText(question: Question, forecast: Forecast): string {
  const { acts, assumptions, cluster } = question;
  const { futures, services } = forecast;
  const asked =
    acts.map(({ at_s, text }) => (at_s === 0 ? text : `${text} at ${at_s}s`)).join(', ') || 'nothing is done';
  const lines = [
    `What if: ${asked}`,
    `cluster ${cluster.config.clusterName}, ${count(cluster.nodes.length, 'node')}, ${count(services.length, 'HA service')}; ${count(futures, 'future')}, the first act at another point of the daemons' rounds in each`,
    '',
    ...inShort(forecast).map((sentence) => `  ${sentence}`),
    '',
    ...rowLines(forecast),
  ];
  if (services.length > 0) lines.push('', ...serviceLines(cluster, services, futures));
  lines.push(...unmanagedLines(question, forecast));
  if (forecast.outcomes.length > 1) lines.push('', ...outcomeLines(forecast));
  lines.push('', `Assumed: ${assumptionsInWords(assumptions)}.`);
  return lines.join('\n');
}

// In short

export function inShort(forecast: Forecast): readonly string[] {
  const { futures, outcomes, services } = forecast;
  const sentences: string[] = [];
  const twice = rowsOf(forecast, 'twice');
  for (const { happening } of twice) sentences.push(`DANGER: ${happening.sid} runs on ${happening.nodes} at once.`);
  if (outcomes.length > 1)
    sentences.push(`It depends on chance: there are ${outcomes.length} outcomes in ${futures} futures.`);
  for (const { at_s, happening, futures: count } of rowsOf(forecast, 'node-down')) {
    if (happening.how === 'reset') {
      sentences.push(`${happening.node} is reset by its watchdog after ${range(at_s)}${inSome(count, futures)}.`);
    }
  }
  for (const { at_s, happening, futures: count } of rowsOf(forecast, 'fenced')) {
    sentences.push(`${happening.node} is fenced by the master after ${range(at_s)}${inSome(count, futures)}.`);
  }
  const left = services.filter(({ isLeftDown }) => isLeftDown);
  if (left.length > 0)
    sentences.push(
      `${count(left.length, 'service')} ${left.length === 1 ? 'stays' : 'stay'} down: ${list(left.map(({ sid }) => sid))}.`,
    );
  const back = services.filter(({ back_s, isLeftDown }) => back_s !== undefined && !isLeftDown);
  if (back.length > 0) {
    const last = Math.max(...back.map(({ back_s }) => back_s!.to));
    const longest = Math.max(...back.map(({ down_s }) => down_s!.to));
    sentences.push(
      `${count(back.length, 'service')} ${back.length === 1 ? 'is' : 'are'} down for up to ${seconds(longest)} s, and ${back.length === 1 ? 'runs' : 'all run'} again after ${seconds(last)} s at the latest.`,
    );
  }
  if (services.length > 0 && left.length === 0 && back.length === 0)
    sentences.push('Every service runs on without a break.');
  if (services.length === 0) sentences.push('HA manages no service here: nothing starts elsewhere.');
  if (!forecast.hasQuorum) sentences.push('At the end no node is quorate: nothing can be changed or recovered.');
  if (!forecast.isSettled && left.length === 0)
    sentences.push('At the end of the time that was looked at something was still going on.');
  return sentences;
}

type RowOf<What extends Happening['what']> = Row & { readonly happening: Extract<Happening, { what: What }> };

export function rowsOf<What extends Happening['what']>({ rows }: Forecast, what: What): readonly RowOf<What>[] {
  return rows.filter((row) => row.happening.what === what) as unknown as readonly RowOf<What>[];
}

// Step by step

function rowLines(forecast: Forecast): readonly string[] {
  const told = joined(forecast.rows).flatMap((row) => {
    const sentence = sentenceOf(row.happenings);
    return sentence === undefined ? [] : [{ ...row, sentence }];
  });
  const times = told.map(({ at_s }) => `+${range(at_s)}`);
  const width = Math.max(...times.map(({ length }) => length), 8);
  return told.map(
    ({ futures, sentence }, index) =>
      `  ${times[index]!.padEnd(width)}  ${sentence}${inSome(futures, forecast.futures)}`,
  );
}

interface JoinedRow {
  readonly happenings: readonly Happening[];
  readonly at_s: Range;
  readonly futures: number;
}

/** What happens to many at once is one line: guests that go down with their node, nodes that lose their quorum. */
function joined(rows: readonly Row[]): readonly JoinedRow[] {
  const lines: { key: string; happenings: Happening[]; at_s: Range; futures: number }[] = [];
  for (const { at_s, futures, happening } of rows) {
    const key = joinKey(happening, futures);
    const same = key === undefined ? undefined : lines.find((line) => line.key === key && areNear(line.at_s, at_s));
    if (same === undefined) lines.push({ key: key ?? '', happenings: [happening], at_s, futures });
    else {
      same.happenings.push(happening);
      same.at_s = { from: Math.min(same.at_s.from, at_s.from), to: Math.max(same.at_s.to, at_s.to) };
    }
  }
  return lines;
}

function joinKey(happening: Happening, futures: number): string | undefined {
  if (happening.what === 'lost') return `lost ${happening.node} ${futures}`;
  if (happening.what === 'quorum') return `quorum ${happening.isQuorate} ${futures}`;
  return undefined;
}

function areNear(a: Range, b: Range): boolean {
  return Math.abs(a.from - b.from) < 3 && Math.abs(a.to - b.to) < 3;
}

function sentenceOf(happenings: readonly Happening[]): string | undefined {
  const [first] = happenings;
  switch (first!.what) {
    case 'act':
      return first.text;
    case 'refused':
      return `'${first.text}' can't be done: there is no quorum, or the node isn't up`;
    case 'quorum': {
      const nodes = list(happenings.map((one) => (one as typeof first).node).sort());
      const verb = happenings.length === 1 ? ['has', 'loses'] : ['have', 'lose'];
      return first.isQuorate ? `${nodes} ${verb[0]} quorum again` : `${nodes} ${verb[1]} quorum`;
    }
    case 'node-down':
      return {
        power: `${first.node} is off`,
        reset: `${first.node} is reset by its watchdog`,
        shutdown: `${first.node} has shut down`,
      }[first.how];
    case 'node-up':
      return `${first.node} is up`;
    case 'watchdog-warned':
      return `${first.node}: a daemon has not fed its watchdog for 50 s`;
    case 'master':
      return `${first.node} becomes the master`;
    case 'node-state':
      return nodeStates[first.to]?.replace('N', first.node);
    case 'cut':
      return `a fence device takes the power of ${first.node}`;
    case 'fenced':
      return `the master has the lock of ${first.node}: what ran there may start elsewhere`;
    case 'recovered':
      return `${first.sid} is given to ${first.to}${because(first.why)}`;
    case 'no-room':
      return `no node for ${first.sid}${because(first.why)}`;
    case 'moving':
      return `${first.sid} moves from ${first.from} to ${first.to} (${first.verb})${because(first.why)}`;
    case 'lost':
      return `${list(happenings.map((one) => (one as typeof first).sid))} ${happenings.length === 1 ? 'goes' : 'go'} down with ${first.node}`;
    case 'obstacle':
      return `${first.sid} can't start on ${first.node}: ${first.why}`;
    case 'error':
      return `${first.sid} is in state error: HA leaves it alone from now on`;
    case 'twice':
      return `DANGER: ${first.sid} runs on ${first.nodes} at once`;
    case 'remark':
      return `HA says: ${first.text}`;
    case 'started':
    case 'stopped':
      // The list of services tells.
      return undefined;
  }
}

const nodeStates: Readonly<Record<string, string>> = {
  fence: 'the master wants N fenced',
  maintenance: 'N is in maintenance',
  online: 'the master sees N online again',
};

function because(why: string): string {
  return why === '' ? '' : `: ${why}`;
}

// Services

function serviceLines(
  cluster: ClusterDescription,
  services: readonly ServiceForecast[],
  futures: number,
): readonly string[] {
  const isTouched = ({ began, down_s, ends, isLeftDown, wanted }: ServiceForecast): boolean =>
    isLeftDown ||
    down_s !== undefined ||
    (wanted === 'started' && [...ends.keys()].some((end) => end !== (began ?? '')));
  const touched = services.filter(isTouched);
  const width = Math.max(0, ...touched.map(({ sid }) => sid.length));
  const lines = ['Services'];
  for (const service of touched)
    lines.push(`  ${service.sid.padEnd(width)}  ${serviceText(service, futures)}${byRules(cluster, service.sid)}`);
  const others = services.length - touched.length;
  if (others === 1) lines.push(`  ${touched.length === 0 ? 'it' : '1 other'} stays as it is`);
  else if (others > 0) lines.push(`  ${touched.length === 0 ? `all ${others}` : `${others} others`} stay as they are`);
  return lines;
}

function serviceText({ back_s, began, down_s, ends, isLeftDown, states }: ServiceForecast, futures: number): string {
  const places = [...ends].map(([end, count]) => {
    const place = end === '' ? `nowhere (${states.join(', ')})` : end;
    return count === futures ? place : `${place} in ${count} of ${futures}`;
  });
  const where = `${began ?? 'down'} → ${places.join(', ')}`;
  if (isLeftDown && ends.has('')) return `${where}, STAYS DOWN${futures === ends.get('') ? '' : ' in some'}`;
  if (isLeftDown) return `${where}, in state ${states.join(', ')}`;
  return back_s === undefined
    ? `${where}, without a break`
    : `${where}, down for ${range(down_s!)}, back after ${range(back_s)}`;
}

/** The rules that bear on a service, by their ids. */
export function byRules(cluster: ClusterDescription, sid: string): string {
  const ids = enabledRules(rulesInForce(cluster)).flatMap(([id, { resources }]) => (resources.has(sid) ? [id] : []));
  return ids.length === 0 ? '' : `; by rule${ids.length === 1 ? '' : 's'} ${list(ids)}`;
}

function unmanagedLines({ cluster }: Question, { outcomes }: Forecast): readonly string[] {
  const down = [...new Set(outcomes.flatMap(({ outcome }) => outcome.unmanagedDown))];
  if (down.length === 0) return [];
  const told = down.map((sid) => {
    const name = [...cluster.guests.values()].find((guest) => guest.sid === sid)?.name;
    return name === undefined ? sid : `${sid} (${name})`;
  });
  return ['', `Not managed by HA, and down at the end: ${list(told)}`];
}

function outcomeLines({ futures, outcomes }: Forecast): readonly string[] {
  const lines = ['Outcomes'];
  for (const { futures: count, outcome } of outcomes)
    lines.push(`  in ${count} of ${futures}: ${outcomeText(outcome)}`);
  return lines;
}

function outcomeText({ lost, placed, unmanagedDown }: Outcome): string {
  const parts = [
    lost.length > 0 ? `${list(lost)} ${lost.length === 1 ? 'is' : 'are'} reset or fenced` : '',
    Object.entries(placed)
      .map(([sid, end]) => `${sid} → ${end.replace(/^ /, 'nowhere ')}`)
      .join(', '),
    unmanagedDown.length > 0 ? `${list(unmanagedDown)} down` : '',
  ];
  return parts.filter((part) => part !== '').join('; ') || 'nothing changes';
}

// Numbers

function inSome(count: number, futures: number): string {
  return count === futures ? '' : ` (in ${count} of ${futures})`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `182–204 s`. */
export function range({ from, to }: Range): string {
  const [a, b] = [seconds(from), seconds(to)];
  return a === b ? `${a} s` : `${a}–${b} s`;
}

function seconds(value: number): string {
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}
