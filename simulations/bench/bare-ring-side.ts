/** Starts the three processes of reference (b). */
import type { BenchWorld } from './bench-world.ts';
import { Worker } from './worker.ts';

export interface BareRingSize {
  readonly port: number;
  /** Largest payload of a datagram. */
  readonly maxPayload: number;
}

export const BARE_RING: BareRingSize = { port: 5485, maxPayload: 8192 };
const MEMBERS = 3;
const FIRST_HOST = 51;

export function startBareRing(world: BenchWorld, size: BareRingSize): readonly [Worker, Worker, Worker] {
  const member = (index: number) => {
    const options = { index, members: MEMBERS, firstHost: FIRST_HOST, ...size };
    return new Worker(world, 'bare-ring', options);
  };
  return [member(0), member(1), member(2)];
}
