import { closeSync, copyFileSync, existsSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { bootNode } from '../../actors/node/boot.ts';
import type { ClusterParameters } from '../../actors/node/cluster/ports.ts';
import { createRealClock } from '../../runtime/clock/real.ts';
import { createConsoleLog } from '../../runtime/log/console.ts';
import { createFileLog } from '../../runtime/log/file.ts';
import type { LogLevel } from '../../runtime/log/log.ts';
import { MemoryLog } from '../../runtime/log/memory.ts';
import { teeLog } from '../../runtime/log/tee.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { makeFolder } from '../../runtime/node/make-folder.ts';
import { markChildren } from '../../runtime/node/marked-processes.ts';
import { ownPid, removeFile, writePidFile } from '../../runtime/node/node-directories.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { CommandFailure, projectRoot } from './project.ts';
import { endEarlierLife, startWatchdog } from './watchdog.ts';

export interface BootFlags {
  readonly node?: string;
  readonly root: string;
  readonly config?: string;
  readonly only?: string;
  readonly local?: boolean;
  readonly mount: boolean;
  readonly ack: ClusterParameters['acknowledgement'];
  readonly tree: ClusterParameters['treeMode'];
  readonly synchronous: ClusterParameters['synchronous'];
  readonly debug?: boolean;
  /** For tests: a part of the times of high availability. */
  readonly timeScale?: string;
  readonly hypervisor?: 'none' | 'process';
  /** Everything that happens in the cluster process is written to this file. */
  readonly trace?: string;
  readonly untilStdinEnds?: boolean;
}

/** What another command does differently with the same node. */
export interface BootManner {
  /** The node serves. */
  readonly onServing?: () => void;
  /** Nobody reads standard output. */
  readonly isSilent?: boolean;
  /** The pid file of the cluster process names this process, which ends it. */
  readonly isDaemon?: boolean;
}

const RECENT_LINES = 2000;
const LOG_FILE_BYTES = 8 * 1_048_576;

function assertWritable(flag: string, path: string): void {
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new CommandFailure(
      `${flag}: cannot write ${path}: ${(error as Error).message}; name a file in a folder that exists`,
    );
  }
}

/** Runs the node until it is told to end; resolves with the exit code. */
export async function boot(flags: BootFlags, manner: BootManner = {}): Promise<number> {
  const root = resolve(flags.root);
  const layout = nodeLayout(root);
  const nodeName = (flags.node ?? hostname()).split('.')[0] ?? '';
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(nodeName)) {
    throw new CommandFailure(`'${nodeName}' is no node name: letters, digits and inner hyphens; give --node NAME`);
  }
  const timeScale = timeScaleOf(flags, root);
  if (flags.trace !== undefined) assertWritable('--trace', resolve(flags.trace));
  prepare(layout.bootSocket, layout.logFile);
  if (flags.config !== undefined) installConfig(resolve(flags.config), layout.hostConfig, layout.authkey);

  const clock = createRealClock();
  const level: LogLevel = flags.debug ? 'debug' : 'info';
  const recent = new MemoryLog(clock, RECENT_LINES);
  const file = createFileLog({
    path: layout.logFile,
    max_bytes: LOG_FILE_BYTES,
    keep: 3,
    format: 'text',
    level,
    clock,
    node: nodeName,
  });
  const terminal = manner.isSilent ? [] : [createConsoleLog({ level, stampedBy: clock, node: nodeName })];
  const log = teeLog(...terminal, file, recent);

  const ending = new AbortController();
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve_) => {
    end = (code) => {
      resolve_(code);
      ending.abort();
    };
  });
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  const isWatched = flags.only === undefined || flags.only.includes('pve-ha-');
  const leftovers = isWatched ? endEarlierLife(layout) : 0;
  if (leftovers > 0)
    log.write('main', 'warning', `ended ${leftovers} processes that the watchdog of an earlier life has left`);
  markChildren(root);
  if (timeScale !== 1) {
    log.write(
      'main',
      'warning',
      `all times of high availability and the life of locks are ${timeScale} of what they should be: for tests`,
    );
  }
  const actorsName = join(projectRoot, 'actors.json');
  const booting = bootNode({
    layout,
    actorsFile: { text: readActorsFile(actorsName), name: actorsName },
    only: flags.only?.split(','),
    parameters: {
      root,
      nodeName,
      isNameGiven: flags.node !== undefined,
      isLocal: flags.local === true,
      treeMode: flags.tree,
      acknowledgement: flags.ack,
      synchronous: flags.synchronous,
      mount: flags.mount,
      isDebug: flags.debug === true,
      timeScale,
      hypervisor: flags.hypervisor ?? 'none',
      ...(flags.trace === undefined ? {} : { trace: resolve(flags.trace) }),
      ...(manner.isDaemon ? { daemonPid: ownPid() } : {}),
    },
    clock,
    random: createSystemRandom(),
    log,
    recent,
    signal: ending.signal,
    onFailure: () => end(1),
    startWatchdog: () => startWatchdog({ layout, nodeName, timeScale, log }),
  });
  const node = await booting.catch((error: Error) => {
    if (!ending.signal.aborted) throw error;
  });
  if (node === undefined) return ended;
  const warn = (sentence: string) => log.write('main', 'warning', sentence);
  try {
    writePidFile(layout.bootPidFile);
  } catch (error) {
    warn(`cannot write ${layout.bootPidFile}: ${(error as Error).message}`);
  }
  if (file.lost > 0) warn(`log lines can't be written to ${layout.logFile}: is it a file, is there space?`);
  manner.onServing?.();
  if (flags.untilStdinEnds) process.stdin.once('end', () => end(0)).resume();
  const code = await ended;
  await node.stop();
  removeFile(layout.bootPidFile);
  file.close();
  return code;
}

/** `--time-scale`: never where a node has its machine for itself. */
function timeScaleOf({ hypervisor, timeScale: text = '1' }: BootFlags, root: string): number {
  const scale = Number(text);
  if (!(scale > 0 && scale <= 1)) throw new CommandFailure(`--time-scale: '${text}' is not above 0 and at most 1`);
  if (root === '/' && scale !== 1) throw new CommandFailure('--time-scale is for tests: give --root DIR');
  if (root === '/' && hypervisor === 'process') throw new CommandFailure('--hypervisor is for tests: give --root DIR');
  return scale;
}

function prepare(...paths: readonly string[]): void {
  for (const path of paths) {
    try {
      makeFolder(dirname(path));
    } catch (error) {
      throw new CommandFailure(
        `cannot make ${dirname(path)}: ${(error as Error).message}; give --root DIR, or start as root`,
      );
    }
  }
}

/** `--config DIR`: its corosync.conf and authkey become the node's, where the node has none. */
function installConfig(folder: string, hostConfig: string, authkey: string): void {
  for (const [name, target] of [
    ['corosync.conf', hostConfig],
    ['authkey', authkey],
  ] as const) {
    const source = join(folder, name);
    if (existsSync(target)) continue;
    if (!existsSync(source)) {
      throw new CommandFailure(
        `--config: ${source} is missing, and the node has no ${target}; put it there, or name another folder`,
      );
    }
    try {
      makeFolder(dirname(target));
      copyFileSync(source, target);
    } catch (error) {
      throw new CommandFailure(`--config: cannot copy ${source} to ${target}: ${(error as Error).message}`);
    }
  }
}

function readActorsFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailure(`cannot read ${path}: ${(error as Error).message}; install the program anew`);
  }
}
