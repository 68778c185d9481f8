/**
 * Compares the history of a scenario with the one in its file. A change of the product that costs a message more moves instants by some
 * milliseconds: that is no other history, and neither is another order of what happens at one time.
 */
const TOLERANCE_S = 0.5;
const LINE = /^(\d+\.\d)s (.*)$/s;

interface Line {
  readonly time_s: number;
  readonly text: string;
}

/** What only one of them has, a line each: `-` where it is missing by now, `+` where it is new. Empty when they are alike. */
export function historyDifference(expected: string, actual: string): readonly string[] {
  const left = linesOf(actual);
  const missing: Line[] = [];
  for (const line of linesOf(expected)) {
    const at = left.findIndex(
      ({ text, time_s }) => text === line.text && Math.abs(time_s - line.time_s) <= TOLERANCE_S,
    );
    if (at < 0) missing.push(line);
    else left.splice(at, 1);
  }
  return [...missing.map((line) => `- ${shown(line)}`), ...left.map((line) => `+ ${shown(line)}`)];
}

function linesOf(history: string): Line[] {
  return history
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, time, text] = LINE.exec(line) ?? [];
      return text === undefined ? { time_s: 0, text: line } : { time_s: Number(time), text };
    });
}

function shown({ time_s, text }: Line): string {
  return `${time_s.toFixed(1)}s ${text}`;
}
