import type { Refusal } from '../../machines/ha/management/outcome.ts';
import { ToolFailure } from '../command-line/failure.ts';

/** The original's sentence alone, or `400 <sentence>` and a line per parameter. */
export function failureOf({ status, message, errors }: Refusal): ToolFailure {
  if (status === 500) return new ToolFailure(message);
  const complaints = Object.entries(errors ?? {}).map(([parameter, text]) => `${parameter}: ${text}`);
  return new ToolFailure([`${status} ${message}`, ...complaints].join('\n'), true);
}
