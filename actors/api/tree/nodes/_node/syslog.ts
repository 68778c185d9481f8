import { logLines, option } from '../../../host-log.ts';
import { method, numberOf, textOf } from '../../../method.ts';
import type { Call } from '../../../world.ts';

async function syslog(call: Call) {
  const lines = await logLines(call, [
    ...option('since', textOf(call, 'since')),
    ...option('until', textOf(call, 'until')),
    ...option('unit', textOf(call, 'service')),
  ]);
  call.extras.total = lines.length;
  const start = numberOf(call, 'start') ?? 0;
  return lines.map((t, place) => ({ n: place + 1, t })).slice(start, start + (numberOf(call, 'limit') ?? 50));
}

export const methods = [method('GET', '/nodes/{node}/syslog', syslog)];
