import { PvecmFailure } from './failure.ts';
import { type PvecmPorts, sleep } from './ports.ts';

const WITHIN_MS = 120_000;
const POLL_MS = 100;

/** Until this node is quorate in its cluster and its tree is up to date. `done` is what holds even where that takes too long. */
export async function waitUntilReady({ client, clock }: PvecmPorts, done: string): Promise<void> {
  const end_ms = clock.monotonic_ms() + WITHIN_MS;
  for (;;) {
    const description = await client.describeIfRunning();
    if (description?.mode === 'cluster' && description.ready) return;
    if (clock.monotonic_ms() >= end_ms) {
      throw new PvecmFailure(
        `${done}, but this node has no quorum after ${WITHIN_MS / 1000} s; see 'pvecm status' and the node's log`,
      );
    }
    await sleep(clock, POLL_MS);
  }
}
