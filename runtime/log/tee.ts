import type { Log } from './log.ts';

/** One log that writes to all of them, in order. */
export function teeLog(...logs: readonly Log[]): Log {
  return {
    write: (domain, level, message) => {
      for (const log of logs) log.write(domain, level, message);
    },
  };
}
