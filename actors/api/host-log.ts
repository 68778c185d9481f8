/** Lines of the system's log. */
import { ApiFailure } from './failure.ts';
import type { Call } from './world.ts';

const NODE_LOG = '/var/log/pve-actors/cluster.log';

/** By systemd's journal on a real node; below a root of its own, the log of the node's daemons. */
export async function logLines(call: Call, options: readonly string[]): Promise<readonly string[]> {
  const { host, root } = call.world;
  if (root !== '/') return linesOf(host.read(NODE_LOG) ?? '');
  const { code, stdout, stderr } = await host.run('journalctl', ['--no-pager', '--quiet', '-o', 'short', ...options]);
  if (code !== 0) throw new ApiFailure(`journalctl failed: ${stderr.trim() || 'it is not there'}`);
  return linesOf(stdout);
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** `--name=value`, or nothing. */
export function option(name: string, value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [`--${name}=${value}`];
}
