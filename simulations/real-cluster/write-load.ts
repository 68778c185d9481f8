/**
 * A client that writes files one after the other and records what was acknowledged: run in a process of its own, since it
 * blocks in system calls on the mount.
 *
 *   write-load.ts DIRECTORY PREFIX RECORD
 *
 * Writes `DIRECTORY/PREFIX-<n>` with the text `PREFIX <n>` and appends one JSON line per attempt to RECORD: `{ n, at_ms, took_ms, result }`,
 * result `ok` or the errno's name. Ends at SIGTERM, after the attempt in progress.
 */
import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

const [directory, prefix, record] = process.argv.slice(2);
if (directory === undefined || prefix === undefined || record === undefined) {
  console.error('usage: write-load.ts DIRECTORY PREFIX RECORD');
  process.exit(2);
}

let stopped = false;
process.on('SIGTERM', () => {
  stopped = true;
});

function attempt(n: number): string {
  try {
    const file = openSync(`${directory}/${prefix}-${n}`, 'wx', 0o640);
    try {
      writeSync(file, `${prefix} ${n}`);
    } finally {
      closeSync(file);
    }
    return 'ok';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

for (let n = 0; !stopped; n++) {
  const started = Date.now();
  const result = attempt(n);
  appendFileSync(record, `${JSON.stringify({ n, at_ms: started, took_ms: Date.now() - started, result })}\n`);
  await setImmediate();
}
