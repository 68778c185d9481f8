import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../runtime/log/log.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import { killNode } from '../../runtime/node/marked-processes.ts';
import { ownPid } from '../../runtime/node/node-directories.ts';
import { type MuxProcess, startMuxProcess } from '../../runtime/watchdog/mux-process.ts';
import { isMuxServing } from '../../runtime/watchdog/mux-socket.ts';

export interface WatchdogOptions {
  readonly layout: NodeLayout;
  readonly nodeName: string;
  readonly timeScale: number;
  readonly log: Log;
}

const program = fileURLToPath(
  import.meta.resolve('../watchdog-mux.ts').replace(/\.ts$/, import.meta.url.endsWith('.ts') ? '.ts' : '.js'),
);

/** Starts the multiplexer of the node, or goes on with the one that its unit or an earlier life has left. */
export async function startWatchdog(options: WatchdogOptions): Promise<MuxProcess> {
  const { layout } = options;
  if (isMuxServing(layout.watchdogSocket)) return { stop: async () => stopServing(layout) };
  let isStopping = false;
  let current: MuxProcess | undefined;
  const begin = async (): Promise<void> => {
    current = await start(options, (code) => void replace(code));
  };
  const replace = async (code: number | null): Promise<void> => {
    if (isStopping) return;
    options.log.write('watchdog-mux', 'error', `watchdog-mux ended with code ${code}`);
    if (code !== 0 && existsSync(layout.watchdogMarker)) return endAll(layout);
    await begin().catch(({ message }: Error) => options.log.write('watchdog-mux', 'crit', message));
  };
  await begin();
  return {
    stop: async () => {
      isStopping = true;
      await current?.stop();
    },
  };
}

function start(
  { layout, log, nodeName, timeScale }: WatchdogOptions,
  onEnd: (code: number | null) => void,
): Promise<MuxProcess> {
  const args = ['--root', layout.root, '--node', nodeName, '--supervisor', String(ownPid())];
  return startMuxProcess({
    program,
    args: [...args, '--time-scale', String(timeScale)],
    onLine: (line) => log.write('watchdog-mux', 'warning', line),
    onEnd,
  });
}

/**
 * A multiplexer that was its node's watchdog died while it had clients, and with it whoever would have ended the rest: what still
 * runs of that life, guests above all, is ended before another begins.
 */
export function endEarlierLife({ root, watchdogMarker, watchdogSocket }: NodeLayout): number {
  if (root === '/' || !existsSync(watchdogMarker) || isMuxServing(watchdogSocket)) return 0;
  rmSync(watchdogMarker, { recursive: true, force: true });
  return killNode(root, undefined);
}

/**
 * The process that watches the daemons is gone while it had clients. Hardware resets the machine now; where that process was the
 * watchdog itself, nobody else does.
 */
function endAll({ root, watchdogMarker }: NodeLayout): void {
  if (root === '/') return;
  rmSync(watchdogMarker, { recursive: true, force: true });
  killNode(root, undefined);
  process.kill(process.pid, 'SIGKILL');
}

function stopServing({ daemonPidFile }: NodeLayout): void {
  try {
    process.kill(Number(readFileSync(daemonPidFile('watchdog-mux'), 'utf8')), 'SIGTERM');
  } catch {
    // It has ended meanwhile.
  }
}
