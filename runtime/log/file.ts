/** Log lines in a file: JSON (pino) for machines, or the lines that a person knows; bounded by rotation. */
import { type Logger, pino } from 'pino';
import type { Clock } from '../clock/clock.ts';
import { linePrefix, logLine, passes } from './line.ts';
import type { Log, LogLevel } from './log.ts';
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts';

export interface FileLogOptions extends RotatingFileOptions {
  readonly format: 'json' | 'text';
  readonly level: LogLevel;
  readonly clock: Clock;
  readonly node: string;
}

export interface FileLog extends Log {
  /** Lines that could not be written. */
  readonly lost: number;
  /** Opens the file anew with the next line: after logrotate moved it. */
  reopen(): void;
  close(): void;
}

/** pino wants numbers that grow with gravity. */
const gravity = { debug: 20, info: 30, notice: 35, warning: 40, error: 50, crit: 60 } satisfies Record<
  LogLevel,
  number
>;

/** A JSON line has `level` (its name), `time` (ms since the epoch), `node`, `domain` and `msg`. */
export function createFileLog(options: FileLogOptions): FileLog {
  const { format, level: threshold, clock, node } = options;
  const file = new RotatingFile(options);
  const write: Log['write'] = format === 'json' ? jsonWriter(options, file) : textWriter();

  function textWriter(): Log['write'] {
    return (domain, level, message) => {
      if (!passes(level, threshold)) return;
      file.write(`${linePrefix(clock.wall_ms(), node)}${logLine(domain, level, message)}\n`);
    };
  }

  return {
    write,
    get lost() {
      return file.lost;
    },
    reopen: () => file.close(),
    close: () => file.close(),
  };
}

function jsonWriter(options: FileLogOptions, file: RotatingFile): Log['write'] {
  const { level, clock, node } = options;
  const logger: Logger<LogLevel> = pino<LogLevel>(
    {
      level,
      customLevels: gravity,
      useOnlyCustomLevels: true,
      base: { node },
      timestamp: () => `,"time":${Math.round(clock.wall_ms())}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => file.write(line) },
  );
  return (domain, lineLevel, message) => logger[lineLevel]({ domain }, message);
}
