/** What systemd is about to do with this machine (spec/ha.md §12 "shutdown detection"). */
import { runProgram } from './run-command.ts';

const WITHIN_MS = 2000;

/** By the list of its jobs; nothing where there is no systemd. */
export async function shutdownMarker(): Promise<'' | 'shutdown' | 'reboot'> {
  const { code, stdout } = await runProgram('systemctl', ['--full', '--no-legend', 'list-jobs'], {
    limit_ms: WITHIN_MS,
  });
  if (code !== 0 || !/\bshutdown\.target\b/.test(stdout)) return '';
  return /\breboot\.target\b/.test(stdout) ? 'reboot' : 'shutdown';
}
