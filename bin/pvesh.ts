#!/usr/bin/env node
import { isUtf8Locale } from '../actors/command-line/output-format.ts';
import { runPvesh } from './commands/api-shell.ts';

const code = await runPvesh(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  warn: (line) => process.stderr.write(`${line}\n`),
  terminal: { unicode: isUtf8Locale(process.env), ...(process.stdout.isTTY && { width: process.stdout.columns }) },
});
// Kept connections to other nodes would hold the process for seconds.
process.stdout.write('', () => process.exit(code));
