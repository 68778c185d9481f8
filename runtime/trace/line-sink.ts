/** A bounded sink from trace lines to a stream: a reader that is slow costs lines, never memory. */
import type { Writable } from 'node:stream';

/** The sink of a `TraceWriter`: takes lines until `bound_bytes` wait in the stream, then refuses them. */
export function lineSink(stream: Writable, bound_bytes: number): (line: string) => boolean {
  let open = true;
  const close = (): void => {
    open = false;
  };
  stream.once('error', close);
  stream.once('close', close);
  return (line) => {
    if (!open || stream.writableLength >= bound_bytes) return false;
    stream.write(`${line}\n`);
    return true;
  };
}
