/** The product's commands as a person starts them: processes of their own, run from the sources. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Product = 'pve-actors' | 'pmxcfs' | 'pvecm' | 'ha-manager';

export interface CommandResult {
  /** null: a signal ended it, also that of the bound. */
  readonly code: number | null;
  readonly output: string;
  readonly complaint: string;
}

export interface CommandOptions {
  readonly bound_ms?: number;
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Command before the command, e.g. the one that enters a network namespace; it must `exec` the rest. */
  readonly enter?: readonly string[];
}

const BOUND_MS = 60_000;
const OUTPUT_BOUND_MS = 2000;

/** The command line of a product with its arguments. */
export function commandLine(product: Product, args: readonly string[]): readonly [string, ...string[]] {
  const program = fileURLToPath(new URL(`../../bin/${product}.ts`, import.meta.url));
  // Named by URL, so that it is found from any working directory.
  return [process.execPath, '--import', import.meta.resolve('tsx'), program, ...args];
}

/** Starts a product in a process group of its own, its three standard streams as pipes. */
export function startProduct(product: Product, args: readonly string[], options: CommandOptions = {}): ChildProcess {
  const [program, ...rest] = [...(options.enter ?? []), ...commandLine(product, args)];
  return spawn(program as string, rest, {
    stdio: 'pipe',
    detached: true,
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Runs a product to its end. Killed, and `code` null, where it lasts longer than the bound. */
export function runProduct(
  product: Product,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = startProduct(product, args, options);
  return finish(child, options);
}

/** Runs any program to its end, likewise: for touching a mount, which may hang. */
export function runBounded(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [first, ...rest] = [...(options.enter ?? []), program, ...args];
  return finish(spawn(first as string, rest, { stdio: 'pipe', cwd: options.cwd ?? '/' }), options);
}

function finish(child: ChildProcess, { bound_ms = BOUND_MS, input }: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    let output = '';
    let complaint = '';
    const bound = setTimeout(() => child.kill('SIGKILL'), bound_ms);
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      complaint += chunk;
    });
    child.once('error', reject);
    // With all of its output, unless something that it leaves behind keeps the pipes.
    const settle = (code: number | null) => resolve({ code, output, complaint });
    child.once('close', settle);
    child.once('exit', (code) => {
      clearTimeout(bound);
      setTimeout(settle, OUTPUT_BOUND_MS, code).unref();
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}
