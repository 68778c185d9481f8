/**
 * Undoes what the kernel's cutting of large writes would do at the size limit (spec/pmxcfs.md §1.6).
 *
 * One write(2) of more than 128 KiB arrives as several requests. Without the page cache (Q1) the kernel cuts at the pages
 * of the caller's buffer, so that the request across the limit may hold bytes that still fit; refused as a whole, they
 * would be lost, and how many would depend on the caller's memory. The specification wants 1 MiB written and the rest
 * refused. A request that is a write(2) of its own is left alone: across the limit, it is refused as a whole.
 */

/** Largest file of the tree, bytes. */
export const FILE_LIMIT_BYTES = 1024 * 1024;

/** Requests hold at most 32 pages; the first one of a cut write lacks what its buffer misses to a page. */
const PIECE_MIN_BYTES = 31 * 4096;

export class SplitWrites {
  #path = '';
  #end = -1;

  /** The part of a request that is to be written: all of it, or what fits where it continues a cut write. */
  piece(path: string, data: Buffer, offset: number): Buffer {
    const end = offset + data.length;
    const isContinued = offset === this.#end && path === this.#path;
    this.#path = path;
    this.#end = data.length > PIECE_MIN_BYTES ? end : -1;
    const fits = isContinued && offset < FILE_LIMIT_BYTES && end > FILE_LIMIT_BYTES;
    return fits ? data.subarray(0, FILE_LIMIT_BYTES - offset) : data;
  }
}
