/**
 * The cluster log as text, for `.clusterlog` and request 8 (spec/pmxcfs.md §6.5). Other than the original's, it is always
 * valid JSON, whatever was logged (Q16); the stored bytes stay as they are.
 */
import { Buffer } from 'node:buffer';
import { asciiFilter } from '../../../runtime/formats/ascii-filter.ts';
import { fnv1a64 } from '../../../runtime/formats/fnv.ts';
import type { ClusterLogEntry } from '../messages/cluster-log-entry.ts';
import type { RingEntry } from './log-ring.ts';

/** Entries that `.clusterlog` shows. */
export const DEFAULT_LOG_ENTRIES = 50;

/** At most `max_entries` of `entries` (newest first), only those of `user` if one is given. A byte string. */
export function clusterLogText(entries: Iterable<RingEntry>, max_entries: number, user?: string): string {
  const wanted = user === undefined ? undefined : fnv1a64(user);
  const lines: string[] = [];
  for (const { entry, isLastBeforeWrap } of entries) {
    if (isLastBeforeWrap || lines.length >= max_entries) break;
    if (wanted === undefined || wanted === entry.identDigest) lines.push(entryText(entry));
  }
  return `{\n"data": [\n${lines.join(',\n')}${lines.length > 0 ? '\n' : ''}]\n}\n`;
}

function entryText({ uid, time_s, priority, tag, pid, node, ident, message }: ClusterLogEntry): string {
  const head = `"uid": ${uid}, "time": ${time_s}, "pri": ${priority}, "tag": "${plainText(tag)}", "pid": ${pid}`;
  return `{${head}, "node": "${plainText(node)}", "user": "${plainText(ident)}", "msg": "${filteredText(message)}"}`;
}

/** A string that has not passed the filter of §6.8 on its way here. */
function plainText(text: string): string {
  return filteredText(asciiFilter(Buffer.from(text, 'latin1'), true));
}

/** The filter's own `\"` and `\uxxxx` stay, every other backslash is escaped; what no filter lets through is replaced. */
function filteredText(text: string): string {
  return text.replace(/\\(?:"|u[0-9a-f]{4})|[\\"]|[^ -~]/g, (piece) => {
    if (piece.length > 1) return piece;
    return piece === '\\' || piece === '"' ? `\\${piece}` : '?';
  });
}
