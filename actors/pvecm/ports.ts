/** What every pvecm command works with: a node, time, chance, and the terminal. */
import type { Clock } from '../../runtime/clock/clock.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import type { Random } from '../../runtime/random/random.ts';
import type { NodeClient } from './node-client.ts';

export interface PvecmPorts {
  readonly layout: NodeLayout;
  readonly client: NodeClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Writes to standard output as it is. */
  readonly print: (text: string) => void;
  /** Writes a line to standard error. */
  readonly warn: (line: string) => void;
}

export function printLine({ print }: Pick<PvecmPorts, 'print'>, line: string): void {
  print(`${line}\n`);
}

/** A path of the host, `etc/ssh/…`, below the node's root (spec/pmxcfs.md §13.2.6). */
export function belowRoot({ root }: NodeLayout, path: string): string {
  return root.endsWith('/') ? `${root}${path}` : `${root}/${path}`;
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}

/** Result of `run`, unless `limit_ms` pass before: then `late` is thrown, and what still runs is left alone. */
export async function within<T>(clock: Clock, limit_ms: number, run: () => Promise<T>, late: Error): Promise<T> {
  let disarm = () => {};
  const overdue = new Promise<never>((_, reject) => {
    const timer = clock.setTimeout(() => reject(late), limit_ms);
    disarm = () => clock.clearTimeout(timer);
  });
  try {
    return await Promise.race([run(), overdue]);
  } finally {
    disarm();
  }
}
