/** Reads the kernel's table of mounts and takes mounts away, without ever touching a mount by a synchronous call. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** One line of /proc/self/mountinfo. */
export interface MountEntry {
  readonly mountPoint: string;
  /** `fuse`, `ext4`, ... */
  readonly type: string;
  readonly source: string;
}

/** All mounts of this process's namespace, oldest first. Empty where /proc is missing. */
export async function readMounts(): Promise<readonly MountEntry[]> {
  try {
    return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/** The mount that is visible at exactly `path`, which must be absolute and without symbolic links. */
export async function mountAt(path: string): Promise<MountEntry | undefined> {
  const mounts = await readMounts();
  return mounts.findLast((mount) => mount.mountPoint === path);
}

/** Lines of mountinfo: fields up to a lone `-`, then type and source; blanks in paths are octal escapes. */
export function parseMountInfo(text: string): readonly MountEntry[] {
  const mounts: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const separator = fields.indexOf('-', 6);
    const mountPoint = fields[4];
    if (separator < 0 || mountPoint === undefined) continue;
    mounts.push({
      mountPoint: unescapeOctal(mountPoint),
      type: fields[separator + 1] ?? '',
      source: unescapeOctal(fields[separator + 2] ?? ''),
    });
  }
  return mounts;
}

/**
 * Detaches the mount at `path` lazily (`umount -l`, without root `fusermount -uz`). Ends within `bound_ms` in any case.
 * Result: undefined, or the sentence of the program that failed.
 */
export async function detachMount(path: string, bound_ms: number): Promise<string | undefined> {
  const attempts: readonly (readonly string[])[] =
    process.getuid?.() === 0
      ? [['umount', '-l', '--', path]]
      : [
          ['fusermount3', '-uz', '--', path],
          ['fusermount', '-uz', '--', path],
        ];
  let failure: string | undefined = 'no program to unmount with';
  for (const [program, ...parameters] of attempts) {
    failure = await run(program as string, parameters, bound_ms);
    if (failure === undefined) return undefined;
  }
  return failure;
}

function run(program: string, parameters: readonly string[], bound_ms: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
    let words = '';
    const bound = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      resolve(`${program} did not end within ${bound_ms} ms`);
    }, bound_ms);
    child.stderr.on('data', (chunk: Buffer) => {
      if (words.length < 1000) words += chunk.toString();
    });
    child.on('error', (error) => {
      clearTimeout(bound);
      resolve(`${program}: ${error.message}`);
    });
    child.on('close', (code) => {
      clearTimeout(bound);
      resolve(code === 0 ? undefined : `${program}: ${words.trim() || `exit code ${code}`}`);
    });
  });
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
