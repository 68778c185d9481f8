/** `/dev/watchdog` of Linux (spec/ha.md §10): any byte feeds it, `V` before closing stops it. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { runProgram } from '../node/run-command.ts';
import type { WatchdogDevice } from './device.ts';

/** `_IOWR('W', 6, int)` and `_IOR('W', 0, struct watchdog_info)` of linux/watchdog.h. */
const WDIOC_SETTIMEOUT = 0xc0045706;
const WDIOC_GETSUPPORT = 0x80285700;
/** u32 options, u32 firmware version, char identity[32]. */
const INFO_BYTES = 40;
const DEFAULT_MODULE = 'softdog';

type Ioctl = (fd: number, request: number, argument: Buffer) => number;

/** Loads the module named in `WATCHDOG_MODULE` of the defaults file, or softdog, where there is no device yet. */
export async function loadWatchdogModule(path: string, defaultsFile: string): Promise<string | undefined> {
  if (existsSync(path)) return undefined;
  const module = /^WATCHDOG_MODULE=["']?([A-Za-z0-9_-]+)/m.exec(textOf(defaultsFile))?.[1] ?? DEFAULT_MODULE;
  const { code, stderr } = await runProgram('/sbin/modprobe', ['-q', module]);
  return code === 0 && existsSync(path) ? undefined : `cannot load watchdog module ${module}: ${stderr.trim()}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Opens the device: from now on it counts. */
export async function openLinuxWatchdog(
  path: string,
  timeout_s: number,
  warn: (sentence: string) => void,
): Promise<WatchdogDevice | { readonly failure: string }> {
  let fd: number;
  try {
    fd = openSync(path, 'w');
  } catch (error) {
    return { failure: `watchdog open: ${(error as Error).message}` };
  }
  const ioctl = await loadIoctl();
  const timeout = Buffer.alloc(4);
  timeout.writeInt32LE(timeout_s);
  if (ioctl === undefined || ioctl(fd, WDIOC_SETTIMEOUT, timeout) !== 0) {
    warn(`cannot set the timeout of ${path} to ${timeout_s} s: it keeps its own`);
  }
  return {
    identity: identityOf(fd, ioctl) ?? path,
    feed: () => {
      try {
        writeSync(fd, '\0');
      } catch (error) {
        warn(`cannot feed ${path}: ${(error as Error).message}`);
      }
    },
    disarm: () => {
      try {
        writeSync(fd, 'V');
        closeSync(fd);
      } catch (error) {
        warn(`cannot stop ${path}: ${(error as Error).message}`);
      }
    },
  };
}

async function loadIoctl(): Promise<Ioctl | undefined> {
  try {
    const { default: koffi } = await import('koffi');
    return koffi.load(null).func('int ioctl(int fd, unsigned long request, void *argument)') as Ioctl;
  } catch {
    return undefined;
  }
}

function identityOf(fd: number, ioctl: Ioctl | undefined): string | undefined {
  const info = Buffer.alloc(INFO_BYTES);
  if (ioctl === undefined || ioctl(fd, WDIOC_GETSUPPORT, info) !== 0) return undefined;
  const name = info.subarray(8);
  const end = name.indexOf(0);
  return `driver '${name.subarray(0, end < 0 ? name.length : end).toString('latin1')}', version ${info.readUInt32LE(4)}`;
}
