import { randomBytes } from 'node:crypto';
import type { Random } from './random.ts';

/** Randomness of a real node, from the kernel by way of `node:crypto`. */
export function createSystemRandom(): Random {
  const u32 = (): number => randomBytes(4).readUInt32LE(0);
  return { bytes: (size) => randomBytes(size), u32, unit: () => u32() / 0x1_0000_0000 };
}
