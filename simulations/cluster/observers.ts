/** Hands every happening to the checkers that look at it, and collects what they find. */
import { CHECKERS } from '../checkers/all.ts';
import { HA_CHECKERS } from '../checkers/ha/all.ts';
import type { Checker, CheckerFactory, ClusterView } from '../checkers/observation.ts';

export interface Violation {
  readonly rule: string;
  readonly message: string;
  readonly time_ms: number;
}

/** Beside those that always look; `none`: nobody looks. */
export type ExtraCheckers = readonly CheckerFactory[] | 'none';

type Hook = Exclude<keyof Checker, 'rule' | 'why'>;
type Arguments<H extends Hook> = Parameters<NonNullable<Checker[H]>>;

/** After so many nothing new is learned. */
const MOST_VIOLATIONS = 20;

export class Observers {
  readonly violations: Violation[] = [];
  readonly #byHook = new Map<Hook, ((...values: never[]) => void)[]>();
  readonly #view: ClusterView;
  readonly #found: (violation: Violation) => void;

  /** `found` hears of every violation that is kept. */
  constructor(view: ClusterView, found: (violation: Violation) => void = () => {}) {
    this.#view = view;
    this.#found = found;
  }

  /** From now on the checkers look; the view is complete. */
  begin(more: ExtraCheckers = []): void {
    if (more === 'none') return;
    const all = this.#view.ha === undefined ? CHECKERS : [...CHECKERS, ...HA_CHECKERS];
    for (const create of [...all, ...more]) {
      const checker: Checker = create(this.#view, (message) => this.fail(checker.rule, message));
      for (const [name, hook] of Object.entries(checker)) {
        if (typeof hook !== 'function') continue;
        const hooks = this.#byHook.get(name as Hook) ?? [];
        hooks.push(hook as (...values: never[]) => void);
        this.#byHook.set(name as Hook, hooks);
      }
    }
  }

  tell<H extends Hook>(hook: H, ...values: Arguments<H>): void {
    const hooks = this.#byHook.get(hook);
    if (hooks === undefined) return;
    for (const run of hooks) run(...(values as never[]));
  }

  fail(rule: string, message: string): void {
    if (this.violations.length >= MOST_VIOLATIONS) return;
    const violation = { rule, message, time_ms: this.#view.now_ms };
    this.violations.push(violation);
    this.#found(violation);
  }
}
