/** Asks for a password on the terminal without showing it; where standard input is none, takes its next line. */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';

const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
let lines: AsyncIterator<string> | undefined;
let reader: Interface | undefined;

/** Resolves to the text before the line feed; empty at the end of the input. */
export async function askPassword(prompt: string): Promise<string> {
  const isTerminal = process.stdin.isTTY === true;
  process.stderr.write(prompt);
  if (reader === undefined) {
    reader = createInterface({ input: process.stdin, output: silent, terminal: isTerminal });
    // Ctrl-C in raw mode is no signal.
    reader.once('SIGINT', () => process.exit(130));
    lines = reader[Symbol.asyncIterator]();
  }
  const { value, done } = await lines!.next();
  if (isTerminal) process.stderr.write('\n');
  return done ? '' : (value as string);
}
