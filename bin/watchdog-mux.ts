#!/usr/bin/env node
/**
 * The watchdog multiplexer of a node (spec/ha.md §10). It takes `/dev/watchdog` on a machine of its own (root `/`), and a stand-in that
 * ends all processes of the node elsewhere.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { WatchdogMuxHost } from '../actors/ha/node/watchdog-mux.ts';
import { type HaTimes, haTimes } from '../machines/ha/times.ts';
import { createRealClock } from '../runtime/clock/real.ts';
import { createFileLog } from '../runtime/log/file.ts';
import { type NodeLayout, nodeLayout } from '../runtime/node/layout.ts';
import { isParentOfMarked, killNode } from '../runtime/node/marked-processes.ts';
import { removeFile, writePidFile } from '../runtime/node/node-directories.ts';
import type { WatchdogDevice } from '../runtime/watchdog/device.ts';
import { syncJournal } from '../runtime/watchdog/journal.ts';
import { loadWatchdogModule, openLinuxWatchdog } from '../runtime/watchdog/linux-device.ts';
import { serveMuxSocket } from '../runtime/watchdog/mux-socket.ts';
import { standInWatchdog } from '../runtime/watchdog/stand-in.ts';

interface Flags {
  readonly root: string;
  readonly node: string;
  readonly supervisor?: string;
  readonly timeScale: string;
}

const DEVICE = '/dev/watchdog';
const LOG_BYTES = 1_048_576;

const flags = new Command('watchdog-mux')
  .description('feeds the watchdog of a node as long as its HA daemons are well')
  .option('--root <dir>', 'the node whose files lie below this folder', '/')
  .option('--node <name>', 'its name, for the log', '')
  .option('--supervisor <pid>', 'process of the node; ends with standard input when that does')
  .option('--time-scale <factor>', 'for tests: a part of all times', '1')
  .parse()
  .opts<Flags>();

const root = resolve(flags.root);
const layout = nodeLayout(root);
const clock = createRealClock();
mkdirSync(dirname(layout.watchdogLogFile), { recursive: true });
mkdirSync(dirname(layout.watchdogSocket), { recursive: true });
const file = createFileLog({
  path: layout.watchdogLogFile,
  max_bytes: LOG_BYTES,
  keep: 1,
  format: 'text',
  level: 'info',
  clock,
  node: flags.node,
});
let isSupervisorGone = false;
let sequence = 0;
const blackBox = layout.daemonBlackBox('watchdog-mux');
if (!existsSync(blackBox)) record({ trace: 1, source: 'node', nodes: [flags.node], origin_wall_ms: origin_ms() });

process.on('SIGINT', () => {});
process.exitCode = await run(haTimes(Number(flags.timeScale)));

function origin_ms(): number {
  return Math.round(clock.wall_ms() - clock.monotonic_ms());
}

function log(text: string): void {
  file.write('watchdog-mux', 'info', text);
  // Standard output is the supervisor's, which may be gone.
  if (flags.supervisor === undefined) console.log(text);
  note('log', { level: 'info', message: text });
}

function note(event: string, detail: object): void {
  const time_ms = Math.round(clock.monotonic_ms());
  sequence++;
  record({ sequence, time_ms, node: flags.node, actor: 'watchdog-mux', cause: null, kind: 'note', event, detail });
}

function record(line: object): void {
  try {
    appendFileSync(blackBox, `${JSON.stringify(line)}\n`);
  } catch {
    // The node goes on without this evidence.
  }
}

async function run(times: HaTimes): Promise<number> {
  if (existsSync(layout.watchdogMarker)) {
    console.error('watchdog active - unable to restart watchdog-mux');
    return 1;
  }
  let host: WatchdogMuxHost | undefined;
  const socket = await serveMuxSocket(layout.watchdogSocket, {
    connected: (client, pid) => host?.connected(client, pid),
    data: (client, bytes) => host?.data(client, bytes),
    disconnected: (client) => host?.disconnected(client),
  });
  if ('failure' in socket) {
    console.error(socket.failure);
    return 1;
  }
  const device = await openDevice(times, () => socket.close());
  if ('failure' in device) {
    console.error(device.failure);
    socket.close();
    return 1;
  }
  const pidFile = layout.daemonPidFile('watchdog-mux');
  writePidFile(pidFile);
  log(`Watchdog ${device.identity}`);
  return new Promise((end) => {
    const mux = new WatchdogMuxHost(
      {
        clock,
        device,
        log,
        sync: () => syncJournal(layout.logDirectory),
        setMarker: (isThere) => {
          if (isThere) mkdirSync(layout.watchdogMarker, { recursive: true });
          else rmSync(layout.watchdogMarker, { recursive: true, force: true });
        },
        refuse: (client) => socket.refuse(client),
        exit: (isClean) => {
          removeFile(pidFile);
          socket.close();
          end(isClean ? 0 : 1);
          // A stand-in that still runs out does so in this process.
          if (isClean || root === '/') setImmediate(() => process.exit());
        },
      },
      times,
    );
    host = mux;
    const orphaned = () => {
      isSupervisorGone = true;
      mux.orphan();
    };
    process.on('SIGTERM', () => mux.terminate());
    process.on('SIGHUP', () => mux.hangUp());
    if (flags.supervisor !== undefined) process.stdin.once('close', orphaned).resume();
    if (flags.supervisor !== undefined) process.stdout.write('serving\n');
  });
}

async function openDevice(
  times: HaTimes,
  closeSocket: () => void,
): Promise<WatchdogDevice | { readonly failure: string }> {
  if (root === '/') {
    const missing = await loadWatchdogModule(DEVICE, layout.haDefaults);
    if (missing === undefined) return openLinuxWatchdog(DEVICE, times.watchdog_device_s, log);
    log(`${missing}; going on with a stand-in`);
  }
  return standInWatchdog({
    clock,
    timeout_s: times.watchdog_device_s,
    reset: () => {
      note('reset', {});
      log('watchdog expired - ending all processes of the node');
      syncJournal(layout.logDirectory);
      const count = killNode(root, supervisorPid(layout));
      log(`ended ${count} processes`);
      // As a reset that empties /run.
      rmSync(layout.watchdogMarker, { recursive: true, force: true });
      closeSocket();
      process.exit(1);
    },
  });
}

/** The one that has started this process, or the one that came after it. */
function supervisorPid({ bootPidFile }: NodeLayout): number | undefined {
  if (flags.supervisor !== undefined && !isSupervisorGone) return Number(flags.supervisor);
  try {
    const pid = Number(readFileSync(bootPidFile, 'utf8'));
    return pid > 1 && isParentOfMarked(pid, root) ? pid : undefined;
  } catch {
    return undefined;
  }
}
