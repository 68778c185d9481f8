/** The history of a scenario: what its `show` line asks for, in order of time, what several nodes say at one time in one line. */
import { constants } from 'node:os';
import type { CheckerFactory, ObservedNode, Request } from '../checkers/observation.ts';
import type { TakenStep } from '../schedule/step.ts';
import type { Scenario, Topic } from './scenario.ts';
import { formatNodes, formatStep } from './syntax.ts';

/** Log lines of a topic: domain and how they begin. */
const LINES: readonly (readonly [topic: Topic, domain: string, start: RegExp])[] = [
  ['ring', 'QUORUM', /^Members\[/],
  ['quorum', 'status', /^node (has|lost) quorum/],
  ['leader', 'dcdb', /^leader is /],
  [
    'sync',
    'dcdb',
    /^(members: |all data is up to date|start sending|sent all|waiting for updates|update complete|leader is )/,
  ],
];

/** What several nodes write within this is one line. */
const TOGETHER_MS = 400;

interface Entry {
  readonly time_ms: number;
  readonly text: string;
  readonly nodes: Set<number>;
}

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, value]) => [value, name]),
);

export class History {
  readonly #entries: Entry[] = [];
  readonly #shown: ReadonlySet<Topic>;
  readonly #lines: readonly string[];

  constructor({ shown, shownLines }: Scenario) {
    this.#shown = new Set(shown);
    this.#lines = shownLines;
  }

  /** Looks on as a checker does, and has nothing to complain of. */
  readonly observer: CheckerFactory = (view) => ({
    rule: 'history',
    why: 'people want to read what happened',
    logged: (node, domain, message) => {
      if (this.#isShown(domain, message)) this.#together(view.now_ms, node, message);
    },
    returned: (request) => {
      if (this.#shown.has('answers') && request.client.startsWith('script-')) this.#answered(view.now_ms, request);
    },
  });

  /** A step is about to be taken. */
  took(step: TakenStep): void {
    if (!this.#shown.has('acts') || !('act' in step)) return;
    const { at_ms, ...act } = step;
    // All start at the start.
    if (at_ms === 0 && act.act === 'boot') return;
    this.#add(at_ms, `- ${formatStep(act)}`);
  }

  /** An expectation is met. */
  met(time_ms: number, step: TakenStep): void {
    if (!this.#shown.has('expectations') || !('expect' in step)) return;
    const { at_ms: _at, ...expectation } = step;
    this.#add(time_ms, `- met: ${formatStep({ ...expectation, within_ms: 0 }).replace(/^expect /, '')}`);
  }

  /** A line per entry. */
  get text(): string {
    return this.#entries
      .map(({ time_ms, text, nodes }) => {
        const names = formatNodes([...nodes].sort((a, b) => a - b));
        return `${(time_ms / 1000).toFixed(1)}s ${names.length > 0 ? `${names.join(' ')}: ` : ''}${text}\n`;
      })
      .join('');
  }

  #isShown(domain: string, message: string): boolean {
    if (this.#lines.some((start) => message.startsWith(start))) return true;
    return LINES.some(([topic, of, start]) => of === domain && this.#shown.has(topic) && start.test(message));
  }

  #answered(time_ms: number, { nodeid, kind, path, to, result = 0 }: Request): void {
    const answer = result >= 0 ? 'done' : (ERRNO_NAMES.get(-result) ?? String(result));
    this.#add(time_ms, `${kind} ${path}${to === '' ? '' : ` ${to}`}: ${answer}`, nodeid);
  }

  #together(time_ms: number, { nodeid }: ObservedNode, text: string): void {
    const same = this.#entries.findLast((entry) => entry.text === text && !entry.nodes.has(nodeid));
    if (same !== undefined && time_ms - same.time_ms <= TOGETHER_MS) same.nodes.add(nodeid);
    else this.#add(time_ms, text, nodeid);
  }

  #add(time_ms: number, text: string, node?: number): void {
    this.#entries.push({ time_ms, text, nodes: new Set(node === undefined ? [] : [node]) });
  }
}
