/** How busy the machine was with other things during a bench: one that wasn't alone says so. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

/** Ticks of the kernel's clock, of all processors together. */
interface Ticks {
  readonly busy: number;
  readonly total: number;
  /** Used by this process and by those of its descendants that have ended. */
  readonly own: number;
}

const TRUSTED_BELOW = 0.1;

/** To be made before the first process of a bench is started. */
export class LoadWatch {
  readonly #before = ticks();
  readonly #average = loadavg()[0] ?? 0;

  /** The sentence below a bench's table; to be asked for when its last process has ended. */
  verdict(): string {
    const after = ticks();
    const total = after.total - this.#before.total;
    const others = after.busy - this.#before.busy - (after.own - this.#before.own);
    const share = total === 0 ? 0 : Math.max(0, others / total);
    const averages = `load average ${this.#average.toFixed(2)} before, ${(loadavg()[0] ?? 0).toFixed(2)} after`;
    const figures = `others used ${(share * 100).toFixed(0)} % of ${cpus().length} processors meanwhile; ${averages}`;
    return share < TRUSTED_BELOW ? figures : `${figures}: NOT TO BE TRUSTED, the machine was busy; ratios may hold`;
  }
}

function ticks(): Ticks {
  const [, user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = readFileSync(
    '/proc/stat',
    'latin1',
  )
    .split('\n', 1)[0]!
    .split(/\s+/)
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  const stat = readFileSync('/proc/self/stat', 'latin1');
  // utime, stime, cutime and cstime; the name before them may hold blanks.
  const own = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return { busy, total: busy + idle + wait, own: own.reduce((sum, value) => sum + value, 0) };
}
