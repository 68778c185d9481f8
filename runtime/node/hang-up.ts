/** SIGHUP to this process, whose number stands in a file for those who send it. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { writePidFile } from './node-directories.ts';

export function takeHangUps(pidFile: string): (callback: () => void) => void {
  return (callback) => {
    mkdirSync(dirname(pidFile), { recursive: true });
    writePidFile(pidFile);
    process.on('SIGHUP', callback);
  };
}
