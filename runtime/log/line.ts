/** The text form of a log line, and the order of levels. Pure. */
import type { LogLevel } from './log.ts';

/** From the gravest to the least. */
export const levels: readonly LogLevel[] = ['crit', 'error', 'warning', 'notice', 'info', 'debug'];

/** Does a line of `level` pass a log that is set to `threshold`? */
export function passes(level: LogLevel, threshold: LogLevel): boolean {
  return levels.indexOf(level) <= levels.indexOf(threshold);
}

/** `[<domain>] <level>: <message>`, always one line: control characters are shown escaped. */
export function logLine(domain: string, level: LogLevel, message: string): string {
  return `[${domain}] ${level}: ${oneLine(message)}`;
}

/** What stands before a line: the instant (ISO 8601, UTC) and the node, where they are wanted. */
export function linePrefix(wall_ms: number | undefined, node: string | undefined): string {
  const stamp = wall_ms === undefined ? '' : `${new Date(wall_ms).toISOString()} `;
  return node === undefined ? stamp : `${stamp}${node} `;
}

// A log line is shown on terminals: what would move their cursor or colour them stays visible as text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function oneLine(message: string): string {
  return message.replace(control, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\t') return ' ';
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
