/** Log lines for a person in front of a terminal, or for whoever reads our standard output. */
import type { Clock } from '../clock/clock.ts';
import { linePrefix, logLine, passes } from './line.ts';
import type { Log, LogLevel } from './log.ts';

export interface ConsoleLogOptions {
  readonly level: LogLevel;
  /** Puts the time before every line. */
  readonly stampedBy?: Clock;
  /** Puts the node's name before every line: for several nodes on one terminal. */
  readonly node?: string;
  /** Takes whole lines with their newline. Default: standard output. */
  readonly output?: (line: string) => void;
}

export function createConsoleLog(options: ConsoleLogOptions): Log {
  const { level: threshold, stampedBy, node } = options;
  const output = options.output ?? standardOutput();
  return {
    write: (domain, level, message) => {
      if (!passes(level, threshold)) return;
      output(`${linePrefix(stampedBy?.wall_ms(), node)}${logLine(domain, level, message)}\n`);
    },
  };
}

/** A reader that goes away (`boot | head`) ends the lines there, not the node. */
function standardOutput(): (line: string) => void {
  let isRead = true;
  process.stdout.on('error', () => {
    isRead = false;
  });
  return (line) => {
    if (isRead) process.stdout.write(line);
  };
}
