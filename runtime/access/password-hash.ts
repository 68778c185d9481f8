/**
 * Password hashes of `crypt(3)` (spec/access.md §8.2). New ones are `$5$` (SHA-256); what is verified is whatever the
 * system's library knows: `$5$`, `$6$`, `$y$`, `$1$` and others.
 */
import koffi from 'koffi';
import type { Random } from '../random/random.ts';
import { isSameSecret } from './secret-compare.ts';

type Crypt = ReturnType<ReturnType<typeof koffi.load>['func']>;

let loaded: Crypt | null | undefined;

/** At least `struct crypt_data`: 32 KiB in libxcrypt, 128 KiB and a bit in what glibc had before. */
const dataSize = 0x30000;

/** null where the system has no libcrypt. */
function cryptFunction(): Crypt | null {
  if (loaded !== undefined) return loaded;
  loaded = null;
  for (const name of ['libcrypt.so.1', 'libcrypt.so.2']) {
    try {
      loaded = koffi.load(name).func('str crypt_r(str phrase, str setting, void *data)');
      break;
    } catch {
      // The next name, or none.
    }
  }
  return loaded;
}

export function canHashPasswords(): boolean {
  return cryptFunction() !== null;
}

/** The hash by the scheme, rounds and salt of `setting`, or undefined where the library refuses it. Runs in a thread. */
function crypt(password: string, setting: string): Promise<string | undefined> {
  const call = cryptFunction();
  // What is behind a NUL would not count.
  if (call === null || password.includes('\0')) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    call.async(password, setting, Buffer.alloc(dataSize), (error: Error | null, hash: string | null) => {
      if (error) reject(error);
      else resolve(hash === null || hash.startsWith('*') ? undefined : hash);
    });
  });
}

const saltCharacters = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** @returns `$5$<8 characters>$<43 characters>` @throws where the system has no libcrypt, or the password holds a NUL */
export async function hashPassword(password: string, random: Random): Promise<string> {
  const salt = [...random.bytes(8)].map((byte) => saltCharacters[byte & 63]).join('');
  const hash = await crypt(password, `$5$${salt}$`);
  if (hash === undefined)
    throw new Error('the password cannot be hashed: libcrypt is missing, or it holds a NUL character');
  return hash;
}

/** Whether the password has this hash. False for an empty or unknown hash. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  if (hash === '') return false;
  const computed = await crypt(password, hash);
  return computed !== undefined && isSameSecret(computed, hash);
}
