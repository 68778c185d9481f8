/** Bringing a notification to people: by the machine's sendmail, or to a web hook. Errors are sentences. */
import { existsSync } from 'node:fs';
import { runProgram } from './run-command.ts';

const SENDMAIL = ['/usr/sbin/sendmail', '/usr/lib/sendmail', '/usr/bin/sendmail'];
const WITHIN_MS = 30_000;

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export async function sendMail({ subject, text, to }: Mail): Promise<string | undefined> {
  const program = SENDMAIL.find((path) => existsSync(path));
  if (program === undefined) return 'there is no sendmail on this machine';
  const head = [`To: ${oneLine(to)}`, `Subject: ${oneLine(subject)}`, 'Content-Type: text/plain; charset=utf-8'];
  const input = `${head.join('\n')}\n\n${text}\n`;
  const { code, reason, stderr } = await runProgram(program, ['-t', '-i'], { input, limit_ms: WITHIN_MS });
  return code === 0 ? undefined : `sendmail: ${stderr.trim() || (reason ?? `exit code ${code}`)}`;
}

export async function postToWebhook(url: string, body: object): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `web hook ${url}: status ${response.status}`;
  } catch (error) {
    return `web hook ${url}: ${(error as Error).message}`;
  }
}

/** A header must not bring others along. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}
