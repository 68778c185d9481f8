/** The key file that all nodes of a cluster share: raw bytes, 128 to 4096 of them. */
import { readFileSync, statSync } from 'node:fs';

export const LEAST_AUTHKEY_BYTES = 128;
export const MOST_AUTHKEY_BYTES = 4096;

export type ReadAuthkey = { readonly authkey: Buffer; readonly warning?: string } | { readonly error: string };

/** Reads the key, or says in a sentence why it can't be used. A key that others may read gives a warning. */
export function readAuthkey(path: string): ReadAuthkey {
  try {
    const { size, mode } = statSync(path);
    const fault = sizeFault(size);
    if (fault !== undefined)
      return { error: `${path} ${fault}; copy the key of another node, or create one with pvecm keygen` };
    const authkey = readFileSync(path);
    if ((mode & 0o077) === 0) return { authkey };
    return { authkey, warning: `${path} may be read by others than its owner; run: chmod 400 ${path}` };
  } catch (error) {
    return { error: `${path} ${reasonOf(error as NodeJS.ErrnoException)}` };
  }
}

function sizeFault(size: number): string | undefined {
  if (size === 0) return 'is empty';
  if (size < LEAST_AUTHKEY_BYTES) return `holds ${size} bytes, a key has at least ${LEAST_AUTHKEY_BYTES}`;
  return size > MOST_AUTHKEY_BYTES ? `holds ${size} bytes, a key has at most ${MOST_AUTHKEY_BYTES}` : undefined;
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return "doesn't exist; copy the key of another node, or create one with pvecm keygen";
    case 'EACCES':
      return "can't be read: permission denied; start as root, or correct its owner and mode";
    case 'EISDIR':
      return 'is a directory; put the key file there';
    default:
      return `can't be read: ${error.message}`;
  }
}
