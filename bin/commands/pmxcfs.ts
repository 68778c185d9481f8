import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { boot } from './boot.ts';
import { CommandFailure } from './project.ts';

export interface PmxcfsFlags {
  readonly debug?: boolean;
  readonly foreground?: boolean;
  readonly local?: boolean;
  readonly root: string;
  readonly node?: string;
  readonly mount: boolean;
  /** Set by the parent of a daemon: tell it by the channel how the start went. */
  readonly reportStart?: boolean;
}

/** What the daemon tells the process that a person has started. */
type StartReport = { readonly serving: true } | { readonly failure: string };

/** Exit code of a start that failed (spec/pmxcfs.md §1.9). */
const START_FAILED = 255;

/** Runs the cluster process of a node, alone; resolves with the exit code. Without `-f`, as soon as a daemon serves. */
export async function pmxcfs(flags: PmxcfsFlags): Promise<number> {
  if (flags.reportStart) return reportedStart(flags);
  if (!flags.foreground) return daemonise(flags);
  return serve(flags).catch((error: Error) => {
    throw new CommandFailure(error.message, START_FAILED);
  });
}

function serve({ foreground: _f, reportStart: _r, ...flags }: PmxcfsFlags, onServing?: () => void): Promise<number> {
  const manner = onServing === undefined ? {} : { onServing, isSilent: true };
  return boot(
    { ...flags, only: 'cluster', ack: 'majority', tree: 'solo', synchronous: 'normal' },
    { ...manner, isDaemon: true },
  );
}

/** The inside of the daemon: nobody but its parent, and that only until it serves. */
async function reportedStart(flags: PmxcfsFlags): Promise<number> {
  const report = (outcome: StartReport) =>
    new Promise<void>((sent) => {
      if (process.send === undefined) sent();
      else process.send(outcome, undefined, undefined, () => sent());
    });
  try {
    return await serve(flags, () => {
      report({ serving: true }).then(() => process.disconnect());
    });
  } catch (error) {
    await report({ failure: (error as Error).message });
    return START_FAILED;
  }
}

/** §1.9 step 8. */
async function daemonise({ root, node, debug, local, mount }: PmxcfsFlags): Promise<number> {
  const place = resolve(root);
  const program = fileURLToPath(
    import.meta.resolve('../pmxcfs.ts').replace(/\.ts$/, import.meta.url.endsWith('.ts') ? '.ts' : '.js'),
  );
  const args = [program, '--foreground', '--report-start', '--root', place];
  if (node !== undefined) args.push('--node', node);
  if (debug) args.push('--debug');
  if (local) args.push('--local');
  if (!mount) args.push('--no-mount');
  const child = spawn(process.execPath, [...loaders(), ...args], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const report = await new Promise<StartReport>((resolve_) => {
    child.once('message', (message) => resolve_(message as StartReport));
    child.once('error', ({ message }) => resolve_({ failure: `cannot start the daemon: ${message}` }));
    child.once('exit', (code, signal) =>
      resolve_({
        failure: `the daemon ended with ${signal ?? `exit code ${code}`} before it served; see ${nodeLayout(place).logFile}`,
      }),
    );
  });
  if ('failure' in report) throw new CommandFailure(report.failure, START_FAILED);
  child.unref();
  if (child.connected) child.disconnect();
  return 0;
}

/** What runs this very program, named so that it is found from any working directory. */
function loaders(): readonly string[] {
  return process.execArgv.map((arg) => (/^[a-z]/.test(arg) ? import.meta.resolve(arg) : arg));
}
