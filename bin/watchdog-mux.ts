#!/usr/bin/env node
/**
 * The watchdog multiplexer of a node (spec/ha.md §10). It takes `/dev/watchdog` on a machine of its own (root `/`), and a stand-in that
 * ends all processes of the node elsewhere.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WatchdogMuxHost } from '../actors/ha/node/watchdog-mux.ts';
import { type HaTimes, haTimes } from '../machines/ha/times.ts';
import { createRealClock } from '../runtime/clock/real.ts';
import { linePrefix, logLine } from '../runtime/log/line.ts';
import { RotatingFile } from '../runtime/log/rotating-file.ts';
import { type NodeLayout, nodeLayout } from '../runtime/node/layout.ts';
import { isParentOfMarked, killNode } from '../runtime/node/marked-processes.ts';
import { removeFile, writePidFile } from '../runtime/node/node-directories.ts';
import { trace_version } from '../runtime/trace/trace.ts';
import type { WatchdogDevice } from '../runtime/watchdog/device.ts';
import { syncJournal } from '../runtime/watchdog/journal.ts';
import { loadWatchdogModule, openLinuxWatchdog } from '../runtime/watchdog/linux-device.ts';
import { serveMuxSocket } from '../runtime/watchdog/mux-socket.ts';
import { standInWatchdog } from '../runtime/watchdog/stand-in.ts';

const DEVICE = '/dev/watchdog';
const LOG_BYTES = 1_048_576;

/** Nothing is imported here that only eases the writing: this process must stay small, and be there first. */
function readFlags() {
  return parseArgs({
    options: {
      /** The node's files lie below this folder. */
      root: { type: 'string', default: '/' },
      /** Its name, for the log. */
      node: { type: 'string', default: '' },
      /** Process of the node: when standard input ends, it is gone. */
      supervisor: { type: 'string' },
      /** For tests: a part of all times. */
      'time-scale': { type: 'string', default: '1' },
    },
  }).values;
}

function flagsOrEnd(): ReturnType<typeof readFlags> {
  try {
    const read = readFlags();
    if (!(Number(read['time-scale']) > 0)) throw new Error(`--time-scale: '${read['time-scale']}' is not above 0`);
    return read;
  } catch (error) {
    console.error(`watchdog-mux: ${(error as Error).message}`);
    process.exit(1);
  }
}

const flags = flagsOrEnd();

const root = resolve(flags.root);
const layout = nodeLayout(root);
const clock = createRealClock();
mkdirSync(dirname(layout.watchdogLogFile), { recursive: true });
mkdirSync(dirname(layout.watchdogSocket), { recursive: true });
const file = new RotatingFile({ path: layout.watchdogLogFile, max_bytes: LOG_BYTES, keep: 1 });
let isSupervisorGone = false;
let sequence = 0;
const header = (): string => {
  const origin_wall_ms = Math.round(clock.wall_ms() - clock.monotonic_ms());
  return `${JSON.stringify({ trace: trace_version, source: 'node', nodes: [flags.node], origin_wall_ms })}\n`;
};
const blackBox = new RotatingFile({
  path: layout.daemonBlackBox('watchdog-mux'),
  max_bytes: LOG_BYTES,
  keep: 1,
  firstLine: header,
});
// The times of this process count from its own start.
if (blackBox.size_bytes > header().length) blackBox.write(header());

process.on('SIGINT', () => {});
process.exitCode = await run(haTimes(Number(flags['time-scale'])));

function log(text: string): void {
  file.write(`${linePrefix(clock.wall_ms(), flags.node)}${logLine('watchdog-mux', 'info', text)}\n`);
  // Standard output is the supervisor's, which may be gone.
  if (flags.supervisor === undefined) console.log(text);
  note('log', { level: 'info', message: text });
}

function note(event: string, detail: object): void {
  const time_ms = Math.round(clock.monotonic_ms());
  sequence++;
  const actor = 'watchdog-mux';
  const record = { sequence, time_ms, node: flags.node, actor, cause: null, kind: 'note', event, detail };
  blackBox.write(`${JSON.stringify(record)}\n`);
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
