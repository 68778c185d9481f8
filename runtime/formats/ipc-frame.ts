/**
 * Frames of the pmxcfs IPC service (spec/pmxcfs.md §6.9), for the daemon, its clients and tools.
 *
 * Request: 16-byte header `i32 id, 4 pad, i32 size, 4 pad`, then the body. Response: 24-byte header with `i32 error`
 * (0 or a negative errno) and 4 pad behind it, then the body. `size` counts the header; a failed request has no body.
 */
import { Buffer } from 'node:buffer';

const ID = 0;
const SIZE = 8;
const ERROR = 16;

export const REQUEST_HEADER_BYTES = 16;
export const RESPONSE_HEADER_BYTES = 24;
/** Largest request with its header. */
export const MAX_REQUEST_BYTES = 1_048_576;
/** Both headers begin with what a reader of a stream needs: id and size. */
export const FRAME_PREFIX_BYTES = 16;

/** `frame` holds at least `FRAME_PREFIX_BYTES`; the size is as written, unchecked. */
export function readFramePrefix(frame: Buffer): { readonly id: number; readonly size: number } {
  return { id: frame.readInt32LE(ID), size: frame.readInt32LE(SIZE) };
}

export function encodeRequestFrame(id: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(REQUEST_HEADER_BYTES + body.length);
  frame.writeInt32LE(id, ID);
  frame.writeInt32LE(frame.length, SIZE);
  body.copy(frame, REQUEST_HEADER_BYTES);
  return frame;
}

export function encodeResponseFrame(id: number, error: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(RESPONSE_HEADER_BYTES + body.length);
  frame.writeInt32LE(id, ID);
  frame.writeInt32LE(frame.length, SIZE);
  frame.writeInt32LE(error, ERROR);
  body.copy(frame, RESPONSE_HEADER_BYTES);
  return frame;
}

/** A whole response frame; undefined when its sizes don't fit. The body shares the memory of `frame`. */
export function decodeResponseFrame(
  frame: Buffer,
): { readonly id: number; readonly error: number; readonly body: Buffer } | undefined {
  if (frame.length < RESPONSE_HEADER_BYTES) return undefined;
  const { id, size } = readFramePrefix(frame);
  if (size !== frame.length) return undefined;
  return { id, error: frame.readInt32LE(ERROR), body: frame.subarray(RESPONSE_HEADER_BYTES) };
}
