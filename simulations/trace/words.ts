/** A trace record as a line for people: instant, node, actor, what happened. */
import type { TraceRecord } from '../../runtime/trace/trace.ts';

const longest_text = 160;

/** `  63.214 s  n2     membership   TOKEN_LOSS: operational → gather`. */
export function describeRecord(record: TraceRecord): string {
  const { time_ms, node, actor } = record;
  return `${instant(time_ms)}  ${(node === '' ? '-' : node).padEnd(5)}  ${actor.padEnd(10)}  ${happening(record)}`;
}

/** Virtual or monotonic time, in seconds. */
export function instant(time_ms: number): string {
  return `${(time_ms / 1000).toFixed(3).padStart(9)} s`;
}

/** What a record tells, without its stamp. */
export function happening(record: TraceRecord): string {
  switch (record.kind) {
    case 'machine': {
      const { machine, actor, before, after, event } = record;
      const { type } = event as { readonly type: string };
      const states = before === after ? stateText(after) : `${stateText(before)} → ${stateText(after)}`;
      return `${machine === actor ? '' : `${machine} `}${type}: ${states}${changedText(record.changed)}`;
    }
    case 'core':
      return shortened(`${record.core}: ${record.input} = ${record.result}`);
    case 'send':
      return `sends ${record.message} to ${record.to.join(' ')}, ${record.size_bytes} bytes`;
    case 'receive':
      return `takes ${record.message} of ${record.from}`;
    case 'drop':
      return `${record.message} to ${record.to} is lost: ${record.reason}`;
    case 'fault':
      return `${record.fault} ${detailText(record.detail)}`;
    case 'request':
      return `${record.request} ${detailText(record.detail)}`;
    case 'log':
      return shortened(`[${record.domain}] ${record.message}`);
    case 'violation':
      return `violates ${record.rule}: ${record.message}`;
    case 'note':
      return `${record.event} ${detailText(record.detail)}`.trimEnd();
  }
}

function stateText(state: unknown): string {
  if (state === null) return 'nothing';
  return typeof state === 'string' ? state : JSON.stringify(state);
}

function changedText(changed: object): string {
  const entries = Object.entries(changed);
  if (entries.length === 0) return '';
  return shortened(` (${entries.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ')})`);
}

function detailText(detail: unknown): string {
  if (detail === undefined || detail === null) return '';
  if (typeof detail !== 'object' || Array.isArray(detail)) return shortened(JSON.stringify(detail));
  return shortened(
    Object.entries(detail)
      .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(', '),
  );
}

function shortened(text: string): string {
  return text.length <= longest_text ? text : `${text.slice(0, longest_text - 1)}…`;
}
