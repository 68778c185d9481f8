/**
 * The Log port. A line is `[<domain>] <level>: <message>` (spec/pmxcfs.md, appendix A); adapters decide where it goes.
 * Domains are the original's: main, database, dcdb, status, quorum, confdb, ipcs, loop, libqb, TOTEM, QUORUM, ...
 */
export type LogLevel = 'crit' | 'error' | 'warning' | 'notice' | 'info' | 'debug';

export interface Log {
  write(domain: string, level: LogLevel, message: string): void;
}
