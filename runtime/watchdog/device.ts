/** The hardware watchdog as its only user sees it: once open, it resets the node unless it is fed in time. */
export interface WatchdogDevice {
  /** For the log: what it is. */
  readonly identity: string;
  feed(): void;
  /** Stops it for good. */
  disarm(): void;
}
