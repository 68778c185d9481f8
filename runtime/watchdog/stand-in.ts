/**
 * A watchdog for nodes without one of their own, several of which may live on one machine: when it isn't fed, it ends all processes of
 * its node at once, guests included, as a reset would (`marked-processes.ts`).
 */
import type { Clock } from '../clock/clock.ts';
import type { WatchdogDevice } from './device.ts';

export interface StandInOptions {
  readonly clock: Clock;
  readonly timeout_s: number;
  /** Ends the node. */
  readonly reset: () => void;
}

export function standInWatchdog({ clock, reset, timeout_s }: StandInOptions): WatchdogDevice {
  const arm = () => clock.setTimeout(reset, timeout_s * 1000);
  let timer = arm();
  return {
    identity: 'stand-in, ends all processes of the node',
    feed: () => {
      clock.clearTimeout(timer);
      timer = arm();
    },
    disarm: () => clock.clearTimeout(timer),
  };
}
