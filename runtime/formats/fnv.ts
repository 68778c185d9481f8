const BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffff_ffff_ffff_ffffn;

/**
 * 64-bit FNV-1a over a byte string *and its terminating NUL*, as the cluster log identifies nodes and users
 * (spec/pmxcfs.md §6.4). `text` has one character (0..255) per byte.
 */
export function fnv1a64(text: string): bigint {
  let hash = BASIS;
  for (let at = 0; at < text.length; at += 1) hash = step(hash, text.charCodeAt(at) & 0xff);
  return step(hash, 0);
}

function step(hash: bigint, byte: number): bigint {
  return ((hash ^ BigInt(byte)) * PRIME) & MASK;
}
