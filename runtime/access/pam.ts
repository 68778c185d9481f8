/**
 * Passwords of the machine's accounts, by PAM (spec/access.md §8.1). Modules of PAM may crash, hang or set signal handlers: each
 * question is asked in a process of its own.
 */
import { fileURLToPath } from 'node:url';
import { moduleUrl } from '../comedy/actor-module.ts';
import { runProgram } from '../node/run-command.ts';

export interface PamQuestion {
  /** Without realm. */
  readonly name: string;
  readonly password: string;
  /** Of the client; may be empty. */
  readonly address: string;
}

const WITHIN_MS = 20_000;

/** Why the password is not right, or undefined where it is. */
export async function askPam(question: PamQuestion): Promise<string | undefined> {
  const helper = fileURLToPath(moduleUrl('runtime/access/pam-helper.ts'));
  const options = { input: JSON.stringify(question), limit_ms: WITHIN_MS };
  const { code, stdout, reason } = await runProgram(process.execPath, [...process.execArgv, helper], options);
  if (code === 0) return undefined;
  return stdout.trim() || reason || 'Authentication failure';
}
