import { logLines, option } from '../../../host-log.ts';
import { method, numberOf } from '../../../method.ts';
import type { Call } from '../../../world.ts';

const DEFAULT_LINES = 500;

async function journal(call: Call) {
  const [since, until] = [numberOf(call, 'since'), numberOf(call, 'until')];
  const last = numberOf(call, 'lastentries');
  const lines = await logLines(call, [
    ...(since === undefined ? [] : [`--since=@${since}`]),
    ...(until === undefined ? [] : [`--until=@${until}`]),
    ...option('lines', last),
  ]);
  return lines.slice(-(last ?? DEFAULT_LINES));
}

export const methods = [method('GET', '/nodes/{node}/journal', journal)];
