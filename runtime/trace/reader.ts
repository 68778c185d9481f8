/** Reads traces line by line: a trace of any length takes the memory of one record. */
import { createReadStream } from 'node:fs';
import { type TraceHeader, type TraceRecord, trace_version } from './trace.ts';

/** No record is longer: bytes are in it by their digest. */
const longest_line_characters = 16 * 1_048_576;

/** The file is no trace, or not one that this program reads; the message is for people. */
export class TraceUnreadable extends Error {}

export interface TraceLine {
  /** Offset of the line in the file, bytes. */
  readonly offset: number;
  readonly text: string;
}

export interface OpenTrace {
  readonly header: TraceHeader;
  /** To be read once. A last line that was cut off, as at the end of a process, is left out. */
  readonly records: AsyncGenerator<TraceRecord>;
}

/** Opens the trace at `path`; rejects with `TraceUnreadable`. */
export async function openTrace(path: string): Promise<OpenTrace> {
  const lines = traceLines(path);
  const first = await lines.next();
  if (first.done === true) throw new TraceUnreadable(`${path} is empty`);
  const header = headerOf(first.value.text, path);
  return { header, records: recordsOf(lines, path) };
}

async function* recordsOf(lines: AsyncGenerator<TraceLine>, path: string): AsyncGenerator<TraceRecord> {
  let number = 1;
  for await (const { text } of lines) {
    number += 1;
    const record = recordOf(text);
    if (record === undefined) throw new TraceUnreadable(`${path}, line ${number}: no record of a trace`);
    // A trace that was continued, or put together from several files, has further headers.
    if (!('trace' in record)) yield record;
  }
}

/** The header in a first line; throws `TraceUnreadable`. */
export function headerOf(text: string, path: string): TraceHeader {
  const header = parsed(text) as Partial<TraceHeader> | undefined;
  if (header?.trace === undefined || !Array.isArray(header.nodes)) {
    throw new TraceUnreadable(`${path} is no trace: its first line is no header`);
  }
  if (header.trace === trace_version) return header as TraceHeader;
  throw new TraceUnreadable(
    `${path} is a trace of version ${header.trace}; this program reads version ${trace_version}`,
  );
}

/** The record (or the header) in a line; undefined where there is none. */
export function recordOf(text: string): TraceRecord | TraceHeader | undefined {
  const record = parsed(text) as Partial<TraceRecord & TraceHeader> | undefined;
  if (record === undefined) return undefined;
  const isRecord = typeof record.kind === 'string' && Number.isInteger(record.sequence);
  return isRecord || record.trace === trace_version ? (record as TraceRecord) : undefined;
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const newline = 0x0a;

/** Whole lines with their places; what follows the last newline is left out. Rejects with `TraceUnreadable`. */
export async function* traceLines(path: string): AsyncGenerator<TraceLine> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
        yield { offset: offset + start, text: bytes.toString('utf8', start, end) };
        start = end + 1;
      }
      rest = bytes.subarray(start);
      offset += start;
      if (rest.length > longest_line_characters) throw new TraceUnreadable(`${path}: a line is too long for a trace`);
    }
  } catch (error) {
    if (error instanceof TraceUnreadable) throw error;
    throw new TraceUnreadable(`cannot read ${path}: ${(error as Error).message}`);
  }
}
