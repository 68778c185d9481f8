import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
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
import { removeFile, writePidFile } from '../../runtime/node/node-directories.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { CommandFailure, projectRoot } from './project.ts';

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
  readonly untilStdinEnds?: boolean;
}

const RECENT_LINES = 2000;
const LOG_FILE_BYTES = 8 * 1_048_576;

/** Runs the node until it is told to end; resolves with the exit code. */
export async function boot(flags: BootFlags): Promise<number> {
  const root = resolve(flags.root);
  const layout = nodeLayout(root);
  const nodeName = (flags.node ?? hostname()).split('.')[0] ?? '';
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(nodeName)) {
    throw new CommandFailure(`'${nodeName}' is no node name: letters, digits and inner hyphens; give --node NAME`);
  }
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
  const log = teeLog(createConsoleLog({ level, stampedBy: clock, node: nodeName }), file, recent);

  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve_) => {
    end = resolve_;
  });
  const actorsName = join(projectRoot, 'actors.json');
  const node = await bootNode({
    layout,
    actorsFile: { text: readFileSync(actorsName, 'utf8'), name: actorsName },
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
    },
    clock,
    random: createSystemRandom(),
    log,
    recent,
    onFailure: () => end(1),
  });
  writePidFile(layout.bootPidFile);
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  if (flags.untilStdinEnds) process.stdin.once('end', () => end(0)).resume();
  const code = await ended;
  await node.stop();
  removeFile(layout.bootPidFile);
  file.close();
  return code;
}

function prepare(...paths: readonly string[]): void {
  for (const path of paths) {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
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
    if (!existsSync(source)) throw new CommandFailure(`--config: ${source} is missing`);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
  }
}
