import { readFileSync } from 'node:fs';

/** The state of a process as the kernel names it: `R` runs, `S` sleeps, `D` waits for a device, `T` is stopped, `Z` is dead; undefined where there is none. */
export function processState(pid: number): string | undefined {
  try {
    // The program's name, in parentheses, may hold blanks: fields count from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2];
  } catch {
    return undefined;
  }
}
