/**
 * The host of simulations: every incarnation lives in this thread, in the time of the clock it is given. No promises, no
 * timers of Node's, no randomness: with the same calls on the same clock, everything happens in the same order.
 * All modes run alike here; what only an own process survives (exit, an endless loop) cannot be simulated by it.
 */
import type { Clock } from '../clock/clock.ts';
import type { Log } from '../log/log.ts';
import type { Trace } from '../trace/trace.ts';
import { ActorGroup, nextTurn } from './actor-group.ts';
import type { ActorHost } from './host.ts';

export interface DeterministicHostOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly trace?: Trace;
}

export function createDeterministicHost(options: DeterministicHostOptions): ActorHost {
  const { clock, log, trace } = options;
  return {
    isIsolated: () => false,
    launch: ({ node, source }, events) => {
      if (!('definition' in source)) throw new Error('a simulation takes actors by value, not by module');
      const { definition, ports } = source;
      const group = new ActorGroup({
        node,
        definition,
        ports,
        clock,
        log,
        events,
        ...(trace === undefined ? {} : { trace }),
      });
      // In a later turn, like every other host: `launch` must have returned before anything is heard.
      nextTurn(clock, () => group.start());
      return group;
    },
    close: () => {},
  };
}
