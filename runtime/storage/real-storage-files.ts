/** The files of this machine. Images are judged by their headers; no program is started for a look. */
import { Buffer } from 'node:buffer';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import type { StorageFiles } from './storage-files.ts';

const header_bytes = 512;
const longestBacking_bytes = 1023;
const qcow2Magic = Buffer.from([0x51, 0x46, 0x49, 0xfb]);
const vmdkStarts = ['KDMV', 'COWD', '# Disk DescriptorFile'];

export const realStorageFiles: StorageFiles = {
  resolve: (path) => realpath(path).catch(() => undefined),
  async image(path, format) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return undefined;
    if (format === 'subvol') return found.isDirectory() ? {} : undefined;
    if (!found.isFile()) return undefined;
    return format === 'raw' ? {} : headerOf(path, format);
  },
};

async function headerOf(path: string, format: string): Promise<{ readonly backing?: string } | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const header = await readAt(file, 0, header_bytes);
    if (format === 'vmdk') {
      return vmdkStarts.some((start) => header.toString('latin1').startsWith(start)) ? {} : undefined;
    }
    return format === 'qcow2' ? await qcow2Backing(file, header) : undefined;
  } finally {
    await file.close();
  }
}

/** Header: magic, version (u32), offset of the backing file's name (u64), its length (u32). */
async function qcow2Backing(file: FileHandle, header: Buffer): Promise<{ readonly backing?: string } | undefined> {
  if (header.length < 20 || !header.subarray(0, 4).equals(qcow2Magic)) return undefined;
  const offset = Number(header.readBigUInt64BE(8));
  const length = header.readUInt32BE(16);
  if (offset === 0 || length === 0) return {};
  if (length > longestBacking_bytes) return undefined;
  const name = await readAt(file, offset, length);
  return name.length === length ? { backing: name.toString('latin1') } : undefined;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
