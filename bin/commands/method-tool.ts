/** One run of pveum, pvesm or pvenode: its arguments, the node whose files it works on, and the exit code. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createNodeWorld } from '../../actors/api/node-world.ts';
import type { ApiWorld } from '../../actors/api/world.ts';
import { ToolFailure } from '../../actors/command-line/failure.ts';
import { isUtf8Locale, type Terminal } from '../../actors/command-line/output-format.ts';
import { readCommandLine } from '../../actors/method-commands/command-line.ts';
import type { ToolName } from '../../actors/method-commands/command-lines.ts';
import { completions } from '../../actors/method-commands/completion.ts';
import { namesInUse } from '../../actors/method-commands/names-in-use.ts';
import { runCommand } from '../../actors/method-commands/run.ts';
import { toolNamed } from '../../actors/method-commands/tool.ts';
import { shortUsage } from '../../actors/method-commands/usage-text.ts';
import { createRealClock } from '../../runtime/clock/real.ts';
import { shortHostName } from '../../runtime/node/host-identity.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { ownUid } from '../../runtime/node/node-directories.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { askPassword } from './ask-password.ts';

const FAILED = 255;

interface Output {
  readonly print: (text: string) => void;
  readonly warn: (line: string) => void;
  readonly terminal: Terminal;
}

/** For a file in bin/: the whole process is one run. */
export async function methodTool(name: ToolName): Promise<void> {
  const width = process.stdout.isTTY ? { width: process.stdout.columns } : {};
  const code = await runMethodTool(name, process.argv.slice(2), {
    print: (text) => process.stdout.write(text),
    warn: (line) => process.stderr.write(`${line}\n`),
    terminal: { unicode: isUtf8Locale(process.env), ...width },
  });
  process.stdout.write('', () => process.exit(code));
}

/** The exit code. `--root DIR` first, or PVE_ACTORS_ROOT, names a node below a folder. */
export async function runMethodTool(name: ToolName, args: readonly string[], output: Output): Promise<number> {
  const { print, warn } = output;
  const [flag, folder, ...others] = args;
  const hasRoot = flag === '--root' && folder !== undefined;
  const root = resolve(hasRoot ? folder : (process.env.PVE_ACTORS_ROOT ?? '/'));
  const tool = toolNamed(name);
  const words = hasRoot ? others : args;
  if (words[0] === 'bashcomplete') {
    const { COMP_LINE: line = '', COMP_POINT: point } = process.env;
    const names = (format: string) => onNode(root, (world) => namesInUse(world, format)).catch(() => []);
    const found = await completions(tool, line, Number(point ?? line.length), names);
    print(found.map((one) => `${one}\n`).join(''));
    return 0;
  }
  const wanted = readCommandLine(tool, words);
  if (wanted.kind === 'show') {
    print(wanted.text);
    return 0;
  }
  if (wanted.kind === 'refuse') {
    warn(wanted.text);
    return FAILED;
  }
  const { command, given } = wanted;
  try {
    if (root === '/' && ownUid() !== 0) throw new ToolFailure('please run as root');
    return await onNode(root, (world) => runCommand(command, given, { ...output, world, askPassword, readFile }));
  } catch (error) {
    warn((error as Error).message);
    if (error instanceof ToolFailure && error.isAboutUsage) warn(shortUsage(command));
    return FAILED;
  }
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ToolFailure(`can't open '${path}' - ${code === 'ENOENT' ? 'No such file or directory' : code}`);
  }
}

async function onNode<T>(root: string, body: (world: ApiWorld) => Promise<T>): Promise<T> {
  const log = { write: () => {} };
  const options = { layout: nodeLayout(root), clock: createRealClock(), random: createSystemRandom(), log };
  const world = createNodeWorld({ ...options, nodeName: shortHostName(), isPrivileged: true });
  try {
    // The cluster process knows the node's own name, which may be another than the machine's.
    const { nodename } = await world.cluster.members();
    return await body(Object.assign(world, { nodeName: nodename }));
  } finally {
    world.close();
  }
}
