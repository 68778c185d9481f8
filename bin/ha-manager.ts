#!/usr/bin/env node
import { isUtf8Locale } from '../actors/command-line/output-format.ts';
import { runHaManager } from './commands/run-ha-manager.ts';

process.exitCode = await runHaManager(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  warn: (line) => process.stderr.write(`${line}\n`),
  terminal: { unicode: isUtf8Locale(process.env), ...(process.stdout.isTTY && { width: process.stdout.columns }) },
});
