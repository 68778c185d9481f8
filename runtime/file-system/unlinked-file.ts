/** A file that was removed or replaced while somebody has it open: it lives on in this process (spec/pmxcfs.md Q22, §13.2.11). */
import { EFBIG } from './errno.ts';
import type { Errno, FileAttributes, FileSystem } from './file-system.ts';
import { FILE_LIMIT_BYTES } from './split-writes.ts';

export class UnlinkedFile {
  attributes: FileAttributes;
  /** Never changed in place: it may be the bytes of the tree. */
  #data: Buffer;

  private constructor(attributes: FileAttributes, data: Buffer) {
    this.attributes = attributes;
    this.#data = data;
  }

  /** The file at `path` as it is now; undefined for what is none. */
  static of(fileSystem: FileSystem, path: string): UnlinkedFile | undefined {
    const attributes = fileSystem.getattr(path);
    const data = fileSystem.read(path, 0, FILE_LIMIT_BYTES);
    return typeof attributes === 'number' || typeof data === 'number' ? undefined : new UnlinkedFile(attributes, data);
  }

  read(offset: number, length: number): Buffer {
    return this.#data.subarray(offset, offset + length);
  }

  /** Bytes written, or EFBIG. */
  write(data: Buffer, offset: number): number {
    const end = offset + data.length;
    if (end > FILE_LIMIT_BYTES) return -EFBIG;
    const bytes = resized(this.#data, Math.max(this.#data.length, end));
    data.copy(bytes, offset);
    this.#replace(bytes);
    return data.length;
  }

  truncate(size: number): Errno {
    if (size > FILE_LIMIT_BYTES) return -EFBIG;
    this.#replace(resized(this.#data, size));
    return 0;
  }

  utimens(mtime: number): Errno {
    this.attributes = { ...this.attributes, mtime };
    return 0;
  }

  #replace(data: Buffer): void {
    this.#data = data;
    this.attributes = { ...this.attributes, size: data.length };
  }
}

/** A copy, zero filled where it grows. */
function resized(data: Buffer, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  data.copy(bytes, 0, 0, Math.min(data.length, size));
  return bytes;
}
