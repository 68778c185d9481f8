import { resolve } from 'node:path';
import { createNodeWorld } from '../../actors/api/node-world.ts';
import { ToolFailure } from '../../actors/command-line/failure.ts';
import { runShell, type ShellPorts } from '../../actors/pvesh/command.ts';
import { createRealClock } from '../../runtime/clock/real.ts';
import { createPassOn } from '../../runtime/http/pass-on.ts';
import { shortHostName } from '../../runtime/node/host-identity.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';

const FAILED = 255;
const SHORT_USAGE = 'pvesh {get|set|create|delete|ls|usage} <api_path> [OPTIONS] [FORMAT_OPTIONS]';

/** The exit code. `--root DIR` first, or PVE_ACTORS_ROOT, names a node below a folder. */
export async function runPvesh(
  args: readonly string[],
  terminal: Pick<ShellPorts, 'print' | 'warn' | 'terminal'>,
): Promise<number> {
  const [flag, folder, ...others] = args;
  const hasRoot = flag === '--root' && folder !== undefined;
  const root = resolve(hasRoot ? folder : (process.env.PVE_ACTORS_ROOT ?? '/'));
  const log = { write: () => {} };
  const options = { layout: nodeLayout(root), clock: createRealClock(), random: createSystemRandom(), log };
  const world = createNodeWorld({ ...options, nodeName: shortHostName(), isPrivileged: true });
  try {
    // The cluster process knows the node's own name, which may be another than the machine's.
    const { nodename } = await world.cluster.members();
    const named = Object.assign(world, { nodeName: nodename });
    return await runShell({ ...terminal, world: named, passOn: createPassOn() }, hasRoot ? others : args);
  } catch (error) {
    terminal.warn((error as Error).message);
    if (error instanceof ToolFailure && error.isAboutUsage) terminal.warn(SHORT_USAGE);
    return FAILED;
  } finally {
    world.close();
  }
}
