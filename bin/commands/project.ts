import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** The folder with `package.json` and `actors.json`, whether the sources run or what was built from them. */
export const projectRoot = here.endsWith(join('dist', 'bin', 'commands'))
  ? join(here, '..', '..', '..')
  : join(here, '..', '..');

/** Ends a command with one sentence; `code` is never 0. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a command: a failure becomes its sentence and exit code, with the stack trace only where `--debug` asks for it. */
export async function runCommand(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const { message, stack } = error as Error;
    console.error(process.argv.includes('--debug') ? stack : message);
    process.exitCode = error instanceof CommandFailure ? error.exitCode : 1;
  }
}
