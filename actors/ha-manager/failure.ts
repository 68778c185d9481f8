/** What ends an ha-manager command: what is told on standard error, and whether the short usage follows (spec/cli.md §1.1). */
import type { Refusal } from '../../machines/ha/management/outcome.ts';

export class HaManagerFailure extends Error {
  readonly isAboutUsage: boolean;

  constructor(sentence: string, isAboutUsage = false) {
    super(sentence);
    this.isAboutUsage = isAboutUsage;
  }
}

/** The original's sentence alone, or `400 <sentence>` and a line per parameter. */
export function failureOf({ status, message, errors }: Refusal): HaManagerFailure {
  if (status === 500) return new HaManagerFailure(message);
  const complaints = Object.entries(errors ?? {}).map(([parameter, text]) => `${parameter}: ${text}`);
  return new HaManagerFailure([`${status} ${message}`, ...complaints].join('\n'), true);
}
