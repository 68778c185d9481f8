/** The child's side of `worker.ts`: one JSON line in, one JSON line out, in order; ends with its standard input. */
import { createInterface } from 'node:readline';

export type WorkerAnswer = { readonly answer: unknown } | { readonly failure: string };

/** What the parent gave as parameters. */
export function workerOptions<Options>(): Options {
  return JSON.parse(process.argv[2] ?? '{}') as Options;
}

/** Answers requests one after the other until the parent is gone; `end` runs before the process exits. */
export async function serveRequests<Request>(
  answer: (request: Request) => unknown | Promise<unknown>,
  end: () => void | Promise<void> = () => {},
): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    let reply: WorkerAnswer;
    try {
      reply = { answer: (await answer(JSON.parse(line) as Request)) ?? null };
    } catch (error) {
      reply = { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
  await end();
  process.exit(0);
}
